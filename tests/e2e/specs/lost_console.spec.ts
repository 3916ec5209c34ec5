import { expect, test } from "../support/world.ts";
import { countRings, ledger, line, openOnDesk, press, ringing } from "../support/moves.ts";

test.describe.configure({ timeout: 120_000 });

test("a console without network is paged within fifteen seconds; back again it has the task once and rings", async ({ world }) => {
  const [call, desk, community] = await Promise.all([world.call(), world.desk(), world.unit(world.console("430304005003-COM"))]);
  const rings = await countRings(community);
  const before = world.server.pages.length;
  const [unit] = await world.server.ask("SELECT name, phone FROM unit WHERE code = '430304005003-COM'");
  const name = String(unit?.["name"]);
  await community.context().setOffline(true);
  const incident = await press(call, world.operator);
  await openOnDesk(desk, incident);
  await expect(line(desk, name)).toContainText("已下达");
  await expect(ledger(desk, name)).toContainText(/演示通知文件.*已发出/, { timeout: 20_000 });
  await expect(community.locator("main")).toContainText("连接中断，不知有无新任务", { timeout: 20_000 });
  await expect(community.locator("article")).toHaveCount(0);

  const told = await world.operator.incident(incident.id);
  const own = told.assignments.filter((one) => one.unit.name === name);
  const tries = told.deliveries.filter((one) => one.assignment_id === own[0]?.id && one.channel !== "console");
  expect(tries).toHaveLength(1);
  expect(Date.parse(tries[0]?.queued_at ?? "") - Date.parse(own[0]?.issued_at ?? "")).toBeLessThan(16_000);
  const pages = world.server.pages.slice(before).filter((one) => one.to === unit?.["phone"]);
  expect(pages.map((one) => one.text)).toEqual([expect.stringContaining(incident.number)]);
  expect(pages[0]?.text).not.toContain("疑似");

  await community.context().setOffline(false);
  await expect(ringing(community)).toBeVisible({ timeout: 20_000 });
  await expect(community.locator("article")).toHaveCount(1);
  await expect(community.getByRole("navigation")).toHaveCount(0);
  await expect(line(desk, name)).toContainText("已送达");
  expect(await rings()).toBe(1);

  // The same page opened anew, as after a restart of its computer.
  await community.reload();
  await expect(ringing(community)).toBeVisible({ timeout: 20_000 });
  await expect(community.locator("article")).toHaveCount(1);
  const after = await world.operator.incident(incident.id);
  expect(after.assignments.filter((one) => one.unit.name === name)).toHaveLength(1);
});
