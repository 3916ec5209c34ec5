/**
 * Web push: what a message becomes on a screen, where a touch on it leads, and why push may not work
 * here. Shared by the unit's page and the service worker, which has neither page nor storage.
 */
import type { Language } from "./format.ts";

export interface PushMessage {
  title: string;
  text: string;
  urgency: string;
  /** The assignment: a later message replaces the earlier one on the screen. */
  tag: string;
  url: string;
  /** Proves to the service that this browser has the message; empty where nobody waits for a proof. */
  receipt: string;
}

/** `NotificationOptions` with what browsers know and TypeScript does not. */
export interface Shown {
  title: string;
  options: {
    body: string;
    tag: string;
    data: { url: string; receipt: string };
    requireInteraction: boolean;
    renotify: boolean;
    silent?: boolean;
    vibrate?: number[];
  };
}

const unitPage = "/unit";
const target = /^\/unit(?:#assignment=([0-9a-f-]{36}))?$/i;
const most = 300;

/** A message as the service sends it; null for anything else. */
export function readPush(text: string | null | undefined): PushMessage | null {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "");
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const part = (name: keyof PushMessage): string => {
    const value = (found as Record<string, unknown>)[name];
    return typeof value === "string" ? value.slice(0, most) : "";
  };
  const message = { title: part("title"), text: part("text"), urgency: part("urgency"), tag: part("tag"), url: part("url"), receipt: part("receipt") };
  return message.title && message.text ? message : null;
}

const neutral: Readonly<Record<Language, readonly [title: string, text: string]>> = {
  "zh-CN": ["有新消息", "请打开处置单位控制台"],
  en: ["News for your unit", "Please open the responder console"],
};

/**
 * Every push must show something, or the browser takes the permission away. A page that somebody is
 * looking at rings by itself: there the notification comes without noise.
 */
export function shownFor(message: PushMessage | null, language: Language, watched: boolean): Shown {
  const [title, body] = message ? [message.title, message.text] : neutral[language];
  const grave = message === null || message.urgency === "critical" || message.urgency === "urgent";
  const shared = { body, tag: message?.tag || "news", data: { url: pageOf(message?.url), receipt: message?.receipt ?? "" } };
  return watched
    ? { title, options: { ...shared, requireInteraction: false, renotify: false, silent: true } }
    : { title, options: { ...shared, requireInteraction: grave, renotify: true, vibrate: grave ? [400, 150, 400, 150, 800] : [200] } };
}

/** Where a touch leads: the unit's page and nowhere else, whatever the message says. */
export function pageOf(url: unknown): string {
  return typeof url === "string" && target.test(url) ? url : unitPage;
}

/** The assignment that an address asks for. */
export function assignmentIn(url: string): string | null {
  return target.exec(url)?.[1]?.toLowerCase() ?? null;
}

/** The proof that a notification carries; empty where it has none. */
export function receiptIn(data: unknown): string {
  const found = typeof data === "object" && data !== null && "receipt" in data ? data.receipt : "";
  return typeof found === "string" ? found : "";
}

export interface OpenPage {
  readonly url: string;
  readonly focused: boolean;
  readonly visibilityState: string;
}

const isUnitPage = (page: OpenPage): boolean => new URL(page.url).pathname === unitPage;

/** Unit pages, the one to bring to the front first. */
export function unitPages<P extends OpenPage>(pages: readonly P[]): P[] {
  const rank = (page: OpenPage): number => (page.focused ? 0 : page.visibilityState === "visible" ? 1 : 2);
  return pages.filter(isUnitPage).sort((a, b) => rank(a) - rank(b));
}

export function isWatched(pages: readonly OpenPage[]): boolean {
  return unitPages(pages)[0]?.focused === true;
}

/** A service worker has no storage that the page could write its language to: its address carries it. */
export function workerAddress(language: Language): string {
  return `/sw.js?language=${language}`;
}

export function workerLanguage(address: string): Language {
  return new URL(address).searchParams.get("language") === "en" ? "en" : "zh-CN";
}

/** `off` is not asked for yet; `on` means that the service has the subscription. */
export type PushState = "off" | "asking" | "on" | Hindrance | "switched_off" | "refused" | "unreachable" | "failed";
export type Hindrance = "insecure" | "home_screen" | "unsupported" | "denied" | "not_asked";

export interface Surroundings {
  secure: boolean;
  /** Whether service workers and push are there at all. */
  able: boolean;
  /** On an iPhone or iPad push works only in an app on the home screen. */
  apple: boolean;
  permission: string | null;
}

export function hindranceOf(around: Surroundings): Hindrance | null {
  if (!around.secure) return "insecure";
  if (!around.able) return around.apple ? "home_screen" : "unsupported";
  if (around.permission === "denied") return "denied";
  return around.permission === "granted" ? null : "not_asked";
}

/** What the service's refusal or silence, or the browser's own failure means. */
export function failureOf(code: string | null, answered: boolean): PushState {
  if (code === "not_installed") return "switched_off";
  if (code !== null) return "refused";
  return answered ? "failed" : "unreachable";
}

/** What may work the next time, without anybody setting something else. */
export function mayRetry(state: PushState): boolean {
  return state === "unreachable" || state === "failed" || state === "refused" || state === "not_asked";
}

export function keyBytes(text: string): Uint8Array<ArrayBuffer> {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(standard), (letter) => letter.charCodeAt(0));
}

/** A subscription that was made with another key of the service is worthless. */
export function isSameKey(used: ArrayBuffer | null | undefined, wanted: Uint8Array): boolean {
  if (!used || used.byteLength !== wanted.length) return false;
  return new Uint8Array(used).every((byte, at) => byte === wanted[at]);
}

export interface SubscriptionBody {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

/** Of what the browser gives: what the service takes. */
export function subscriptionBody(given: { endpoint?: string; keys?: Record<string, string> }): SubscriptionBody {
  return { endpoint: given.endpoint ?? "", keys: { p256dh: given.keys?.["p256dh"] ?? "", auth: given.keys?.["auth"] ?? "" } };
}

/** What the service worker tells an open page. */
export type WorkerNews = { type: "open"; url: string } | { type: "renew" };

export function readNews(given: unknown): WorkerNews | null {
  if (typeof given !== "object" || given === null || !("type" in given)) return null;
  if (given.type === "renew") return { type: "renew" };
  return given.type === "open" && "url" in given ? { type: "open", url: pageOf(given.url) } : null;
}
