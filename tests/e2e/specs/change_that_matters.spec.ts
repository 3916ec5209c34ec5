import type { Page } from "@playwright/test";
import type { Incident } from "../support/api.ts";
import { countRings, ledger, line, mainButton, openOnDesk, press, ringing, step } from "../support/moves.ts";
import { expect, test, type World } from "../support/world.ts";

interface Begun {
  desk: Page;
  police: Page;
  incident: Incident;
  name: string;
}

/** A press that the police, the only ones with an open console, have acknowledged. */
async function begin(world: World): Promise<Begun> {
  const [call, desk, police] = await Promise.all([world.call(), world.desk(), world.unit(world.keys.consoles[0])]);
  const incident = await press(call, world.operator);
  await step(police, "acknowledge");
  await openOnDesk(desk, incident);
  return { desk, police, incident, name: world.keys.consoles[0]?.name ?? "" };
}

async function owed(world: World, incident: Incident): Promise<number> {
  const lead = (await world.operator.incident(incident.id)).assignments.find((one) => one.role === "lead");
  return (lead?.min_ack_revision ?? 0) - (lead?.acknowledged_revision ?? 0);
}

test("a weapon: the unit rings again, reads what has changed and confirms it, and the desk sees who has not", async ({ world }) => {
  const { desk, police, incident, name } = await begin(world);
  await step(police, "depart");
  const rings = await countRings(police);
  await desk.keyboard.press("p");
  await desk.locator("dialog").getByLabel("有凶器").check();
  await expect(desk.locator("dialog")).toContainText("各单位将再次响铃");
  await desk.locator("#act-text").fill("回访得知持刀");
  await desk.locator("dialog footer .primary").click();

  await expect(ringing(police)).toBeVisible();
  expect(await rings()).toBe(1);
  await expect(police.locator("article header")).toContainText("情况有变");
  await expect(police.locator("article .change")).toContainText("新情况：有凶器");
  await expect(mainButton(police, "confirm")).toHaveText("确认情况变化");
  await expect(line(desk, name)).toContainText("未确认变化（第 1 次）");
  await expect(ledger(desk, name)).toContainText("变化未确认");
  expect(await owed(world, incident)).toBe(1);

  // Opened anew, the page still rings and still knows what has changed.
  await police.reload();
  await expect(ringing(police)).toBeVisible();
  await expect(police.locator("article .change")).toContainText("新情况：有凶器");
  await police.keyboard.press("a");
  await expect(ringing(police)).toHaveCount(0);
  await expect(mainButton(police, "arrive")).toBeVisible();
  await expect(line(desk, name)).not.toContainText("未确认变化");
  await expect(desk.locator("main ol")).toContainText(["已确认情况变化"]);
  expect(await owed(world, incident)).toBe(0);
});

test("a unit that has scrolled down reads what has changed before it can confirm it", async ({ world }) => {
  const { police, incident } = await begin(world);
  await police.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  expect(await police.evaluate(() => scrollY)).toBeGreaterThan(0);
  await world.operator.post(`/incidents/${incident.id}/raise`, { tags: ["weapon"], reason: "回访得知持刀" });
  await expect(mainButton(police, "confirm")).toBeInViewport();
  await expect(police.locator(".foot li")).toHaveText("⚠ 新情况：有凶器");
  await expect(police.locator(".foot li")).toBeInViewport({ ratio: 1 });
  await expect(police.locator("article .change")).toBeInViewport();
  await police.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect(police.locator(".foot li")).toBeInViewport({ ratio: 1 });
  await step(police, "confirm");
  await expect(police.locator(".foot li")).toHaveCount(0);
});

test("another address: the desk reads who is alarmed again, and a unit without network confirms what it has seen", async ({ world }) => {
  const { desk, police, incident, name } = await begin(world);
  await desk.keyboard.press("l");
  const dialog = desk.locator("dialog");
  await expect(dialog).toContainText(new RegExp(`将再次响铃并须确认：.*${name}`));
  await expect(dialog.locator("footer .primary")).toBeDisabled();
  await dialog.locator("#relocate-address").fill("演示路8号后门");
  await dialog.locator("#relocate-reason").fill("报警人改口");
  await dialog.locator("footer .primary").click();
  await expect(dialog).toHaveCount(0);
  await expect(desk.locator("main")).toContainText("更正为：演示路8号后门");

  await expect(police.locator("article .change")).toContainText("地点更正为：演示路8号后门");
  await expect(police.locator("article .place")).toContainText("演示路8号后门");
  await police.context().setOffline(true);
  await step(police, "confirm");
  await expect(ringing(police)).toHaveCount(0);
  await expect(line(desk, name)).toContainText("未确认变化");
  await police.context().setOffline(false);
  await expect(line(desk, name)).not.toContainText("未确认变化", { timeout: 30_000 });
  expect(await owed(world, incident)).toBe(0);
});

test("who has it: a unit at its console has seen it, one without was told another way at once, and nobody is counted twice", async ({ world }) => {
  const { desk, name } = await begin(world);
  const health = world.keys.consoles[2]?.name ?? "";
  await expect(ledger(desk, name)).toContainText(/已签收.*控制台.*已看到/);
  await expect(ledger(desk, health)).toContainText(/已发出，无回执.*控制台.*未显示.*演示通知文件.*已发出.*控制台不在线/);
  await expect(ledger(desk, health).getByRole("link")).toHaveAttribute("href", /^tel:/);
  await expect(desk.getByRole("heading", { name: "处置单位" })).toContainText(/已发出，无回执 \d.*已签收 1/);
  // Its console is opened after all.
  const page = await world.unit(world.keys.consoles[2]);
  await expect(ringing(page)).toBeVisible();
  await expect(ledger(desk, health)).toContainText(/已看到.*控制台.*已看到/);
});
