import type { Locator } from "@playwright/test";
import { dismiss, hold, notice, press, row, step } from "../support/moves.ts";
import { expect, test } from "../support/world.ts";

const exercise = {
  incident_type: "violence.armed",
  place_kind: "hospital",
  division_code: "430304005003",
  location: { longitude: 112.964, latitude: 27.875, crs: "WGS84" },
  urgency: "critical",
  exercise: "exercise",
};

async function apart(one: Locator, other: Locator): Promise<boolean> {
  const [a, b] = await Promise.all([one.boundingBox(), other.boundingBox()]);
  if (!a || !b) throw new Error("not both are there");
  return a.y + a.height <= b.y || b.y + b.height <= a.y;
}

test("an exercise takes no real task's screen or place, and its frame covers nothing real", async ({ world }) => {
  const [call, desk, police] = await Promise.all([world.call(), world.desk(), world.unit(world.keys.consoles[0])]);
  const real = await press(call, world.operator);
  await step(police, "acknowledge");
  const played = await world.operator.report(exercise);
  const shown = police.locator("article header .num");
  const drillTab = police.locator("nav button").filter({ hasText: "演练" });
  await expect(drillTab).toBeVisible();
  await expect(shown).not.toContainText(played.number);
  await expect(police.locator(".frame")).toHaveCount(0);
  await expect(row(desk, played)).toBeVisible();
  const order = await desk.locator(".row").evaluateAll((rows) => rows.map((one) => one.id));
  expect(order).toContain(`row-${real.id}`);
  expect(order.indexOf(`row-${real.id}`)).toBeLessThan(order.indexOf(`row-${played.id}`));

  await drillTab.click();
  await expect(shown).toContainText(played.number);
  await expect(police.locator(".frame")).toBeVisible();
  await call.getByRole("button", { name: "暴力伤医" }).click();
  await hold(call);
  await expect(notice(police)).toContainText(`真实警情 ${real.number}`);
  expect(await apart(notice(police), police.locator(".frame"))).toBe(true);
  expect(await apart(police.locator("nav"), police.locator(".frame"))).toBe(true);
  await dismiss(police);
});
