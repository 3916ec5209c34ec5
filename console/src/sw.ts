/**
 * The service worker of the unit's page: shows what is pushed, brings the page to the front, renews
 * what the browser changes. It answers no request: pages and their files come from the service, always.
 */
import { isWatched, keyBytes, pageOf, readPush, receiptIn, shownFor, subscriptionBody, unitPages, workerLanguage, type WorkerNews } from "./state/push.ts";
import { Http, Unreachable } from "./wire/http.ts";
import { PushApi } from "./wire/push_api.ts";

declare const self: ServiceWorkerGlobalScope;

const pages = (): Promise<readonly WindowClient[]> => self.clients.matchAll({ type: "window", includeUncontrolled: true });
const tell = (page: WindowClient, news: WorkerNews): void => page.postMessage(news);

async function show(text: string | undefined): Promise<void> {
  const watched = isWatched(await pages());
  const { title, options } = shownFor(readPush(text), workerLanguage(self.location.href), watched);
  await self.registration.showNotification(title, options);
  await report(options.data.receipt, "delivered");
}

/** A phone that was just woken may have no network yet. What the service does not take is not said again. */
async function report(receipt: string, state: "delivered" | "seen"): Promise<void> {
  if (!receipt) return;
  const api = new PushApi(new Http());
  for (const seconds of [2, 6, 0]) {
    try {
      await api.receipt(receipt, state);
      return;
    } catch (error) {
      if (!(error instanceof Unreachable) || seconds === 0) return;
      await new Promise((over) => setTimeout(over, seconds * 1000));
    }
  }
}

async function open(url: string): Promise<void> {
  const [page] = unitPages(await pages());
  if (!page) {
    await self.clients.openWindow(url);
    return;
  }
  tell(page, { type: "open", url });
  await page.focus();
}

/** An open page knows who it is; without one the cookie of a log-in may do, and else the next arming. */
async function renew(): Promise<void> {
  const open = unitPages(await pages());
  for (const page of open) tell(page, { type: "renew" });
  if (open.length > 0) return;
  const api = new PushApi(new Http());
  const applicationServerKey = keyBytes(await api.key());
  const made = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await api.subscribe(subscriptionBody(made.toJSON()), crypto.randomUUID());
}

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data?.text())));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const data: unknown = event.notification.data;
  event.waitUntil(Promise.all([open(pageOf((data as { url?: unknown } | null)?.url)), report(receiptIn(data), "seen")]));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew().catch(() => undefined)));
