import { expect, test } from "../support/world.ts";

test("an alarm of the auditor stands on top of every desk, says what to do and where, and outlives a note taken of it", async ({ world }) => {
  const [desk, other] = await Promise.all([world.desk(), world.desk("en", "leader")]);
  const incident = await world.report({ incident_type: "violence.fight", division_code: "430304005" });
  const lost = incident.assignments[0]?.id ?? "";
  const [timer] = await world.server.ask("SELECT row_to_json(t)::text AS kept FROM timer t WHERE subject_id = $1::text::uuid", lost);
  await world.server.ask("WITH gone AS (DELETE FROM timer WHERE subject_id = $1::text::uuid RETURNING 1) SELECT count(*) FROM gone", lost);

  await expect(desk.locator(".strip")).toContainText(/系统自查告警.*没有计时器.*请人工盯办/, { timeout: 20_000 });
  await expect(other.locator(".strip")).toContainText(/The system's own check.*without a timer/);
  await desk.keyboard.press("F9");
  await expect(desk.locator(".strip")).not.toContainText("没有计时器");
  await desk.getByRole("button", { name: /自查告警/ }).press("Enter");
  const dialog = desk.getByRole("dialog");
  await expect(dialog).toContainText(/现在要做.*请自己盯住在办单位.*通知系统管理员/);
  await dialog.getByRole("button", { name: `№ ${Number(incident.number.split("-")[2])}` }).click();
  await expect(desk.locator("main article .id")).toContainText(incident.number);

  await world.server.ask(
    "WITH back AS (INSERT INTO timer SELECT * FROM json_populate_record(NULL::timer, $1::text::json) RETURNING 1) SELECT count(*) FROM back",
    String(timer?.["kept"]),
  );
  await expect(desk.getByRole("button", { name: /自查告警/ })).toHaveCount(0, { timeout: 20_000 });
});
