import { createECDH, randomBytes } from "node:crypto";
import type { CDPSession, Page } from "@playwright/test";
import { expect, test } from "../support/world.ts";

/** The browser of the tests reaches no push service and grants nothing: it is given a subscription as one would. */
async function subscribeAs(unit: Page, endpoint: string): Promise<void> {
  const ecdh = createECDH("prime256v1");
  const keys = { p256dh: ecdh.generateKeys("base64url"), auth: randomBytes(16).toString("base64url") };
  await unit.evaluate(
    ({ endpoint, keys }) => {
      Object.defineProperty(Notification, "permission", { get: () => "granted", configurable: true });
      PushManager.prototype.subscribe = async () => ({ toJSON: () => ({ endpoint, keys }) }) as unknown as PushSubscription;
    },
    { endpoint, keys },
  );
}

/** Hands a message to the page's service worker, as the browser does with what its push service brings. */
async function deliver(cdp: CDPSession, origin: string, data: string): Promise<void> {
  const registered = new Promise<string>((resolve) => {
    cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      if (registrations[0]) resolve(registrations[0].registrationId);
    });
  });
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.deliverPushMessage", { origin, registrationId: await registered, data });
}

test("duty that begins subscribes the browser; a push shows what to do and nothing about anybody", async ({ world }) => {
  const unit = await world.unit(world.keys.consoles[0]);
  await subscribeAs(unit, "https://push.invalid/e2e");
  await unit.getByRole("button", { name: "开始值守" }).click();
  await expect(unit.getByText("推送 ✓")).toBeVisible();
  const stored = await world.server.ask("SELECT unit_id::text FROM push_subscription WHERE endpoint = 'https://push.invalid/e2e'");
  expect(stored).toEqual([{ unit_id: world.keys.consoles[0]?.unit_id }]);
  await unit.getByRole("button", { name: "测试推送" }).click();
  await expect(unit.getByText(/推送服务没有应答/)).toBeVisible({ timeout: 20_000 });

  const tag = "0198c0de-0000-7000-8000-000000000001";
  const [worker] = unit.context().serviceWorkers();
  await worker?.evaluate(() => {
    const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration };
    const shown: unknown[] = [];
    Object.assign(globalThis, { shown });
    registration.showNotification = async (title, options) => void shown.push([title, options]);
  });
  const cdp = await unit.context().newCDPSession(unit);
  const told = { title: "新任务", text: "请打开控制台", urgency: "critical", tag, url: `/unit#assignment=${tag}` };
  await deliver(cdp, world.server.base, JSON.stringify(told));
  const shown = () => worker?.evaluate(() => (globalThis as unknown as { shown: unknown[] }).shown);
  await expect.poll(shown).toEqual([["新任务", expect.objectContaining({ body: "请打开控制台", tag, data: { url: told.url, receipt: "" } })]]);
});

test("a browser that reaches no push service says so and is asked again on request", async ({ world }) => {
  const unit = await world.unit(world.keys.consoles[0]);
  await unit.evaluate(() => {
    Object.defineProperty(Notification, "permission", { get: () => "granted", configurable: true });
    PushManager.prototype.subscribe = () => Promise.reject(new DOMException("push service error", "AbortError"));
  });
  await unit.getByRole("button", { name: "开始值守" }).click();
  await expect(unit.getByText("推送不可用：浏览器的推送服务连不上")).toBeVisible();
  await subscribeAs(unit, "https://push.invalid/later");
  await unit.getByRole("button", { name: "重试推送" }).click();
  await expect(unit.getByText("推送 ✓")).toBeVisible();
});
