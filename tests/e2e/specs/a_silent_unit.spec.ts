// Sorts first, so that its minute of real waiting passes beside the other files.
import type { Page } from "@playwright/test";
import { expect, test, type World } from "../support/world.ts";
import type { Incident } from "../support/api.ts";
import { hear, line, openOnDesk, pitches, press, ringing, row, step } from "../support/moves.ts";

test.describe.configure({ timeout: 150_000 });

/** The nearest police station but one: nobody else of its kind answers for the hospital's area. */
const nextStation = "430302005-PCS";

/** Seconds from the start of a unit's task to what the timeline tells of it. */
async function secondsUntil(world: World, incident: Incident, event: string): Promise<number> {
  const lead = incident.assignments.find((one) => one.role === "lead");
  const told = (await world.operator.timeline(incident.id)).find((one) => one.event === event && one.unit?.code === lead?.unit.code);
  if (!lead || !told) throw new Error(`no ${event}`);
  return (Date.parse(told.at) - Date.parse(lead.issued_at)) / 1_000;
}

test("a unit that stays silent is urged, then the next one rings, and the shift leader's desk until it is handled", async ({ world }) => {
  const [call, desk, leader, four] = await Promise.all([world.call(), world.desk(), world.desk("zh-CN", "leader"), world.four()]);
  const [police, ...support] = four as [Page, Page, Page, Page];
  const [toOperator, toLeader] = [await hear(desk), await hear(leader)];
  const next = await world.unit(world.console(nextStation));
  const incident = await press(call, world.operator);
  const name = world.keys.consoles[0]?.name ?? "";
  await openOnDesk(desk, incident);
  for (const unit of support) await step(unit, "acknowledge");

  await expect(police.locator("article .banner")).toContainText("催办：请立即签收", { timeout: 40_000 });
  await expect(line(desk, name)).toContainText("已催办");
  expect(await secondsUntil(world, incident, "assignment.urged")).toBeLessThan(32);
  await expect(ringing(next)).toHaveCount(0);

  await expect(ringing(next)).toBeVisible({ timeout: 40_000 });
  expect(await secondsUntil(world, incident, "assignment.escalated")).toBeLessThan(62);
  await expect(next.locator("article")).toContainText(`增援${name}：未按时签收`);
  await expect(police.locator("article .banner")).toContainText("已加派其他单位");
  await expect(desk.locator(".strip")).toContainText("未签收已升级");
  await expect(line(desk, name)).toContainText("已报值班长");
  await expect(row(desk, incident)).toContainText("超时");
  await expect(leader.locator(".strip")).toContainText(`请值班长关注 № ${Number(incident.number.split("-")[2])}`);
  await expect(leader.locator(".strip")).toContainText(`${name} · 未按时签收，已升级`);
  await expect.poll(toLeader).toContain(pitches.loudest);
  await expect.poll(toOperator).toContain(pitches.late);
  expect(await toOperator()).not.toContain(pitches.loudest);

  await step(police, "acknowledge");
  await expect(desk.locator(".strip")).toContainText("无待处理告警");
  await leader.reload();
  await expect(leader.locator(".strip")).toContainText("请值班长关注");
  await leader.locator(".strip").getByRole("button", { name: "已处理" }).click();
  await expect(leader.locator(".strip")).not.toContainText("请值班长关注");
});
