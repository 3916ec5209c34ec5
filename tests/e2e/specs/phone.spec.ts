import { expect, test } from "../support/world.ts";

const narrow = { width: 320, height: 740 };

for (const locale of ["en", "zh-CN"] as const) {
  test(`a unit on a narrow phone reads whole words and never scrolls sideways (${locale})`, async ({ world }) => {
    const police = world.keys.consoles[0];
    if (!police) throw new Error("no police");
    const where = { place_kind: "hospital", division_code: "430304005003", location: { longitude: 112.964, latitude: 27.875, crs: "WGS84" } };
    await world.report({ incident_type: "psychiatric.disturbance", ...where });
    await world.report({ incident_type: "violence.fight", ...where });
    const page = await world.page(`/unit#key=${police.token}`, { locale, viewport: narrow });
    await expect(page.locator(".companions .steps").first()).toBeVisible();
    const broken = await page.locator(".steps .name").evaluateAll((labels) =>
      labels
        .filter((label) => !label.textContent?.includes(" "))
        .filter((label) => {
          const range = document.createRange();
          range.selectNodeContents(label);
          return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
        })
        .map((label) => label.textContent),
    );
    expect(broken).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(narrow.width);
  });
}
