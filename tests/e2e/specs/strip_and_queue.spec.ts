import { hold, openOnDesk, press, row } from "../support/moves.ts";
import { expect, test } from "../support/world.ts";

test("the desk opens what else waits, sees every call counted, and reads another incident from its top", async ({ world }) => {
  const [call, desk] = await Promise.all([world.call(), world.desk()]);
  const first = await press(call, world.operator);
  await hold(call);
  const other = await world.operator.report({ incident_type: "violence.fight", division_code: "430304005003" });
  const calls = row(desk, first).getByText("呼叫 2 次");
  await expect(calls).toBeVisible();
  const cell = await row(desk, first).locator(".what").boundingBox();
  const count = await calls.boundingBox();
  expect((count?.x ?? 0) + (count?.width ?? 0)).toBeLessThanOrEqual((cell?.x ?? 0) + (cell?.width ?? 0));

  const strip = desk.locator(".strip");
  await strip.getByRole("button", { name: /另有 \d+ 条/ }).click();
  await expect(strip.getByRole("listitem").first()).toBeVisible();
  await strip.getByRole("listitem").first().getByRole("button", { name: "查看" }).click();
  await expect(strip.getByRole("listitem")).toHaveCount(0);
  await expect(desk.locator("main article")).toBeVisible();

  await openOnDesk(desk, first);
  const pane = desk.locator("main");
  await expect(pane.locator("ol")).not.toHaveCount(0);
  await pane.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  expect(await pane.evaluate((element) => element.scrollTop)).toBeGreaterThan(0);
  await openOnDesk(desk, other);
  expect(await pane.evaluate((element) => element.scrollTop)).toBe(0);
});

for (const locale of ["zh-CN", "en"] as const) {
  test(`the desk's header is one line on the screens that desks have (${locale})`, async ({ world }) => {
    const desk = await world.desk(locale, "leader");
    await world.report({ incident_type: "violence.fight", division_code: "430304005" });
    await expect(desk.locator(".tile strong").first()).toHaveText(/[1-9]/);
    for (const width of [1366, 1600]) {
      await desk.setViewportSize({ width, height: 900 });
      expect((await desk.locator("header.top").boundingBox())?.height, `at ${width}`).toBeLessThan(60);
    }
  });
}
