import type { Page } from "@playwright/test";
import type { Incident } from "../support/api.ts";
import { choose } from "../support/moves.ts";
import { expect, test } from "../support/world.ts";

const hour = 3_600_000;
/** Day and time in the city, so many hours ago. */
function local(hoursAgo: number): [day: string, time: string] {
  const [day = "", time = ""] = new Date(Date.now() + 8 * hour - hoursAgo * hour).toISOString().slice(0, 16).split("T");
  return [day, time];
}

async function moment(desk: Page, field: string, hoursAgo: number): Promise<void> {
  const [day, time] = local(hoursAgo);
  await desk.locator(`#paper-${field}`).fill(day);
  await desk.locator(`#paper-${field}-time`).fill(time.replace(":", ""));
}

async function fill(desk: Page, number: string): Promise<void> {
  await desk.locator("#paper-number").fill(number);
  await moment(desk, "occurred", 3);
  await choose(desk, "paper-type", "打架");
  await choose(desk, "paper-division", "下摄司");
  await desk.locator("#paper-description").fill("停机期间电话报警");
  await choose(desk, "paper-unit-0", "下摄司派出所");
  await desk.locator("#paper-issued_at-0").fill(local(3)[1]);
  await desk.locator("#paper-on_scene_at-0").fill(local(2.5)[1]);
  await desk.locator("#paper-outcome-0").selectOption("handled");
  await desk.getByLabel("已经结束").check();
  await moment(desk, "ended", 2);
}

const number = (): string => `P-${Date.now()}-001`;

test("a record from paper is refused where it cannot be true, loses nothing, and is marked wherever it is shown", async ({ world }) => {
  const desk = await world.desk();
  const paper = number();
  await desk.keyboard.press("F8");
  await desk.keyboard.press("Enter");
  await fill(desk, paper);
  await desk.locator("#paper-acknowledged_at-0").fill(local(3.2)[1]);
  await desk.keyboard.press("Control+Enter");
  const dialog = desk.getByRole("dialog");
  await expect(desk.locator("#paper-acknowledged_at-0")).toBeFocused();
  await expect(dialog).toContainText("早于上一步");

  await desk.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await desk.keyboard.press("F8");
  await expect(dialog).toContainText("有未提交的草稿");
  await desk.keyboard.press("Enter");
  await expect(desk.locator("#paper-number")).toHaveValue(paper);
  await desk.locator("#paper-acknowledged_at-0").fill("");

  await desk.route("**/back-entries", (route) => route.abort());
  await desk.keyboard.press("Control+Enter");
  await expect(dialog).toContainText(/服务器没有应答.*填写内容均已保留.*同一份不会录入两次/);
  await desk.unroute("**/back-entries");
  await desk.keyboard.press("Control+Enter");
  await expect(dialog).toContainText("已录入");
  await desk.getByRole("button", { name: "打开该警情" }).click();

  const article = desk.locator("main article");
  await expect(article).toContainText("✎ 纸质补录");
  await expect(article).toContainText(`纸面编号 ${paper}`);
  await expect(article.locator("ol li", { hasText: "警情开立" })).toContainText(/纸质补录 · .*补录/);
  await desk.getByRole("button", { name: "已结束" }).click();
  // Other tests of the same city may have left fights of their own.
  await expect(desk.locator(".row", { hasText: "打架" }).filter({ hasText: "✎ 纸质补录" })).not.toHaveCount(0);
  await expect(desk.locator(".strip")).not.toContainText("打架");
});

test("a paper number that is taken says which incident has it, and leads there", async ({ world }) => {
  const paper = number();
  const { incident } = await world.operator.post<{ incident: Incident }>("/incidents/back-entries", {
    ...{ paper_number: paper, incident_type: "violence.fight", division_code: "430304005" },
    ...{ occurred_at: new Date(Date.now() - 5 * hour).toISOString(), ended_at: new Date(Date.now() - 4 * hour).toISOString() },
  });
  const desk = await world.desk();
  await desk.keyboard.press("F8");
  await desk.keyboard.press("Enter");
  await fill(desk, paper);
  await desk.keyboard.press("Control+Enter");
  const dialog = desk.getByRole("dialog");
  await expect(dialog).toContainText("此编号已经录入过");
  await expect(desk.locator("#paper-description")).toHaveValue("停机期间电话报警");
  await dialog.getByRole("button", { name: /查看已录入的/ }).click();
  await expect(desk.locator("main article .id")).toContainText(incident.number);
});
