import { expect, test } from "../support/world.ts";
import { feedBack, hold, line, mainButton, openOnDesk, row, step } from "../support/moves.ts";

const secret = "一名疑似精神障碍患者在病房砸坏设备";

test("one press rings four consoles, every step is seen everywhere, and the incident closes with the last one", async ({ world }) => {
  const [call, desk, four] = await Promise.all([world.call(), world.desk(), world.four()]);
  const [police, justice, health, community] = four as [typeof call, typeof call, typeof call, typeof call];
  const names = world.keys.consoles.slice(0, 4).map((one) => one.name);

  await hold(call);
  await Promise.all(four.map((unit) => expect(unit.locator(".page.alarm article.ringing")).toBeVisible()));

  const [incident] = await world.operator.open();
  if (!incident) throw new Error("no incident is open");
  expect(await world.operator.open()).toHaveLength(1);
  const acting = incident.assignments.filter((one) => one.role !== "notify");
  expect(acting.map((one) => one.role).sort()).toEqual(["lead", "support", "support", "support"]);

  for (const [at, unit] of four.entries()) {
    await expect(unit.locator("article .role")).toHaveText(at === 0 ? "本单位：主办" : "本单位：协办");
    await expect(unit.locator("article h2")).toContainText("疑似");
    await expect(unit.locator("article .place")).toHaveText("第六人民医院(演示)");
    await expect(unit.locator("article .clock")).toContainText("签收剩余");
  }
  await expect(call.locator(".card h2")).toHaveText("已收到");
  await expect(row(desk, incident)).toContainText("待签收");
  await openOnDesk(desk, incident);
  for (const [at, name] of names.entries()) {
    await expect(line(desk, name)).toContainText(at === 0 ? "主办" : "协办");
    await expect(line(call, name)).toContainText("已送达");
  }
  // By the service's own stamps: a console says "delivered" once the task stands on its screen.
  for (const one of (await world.operator.incident(incident.id)).assignments.filter((one) => one.role !== "notify")) {
    expect(Date.parse(one.delivered_at ?? "") - Date.parse(one.issued_at)).toBeLessThan(2_000);
  }
  await expect(desk.locator("main")).toContainText("命中规则");

  for (const [at, unit] of four.entries()) {
    const name = names[at] ?? "";
    await step(unit, "acknowledge");
    await expect(unit.locator(".page")).not.toHaveClass(/alarm/);
    await expect(line(desk, name)).toContainText("已签收");
    await expect(line(call, name)).toContainText("已签收");
  }
  for (const [at, unit] of four.entries()) {
    const name = names[at] ?? "";
    await expect(unit.locator("article .clock")).toContainText("出警剩余");
    await step(unit, "depart");
    await expect(line(desk, name)).toContainText("赶赴途中");
    await expect(line(call, name)).toContainText("赶赴途中");
    await step(unit, "arrive");
    await expect(line(desk, name)).toContainText("已到达");
    await expect(line(call, name)).toContainText("已到达");
  }

  await feedBack(police, secret);
  await expect(line(desk, names[0] ?? "")).toContainText(secret);
  for (const unit of [justice, community]) await expect(unit.locator("body")).not.toContainText(secret);
  await feedBack(justice, "已到场配合");
  await feedBack(health, "已联系精神专科医院");
  await feedBack(community, "已联系家属");

  for (const [at, unit] of [justice, health, community].entries()) {
    await mainButton(unit, "complete").click();
    await expect(line(desk, names[at + 1] ?? "")).toContainText("已办结");
    if (at < 2) await expect(desk.locator("main article .status")).toHaveText("已处置");
  }
  await expect(desk.locator("main article .status")).toHaveText("已结案");
  await expect(call.locator(".card h2")).toHaveText("本次警情已结束");
  await expect(desk.locator("main article")).toContainText("已处置");
  expect((await world.operator.incident(incident.id)).status).toBe("closed");
  await call.getByRole("button", { name: "返回待命" }).click();
  await expect(call.locator("#press")).toContainText("一键呼叫");
});

test("what is told of the person reaches the lead and the health office, not the community and the justice office", async ({ world }) => {
  const four = await world.four();
  const answer = await world.report({
    incident_type: "psychiatric.disturbance",
    place_id: (await world.operator.get<{ items: { id: string }[] }>("/places?q=第六人民医院")).items[0]?.id,
    description: secret,
    caller: { name: "值班护士", phone: "0731-55500001" },
  });
  await expect(four[0]!.locator("article")).toContainText(secret);
  for (const at of [1, 3]) {
    await expect(four[at]!.locator("article")).toContainText("详情由主办单位掌握");
    await expect(four[at]!.locator("body")).not.toContainText(secret);
    await expect(four[at]!.locator("body")).not.toContainText("值班护士");
  }
  expect(answer.number).not.toBe("");
});
