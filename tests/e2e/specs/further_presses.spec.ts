import { expect, test } from "../support/world.ts";
import { countRings, dismiss, hear, hold, notice, openOnDesk, pitches, press, ringing, row, step } from "../support/moves.ts";

test("five presses within twenty seconds are one incident: the desk counts five calls, nobody is sent or rung twice", async ({ world }) => {
  const [call, desk, four] = await Promise.all([world.call(), world.desk(), world.four()]);
  const rings = await Promise.all(four.map(countRings));
  const first = await press(call, world.operator);
  const firstAt = Date.now();
  await Promise.all(four.map((unit) => expect(ringing(unit)).toBeVisible()));
  await step(four[0]!, "acknowledge");

  for (let presses = 2; presses <= 5; presses += 1) {
    await hold(call);
    await expect(call.locator(".card .count")).toContainText(`共呼叫 ${presses} 次`);
    await expect(call.locator(".left .sending")).toHaveText(`✓ 已按 ${presses} 次`);
  }
  expect(Date.now() - firstAt).toBeLessThan(20_000);

  await expect(row(desk, first)).toContainText("呼叫 5 次");
  await openOnDesk(desk, first);
  await expect(desk.locator("main article .facts")).toContainText("呼叫次数5");
  expect(await world.operator.open()).toHaveLength(1);
  const incident = await world.operator.incident(first.id);
  expect(incident.call_count).toBe(5);
  const sent = incident.assignments.map((one) => one.unit.code);
  expect(sent).toHaveLength(new Set(sent).size);
  expect(sent.sort()).toEqual(first.assignments.map((one) => one.unit.code).sort());
  for (const [at, unit] of four.entries()) {
    await expect(unit.locator("article")).toHaveCount(1);
    await expect(unit.locator("article")).toContainText("共呼叫 5 次");
    await expect(notice(unit)).toHaveCount(0);
    expect(await rings[at]!()).toBe(1);
  }
  await expect(four[0]!.locator(".page")).not.toHaveClass(/alarm/);
});

test("a further press that says something worse is told to the desk and to every unit until they dismiss it", async ({ world }) => {
  const [call, desk, four] = await Promise.all([world.call(), world.desk(), world.four()]);
  const toDesk = await hear(desk);
  const incident = await press(call, world.operator);
  await openOnDesk(desk, incident);
  for (const unit of four) await step(unit, "acknowledge");
  await expect(desk.locator(".strip")).toContainText("无待处理告警");

  await call.getByRole("button", { name: "暴力伤医" }).click();
  await hold(call);

  await expect(desk.locator(".strip")).toContainText("再次呼叫，情况有变");
  await expect(desk.locator(".strip")).toContainText("特急");
  await expect(desk.locator(".strip")).toContainText("又报：暴力伤医");
  await expect.poll(toDesk).toContain(pitches.loudest);
  await expect(row(desk, incident)).toContainText("又报：暴力伤医");
  await expect(desk.locator("main article")).toContainText("系统不会因此自动加派");
  for (const unit of four) {
    await expect(notice(unit)).toContainText("再次呼叫，又报：暴力伤医");
    await dismiss(unit);
    await expect(unit.locator("article header")).toContainText("又报：暴力伤医");
  }

  await desk.locator(".strip").getByRole("button", { name: "已处理" }).click();
  await expect(desk.locator(".strip")).toContainText("无待处理告警");
  await desk.reload();
  await expect(row(desk, incident)).toContainText("又报：暴力伤医");
  await expect(desk.locator(".strip")).toContainText("无待处理告警");
});
