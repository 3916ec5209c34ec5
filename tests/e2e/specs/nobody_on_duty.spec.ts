import { expect, test, type World } from "../support/world.ts";
import { ledger, line, openOnDesk, press, ringing } from "../support/moves.ts";

const office = "430304005-JUD";
const platform = "430304005-PLT";

test("the justice office off duty: its person on call is paged at once, and the desk reads why", async ({ world }) => {
  const justice = world.console(office);
  await setDuty(world, "off_duty");
  const [call, desk, four] = await Promise.all([world.call(), world.desk(), world.four()]);
  const before = world.server.pages.length;
  const incident = await press(call, world.operator);

  await openOnDesk(desk, incident);
  await expect(line(desk, justice.name)).toContainText("未值班，由备勤人员出动");
  await expect(ledger(desk, justice.name)).toContainText(/已发出，无回执.*演示通知文件.*已发出.*备勤人员/);
  await expect(four[1]!.locator("article")).toContainText("本单位未值班：正在通知备勤人员");
  const [holder] = await world.server.ask("SELECT on_call->>'phone' AS phone FROM unit WHERE code = $1", office);
  const pages = world.server.pages.slice(before).filter((one) => one.to === holder?.["phone"]);
  expect(pages.map((one) => one.text)).toEqual([expect.stringContaining(incident.number)]);
  expect(incident.assignments.map((one) => one.unit.code)).not.toContain(platform);
});

test("the justice office off duty and nobody on call: the township's platform goes instead, and both screens say so", async ({ world }) => {
  const justice = world.console(office);
  const [kept] = await world.server.ask("SELECT phone, on_call::text FROM unit WHERE code = $1", office);
  try {
    await changeDirectory(world, "phone = NULL, on_call = NULL");
    await setDuty(world, "off_duty");
    const [call, desk, instead] = await Promise.all([world.call(), world.desk(), world.unit(world.console(platform))]);
    const incident = await press(call, world.operator);

    await expect(ringing(instead)).toBeVisible();
    await expect(instead.locator("article header")).toContainText("替代司法所出动：该单位无法到场");
    await openOnDesk(desk, incident);
    await expect(line(desk, world.console(platform).name)).toContainText("替代司法所：该单位无法出动");
    await expect(desk.getByRole("row", { name: new RegExp(`排除.*${justice.name}`) })).toContainText("未值班");
    const sent = incident.assignments.filter((one) => one.role === "support").map((one) => one.unit.code);
    expect(sent).toContain(platform);
    expect(sent).not.toContain(office);
  } finally {
    await changeDirectory(world, "phone = $2, on_call = $3::text::json", String(kept?.["phone"]), String(kept?.["on_call"]));
  }
});

test.afterEach(({ world }) => setDuty(world, "available"));

/** By the office's own console. */
async function setDuty(world: World, status: string): Promise<void> {
  const { unit_id, token } = world.console(office);
  const answer = await fetch(`${world.server.base}/api/v1/units/${unit_id}/status`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ status }),
  });
  expect(answer.status).toBe(200);
}

/** As a new directory would: running processes follow its version within a second. */
async function changeDirectory(world: World, columns: string, ...values: string[]): Promise<void> {
  await world.server.ask(
    `WITH changed AS (UPDATE unit SET ${columns} WHERE code = $1 RETURNING 1)
     UPDATE directory_version SET version = version + 1 WHERE EXISTS (SELECT FROM changed)`,
    office,
    ...values,
  );
  const phone = async () => (await world.operator.get<{ items: { phone: string | null }[] }>(`/units?q=${office}`)).items[0]?.phone;
  await expect.poll(phone).toBe(values[0] ?? null);
}
