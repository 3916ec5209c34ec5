import { expect, test } from "../support/world.ts";
import { openOnDesk } from "../support/moves.ts";

const where = { division_code: "430304005" };

test("domestic violence: nobody is sent before the police by accident, and the desk decides otherwise in two clicks", async ({ world }) => {
  const incident = await world.report({ incident_type: "domestic_violence", ...where });
  const kinds = async () => (await world.operator.incident(incident.id)).stages.map((one) => one.unit_kind);
  const sent = async () => (await world.operator.incident(incident.id)).assignments.map((one) => one.unit.kind);
  const desk = await world.desk();
  await openOnDesk(desk, incident);
  const held = desk.locator("main section", { has: desk.getByRole("heading", { name: "待命" }) }).locator("li");
  const row = (kind: string) => held.filter({ hasText: kind });

  await expect(held).toHaveCount(4);
  await expect(row("社区居委会")).toContainText("主办单位到场后派出");
  await expect(row("妇联")).toContainText("主办单位反馈后派出");
  await expect(row("120")).toContainText("报告“有人受伤”后派出");
  expect(await sent()).toEqual(["police_station"]);

  await row("妇联").getByRole("button", { name: "立即派出" }).click();
  await desk.locator("dialog footer").getByRole("button", { name: "立即派出" }).click();
  await expect(held).toHaveCount(3);
  expect(await sent()).toContain("womens_federation");

  await row("司法所").getByRole("button", { name: "不需要" }).click();
  await desk.locator("#act-text").fill("双方已由律师代理");
  await desk.locator("dialog footer").getByRole("button", { name: "不需要" }).click();
  await expect(held).toHaveCount(2);

  await desk.keyboard.press("p");
  await desk.locator("dialog").getByLabel("有人受伤").check();
  await expect(desk.locator("dialog [role=status]")).toContainText("将立即派出：120");
  await desk.locator("#act-text").fill("回访得知有人受伤");
  await desk.locator("dialog footer .primary").click();
  await expect(held).toHaveCount(1);
  expect(await sent()).toContain("ems_120");
  expect(await kinds()).toEqual(["community_committee"]);
});

test("a unit that the rules forbid: the desk reads which and why, and sends it only with a reason of its own", async ({ world }) => {
  const incident = await world.report({ incident_type: "domestic_violence", ...where });
  const desk = await world.desk();
  await openOnDesk(desk, incident);
  await desk.keyboard.press("d");
  await desk.locator("#unit-search").fill("430304-VOL");
  const dialog = desk.locator("dialog");
  await dialog.locator("li", { hasText: "430304-VOL" }).first().getByRole("button", { name: "加入" }).click();
  await expect(dialog).toContainText("规则不允许");
  // News of the incident meanwhile must not wipe out what was chosen.
  await world.operator.post(`/incidents/${incident.id}/note`, { text: "已回访" });
  await expect(desk.locator("main article .id")).toContainText("版本 2");
  await dialog.locator("footer .primary").click();

  await expect(dialog.getByRole("alert")).toContainText("规则的理由：保护求助人隐私");
  await expect(dialog.getByRole("button", { name: "仍然派出" })).toBeDisabled();
  await desk.locator("#dispatch-reason").fill("求助人指名要求");
  await dialog.getByRole("button", { name: "仍然派出" }).click();
  await expect(dialog).toHaveCount(0);
  expect((await world.operator.incident(incident.id)).assignments.map((one) => one.unit.kind)).toContain("volunteer_team");
  await expect(desk.locator("main")).toContainText("规则不允许，由人决定派出 · 求助人指名要求");
});
