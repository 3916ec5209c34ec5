import { expect, test } from "../support/world.ts";
import { dismiss, line, notice, openOnDesk, press, ringing, step } from "../support/moves.ts";

test("a press by mistake is taken back: every console is recalled, the desk closes it as a false alarm, the device counts it", async ({ world }) => {
  const [call, desk, four] = await Promise.all([world.call(), world.desk(), world.four()]);
  const [police] = four;
  if (!police) throw new Error("no console");
  const count = async () => {
    const [state] = await world.server.ask("SELECT false_alarm_count AS n FROM device_state WHERE device_id = $1::text::uuid", world.keys.device.id);
    return Number(state?.["n"] ?? 0);
  };
  const before = await count();
  const incident = await press(call, world.operator);
  await Promise.all(four.map((unit) => expect(ringing(unit)).toBeVisible()));
  await openOnDesk(desk, incident);
  await step(police, "acknowledge");
  await step(police, "depart");

  await call.getByRole("button", { name: "误报 · 撤销" }).click();
  await call.getByRole("button", { name: "是，误报" }).click();

  for (const unit of four) {
    await expect(notice(unit)).toContainText("已撤派：误报 — 请停止前往");
    await expect(unit.locator(".page")).not.toHaveClass(/alarm/);
    await expect(unit.locator("article")).toHaveCount(0);
  }
  await expect(call.locator(".card h2")).toHaveText("已登记为误报");
  await expect(desk.locator("main article .status")).toHaveText("误报");
  await expect(desk.locator(".queue")).toContainText(/最近结束：№ \d+ 误报/);
  for (const one of world.keys.consoles.slice(0, 4)) await expect(line(desk, one.name)).toContainText("已撤派");

  // A recall is not over before somebody has read it.
  for (const unit of four) {
    await expect(notice(unit)).toBeVisible();
    await dismiss(unit);
    await expect(unit.locator("main")).toContainText("当前无任务");
  }
  expect(await world.operator.incident(incident.id)).toMatchObject({ status: "closed", disposition: "false_alarm" });
  expect((await world.operator.timeline(incident.id)).map((one) => one.event)).toContain("incident.closed");
  expect(await count()).toBe(before + 1);

  await call.getByRole("button", { name: "返回待命" }).click();
  const again = await press(call, world.operator);
  expect(again.id).not.toBe(incident.id);
});
