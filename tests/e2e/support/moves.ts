/** What people do at the pages. */
import { type Locator, type Page, expect } from "@playwright/test";
import type { Incident, Operator } from "./api.ts";

/** Holds the big button for as long as it asks for, and a little. */
export async function hold(call: Page): Promise<void> {
  await expect(call.locator(".page h1")).not.toHaveText(/…/);
  await call.locator("#press").scrollIntoViewIfNeeded();
  const box = await call.locator("#press").boundingBox();
  if (!box) throw new Error("the button is not there");
  await call.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await call.mouse.down();
  await call.waitForTimeout(1_300);
  await call.mouse.up();
}

/** Presses, waits until the page says that the call was received, and gives the incident. */
export async function press(call: Page, operator: Operator): Promise<Incident> {
  await hold(call);
  await expect(call.locator(".card .tick")).toBeVisible();
  const [incident] = await operator.open();
  if (!incident) throw new Error("no incident is open");
  return incident;
}

/** The unit's main button, which changes with every step; `verb` makes sure that it is the one meant. */
export const mainButton = (unit: Page, verb: string): Locator => unit.locator(`#primary.${verb}`);

export async function step(unit: Page, verb: "acknowledge" | "confirm" | "depart" | "arrive" | "complete"): Promise<void> {
  await mainButton(unit, verb).click();
  await expect(mainButton(unit, verb)).toHaveCount(0);
}

export async function feedBack(unit: Page, text: string, outcome = "handled"): Promise<void> {
  await mainButton(unit, "feedback").click();
  await unit.locator(`dialog input[value=${outcome}]`).check({ force: true });
  await unit.locator("#feedback-text").fill(text);
  await unit.locator("dialog footer .primary").click();
  await expect(mainButton(unit, "complete")).toBeVisible();
}

/** The whole way of a unit, from the ringing to the end. */
export async function workThrough(unit: Page, text: string): Promise<void> {
  await step(unit, "acknowledge");
  await step(unit, "depart");
  await step(unit, "arrive");
  await feedBack(unit, text);
  await mainButton(unit, "complete").click();
}

export const row = (desk: Page, incident: Pick<Incident, "id">): Locator => desk.locator(`#row-${incident.id}`);

export async function openOnDesk(desk: Page, incident: Pick<Incident, "id" | "number">): Promise<void> {
  await row(desk, incident).click();
  // The queue stands still under the pointer; it must take up what arrives later.
  await desk.locator(".tiles").hover();
  await expect(desk.locator("main article .id")).toContainText(incident.number);
}

/** A unit's line in the desk's detail or on the call page. */
export const line = (page: Page, name: string): Locator =>
  page.locator("main article .row, main .card li", { has: page.getByText(name, { exact: true }) }).first();

/** What the desk's ledger says of a unit: which ways were tried, and what became of each. */
export const ledger = (desk: Page, name: string): Locator =>
  desk
    .locator("main section", { has: desk.getByRole("heading", { name: "谁已收到" }) })
    .locator("ul > li", { has: desk.getByText(name, { exact: true }) });

export const ringing = (unit: Page): Locator => unit.locator(".page.alarm article.ringing");

/** What has been taken from a unit, or said to it, until somebody dismisses it. */
export const notice = (unit: Page): Locator => unit.locator("[role=alert] .notice");

export async function dismiss(unit: Page): Promise<void> {
  await notice(unit).getByRole("button", { name: "知道了" }).click();
  await expect(notice(unit)).toHaveCount(0);
}

/** Overtones included, each of these belongs to one sound only: S1, the loudest of a desk, and S4, a unit is late. */
export const pitches = { loudest: 2640, late: 740 };

/** Starts the duty, as people do, so that the page may sound; gives the pitches that it plays from then on. */
export async function hear(page: Page): Promise<() => Promise<Set<number>>> {
  await page.evaluate(() => {
    const heard: number[] = [];
    Object.assign(globalThis, { heard });
    const play = AudioParam.prototype.setValueAtTime;
    AudioParam.prototype.setValueAtTime = function (hz, at) {
      heard.push(hz);
      return play.call(this, hz, at);
    };
  });
  await page.getByRole("button", { name: /开始值守|开启声音/ }).click();
  await expect(page.getByText(/值守中|静音 30 秒/).first()).toBeVisible();
  return async () => new Set(await page.evaluate(() => (globalThis as unknown as { heard: number[] }).heard));
}

/** Counts how often a unit's page begins to ring from now on. */
export async function countRings(unit: Page): Promise<() => Promise<number>> {
  await unit.evaluate(() => {
    const page = document.querySelector(".page");
    if (!page) throw new Error("no page");
    const state = { rings: 0, ringing: page.classList.contains("alarm") };
    Object.assign(globalThis, { state });
    new MutationObserver(() => {
      const now = page.classList.contains("alarm");
      if (now && !state.ringing) state.rings += 1;
      state.ringing = now;
    }).observe(page, { attributes: true, attributeFilter: ["class"] });
  });
  return () => unit.evaluate(() => (globalThis as unknown as { state: { rings: number } }).state.rings);
}

/** Types into a field that offers what it knows, and takes the first of it. */
export async function choose(page: Page, field: string, words: string): Promise<void> {
  await page.locator(`#${field}`).pressSequentially(words);
  await expect(page.locator(`#${field}-list [role=option]`).first()).toContainText(words);
  await page.locator(`#${field}`).press("Enter");
}
