import { choose } from "../support/moves.ts";
import { expect, test } from "../support/world.ts";

test("a shift leader starts a test, sees the answers come in, and prints who said nothing", async ({ world }) => {
  const [desk, other, [police, justice]] = await Promise.all([world.desk("zh-CN", "leader"), world.desk("en"), world.four()]);
  if (!police || !justice) throw new Error("no consoles");
  await desk.keyboard.press("F8");
  await desk.getByRole("button", { name: "呼叫控制台、一键设备和渠道" }).click();
  await desk.locator("#test-name").fill("早班点名");
  await choose(desk, "test-division", "下摄司");
  await desk.locator("#test-window").selectOption("30");
  const dialog = desk.getByRole("dialog");
  await expect(dialog).toContainText("不发短信、不打电话");
  await desk.getByRole("button", { name: "开始测试" }).click();

  await expect(dialog).toContainText(/测试中 · 还剩/);
  await police.getByRole("button", { name: "通信测试 · 点此确认" }).click();
  const call = (name: string) => dialog.locator(".calls li", { hasText: name });
  const [first, second] = world.keys.consoles;
  await expect(call(first?.name ?? "")).toContainText("有人确认");
  await expect(call(second?.name ?? "")).toContainText("已显示，无人确认");
  await expect(other.getByText("Communication test running: 早班点名")).toBeVisible();

  await expect(dialog).toContainText("已结束", { timeout: 40_000 });
  const silent = dialog.locator(".calls li.silent").first();
  await expect(silent).toContainText("无回应");
  await expect(silent.getByRole("link")).toHaveAttribute("href", /^tel:/);
  await other.getByRole("button", { name: "Report" }).click();
  await expect(other.getByRole("dialog")).toContainText(/1 of \d+ confirmed by a person, \d+ not heard of at all/);

  await desk.emulateMedia({ media: "print" });
  await expect(dialog.getByRole("heading", { name: "早班点名" })).toBeVisible();
  await expect(dialog.getByRole("button", { name: "打印" })).toBeHidden();
  await expect(desk.locator(".desk")).toBeHidden();
  expect(await dialog.evaluate((one) => getComputedStyle(one).overflow)).toBe("visible");
});
