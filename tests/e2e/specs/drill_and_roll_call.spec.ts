import type { Locator } from "@playwright/test";
import { Operator } from "../support/api.ts";
import { choose, mainButton, press } from "../support/moves.ts";
import { expect, test } from "../support/world.ts";

const hospital = {
  incident_type: "psychiatric.disturbance",
  place_kind: "hospital",
  division_code: "430304005003",
  location: { longitude: 112.964, latitude: 27.875, crs: "WGS84" },
};

test("an exercise is framed on the page of a unit and counts nowhere on the desk", async ({ world }) => {
  const [desk, [police]] = await Promise.all([world.desk(), world.four()]);
  const exercise = await world.operator.report({ ...hospital, exercise: "exercise" });
  if (!police) throw new Error("no police");
  await expect(police.locator(".frame")).toContainText("演练");
  await expect(police.locator("article .drill")).toBeVisible();
  await expect(desk.locator(".strip")).toContainText("演练");
  await expect(desk.locator(".row.exercise")).toHaveCount(1);
  const open = desk.locator(".tile strong").first();
  await expect(open).toHaveText("0");
  const real = await world.operator.report(hospital);
  await expect(open).toHaveText("1");
  await expect(desk.locator(".strip")).toContainText(`№ ${Number(real.number.split("-")[2])}`);
  expect(real.assignments.map((one) => one.unit.code).toSorted()).toEqual(exercise.assignments.map((one) => one.unit.code).toSorted());
});

test("a test of communication is answered by the pages themselves and confirmed by a touch", async ({ world }) => {
  const [call, [police, justice]] = await Promise.all([world.call(), world.four()]);
  if (!police || !justice) throw new Error("no consoles");
  const leader = await Operator.logIn(world.server.base, "leader");
  const called = await leader.post<{ id: string }>("/communication-tests", { name: "早班", division_code: "430304005", window_s: 120 });
  await police.getByRole("button", { name: "通信测试 · 点此确认" }).click();
  await expect(police.getByText("通信测试 · 已确认")).toBeVisible();
  await call.getByRole("button", { name: "通信测试 · 点此确认" }).click();
  await expect(justice.getByRole("button", { name: "通信测试 · 点此确认" })).toBeVisible();
  interface Line { unit: { code: string } | null; device: { code: string } | null; state: string }
  const states = async (): Promise<Record<string, string>> => {
    const { calls } = await leader.get<{ calls: Line[] }>(`/communication-tests/${called.id}`);
    return Object.fromEntries(calls.map((one) => [one.unit?.code ?? one.device?.code ?? "", one.state]));
  };
  await expect.poll(async () => (await states())[world.keys.consoles[0]?.unit ?? ""]).toBe("answered");
  await expect.poll(async () => (await states())[world.keys.consoles[1]?.unit ?? ""]).toBe("delivered");
  await expect.poll(async () => Object.values(await states()).filter((state) => state === "answered").length).toBe(2);
  await leader.dispose();
});

/** What a finger meets in the middle of a button as it is seen now. */
const uncovered = (button: Locator): Promise<boolean> =>
  button.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const met = document.elementFromPoint(left + width / 2, top + height / 2);
    return met !== null && element.contains(met);
  });

test("a test of communication lies on no button: neither on the one that rings nor on the call page's ways out", async ({ world }) => {
  const [call, police] = await Promise.all([world.call(), world.unit(world.keys.consoles[0])]);
  await press(call, world.operator);
  await expect(mainButton(police, "acknowledge")).toBeVisible();
  const before = await mainButton(police, "acknowledge").boundingBox();
  const leader = await Operator.logIn(world.server.base, "leader");
  await leader.post("/communication-tests", { name: "午班", division_code: "430304005", window_s: 120 });
  const asked = "通信测试 · 点此确认";
  await expect(police.getByRole("button", { name: asked })).toBeVisible();
  await expect(call.getByRole("button", { name: asked })).toBeAttached();
  expect(await mainButton(police, "acknowledge").boundingBox()).toEqual(before);
  expect(await uncovered(police.locator("#primary"))).toBe(true);
  expect(await uncovered(police.getByRole("button", { name: asked }))).toBe(true);
  for (const way of [call.locator(".right a[href^='tel:']"), call.getByRole("button", { name: /误报/ }).first()]) {
    await way.scrollIntoViewIfNeeded();
    expect(await uncovered(way)).toBe(true);
  }
  await leader.dispose();
});

test("a shift leader schedules a test of communication at the desk, sees when it comes, ends and resumes it", async ({ world }) => {
  const desk = await world.desk("zh-CN", "leader");
  await desk.keyboard.press("F8");
  await desk.getByRole("button", { name: /通信测试/ }).click();
  await desk.getByRole("button", { name: "新建定期测试…" }).click();
  await desk.getByRole("button", { name: "设定", exact: true }).click();
  await expect(desk.getByText(/请填：.*时间 · 区域/)).toBeVisible();
  await desk.locator("#schedule-name").fill("早班点名");
  await desk.locator("#schedule-at").fill("830");
  await choose(desk, "schedule-division", "下摄司");
  await desk.getByRole("checkbox", { name: "周日" }).uncheck();
  await desk.getByRole("button", { name: "设定", exact: true }).click();
  const row = desk.locator("li").filter({ hasText: "早班点名" });
  await expect(row).toContainText("周一 周二 周三 周四 周五 周六 08:30");
  await expect(row).toContainText(/下次 \d\d-\d\d 08:30/);
  await expect(row).toContainText("下摄司");
  await expect(row).toContainText(/值班长 于/);
  await desk.getByRole("button", { name: "停止 早班点名" }).click();
  await expect(desk.getByText("已停止：早班点名")).toBeVisible();
  await desk.getByText("已停止的（1）").click();
  await desk.getByRole("button", { name: "恢复 早班点名" }).click();
  await expect(row).toContainText(/下次 \d\d-\d\d 08:30/);
});
