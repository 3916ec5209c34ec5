import { Operator } from "../support/api.ts";
import { choose } from "../support/moves.ts";
import { expect, test, type World } from "../support/world.ts";

async function endAll(world: World): Promise<void> {
  const leader = await Operator.logIn(world.server.base, "leader");
  const { standing, coming } = await leader.get<{ standing: { id: string }[]; coming: { id: string }[] }>("/drills");
  for (const { id } of [...standing, ...coming]) await leader.post(`/drills/${id}/end`, {});
  await leader.dispose();
}

test.afterEach(({ world }) => endAll(world));

test("a drill is announced by keyboard, stands on every desk until it is ended, and nobody takes its exercise for real", async ({ world }) => {
  const [leader, other] = await Promise.all([world.desk("zh-CN", "leader"), world.desk()]);
  await leader.keyboard.press("F8");
  await leader.getByRole("button", { name: "宣布、查看、结束演练" }).press("Enter");
  await leader.getByRole("button", { name: "宣布演练" }).press("Enter");
  await expect(leader.getByRole("dialog")).toContainText("请填：演练内容 · 区域（含下级）");
  await leader.locator("#drill-name").fill("医院伤医处置演练");
  await choose(leader, "drill-division", "下摄司");
  await leader.getByRole("button", { name: "宣布演练" }).press("Enter");
  await expect(leader.getByRole("dialog")).toContainText("演练已宣布：医院伤医处置演练");

  const banner = other.getByRole("region", { name: "正在进行的演练" });
  await expect(banner).toContainText(/演练进行中.*医院伤医处置演练.*下摄司街道.*真实警情照常处置/);
  const late = await world.desk("en");
  await expect(late.getByRole("region", { name: "Drills that are held now" })).toContainText("DRILL ON NOW");

  const exercise = await world.operator.report({ incident_type: "violence.fight", division_code: "430304005", exercise: "exercise" });
  await other.locator(`#row-${exercise.id}`).click();
  await other.keyboard.press("m");
  await expect(other.getByRole("dialog")).toContainText("演练");
  await other.keyboard.press("Escape");

  await other.getByRole("button", { name: "演练…" }).click();
  await expect(other.getByRole("dialog")).toContainText("演练由值班长宣布和结束");
  await expect(other.getByRole("button", { name: "结束演练" })).toHaveCount(0);
  await leader.getByRole("button", { name: "结束演练" }).click();
  await leader.getByRole("button", { name: "是，结束" }).click();
  await expect(leader.getByRole("dialog")).toContainText("演练已结束");
  await expect(banner).toHaveCount(0);
});
