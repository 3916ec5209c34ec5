import { describe, expect, test } from "vitest";
import { inOrder, isDaily, timeOfDay, withSchedule } from "../src/state/schedules.ts";
import type { Schedule } from "../src/wire/types.ts";

const schedule = (id: string, next_run_at: string | null): Schedule => ({
  ...{ id, name: id, division_code: "430304", channels: ["console"], weekdays: [1], at: "08:30" },
  ...{ enabled: next_run_at !== null, next_run_at, set_by: "leader", set_at: "2026-11-23T00:00:00Z" },
});
const ids = (list: readonly Schedule[]): string[] => list.map(({ id }) => id);

describe("scheduled tests of communication", () => {
  test("stand in the order in which they come, the ended ones last by name", () => {
    const listed = [schedule("z", null), schedule("later", "2026-11-25T00:30:00Z"), schedule("a", null), schedule("soon", "2026-11-24T00:30:00Z")];
    expect(ids(inOrder(listed))).toEqual(["soon", "later", "a", "z"]);
  });

  test("stand once each, as the service said last", () => {
    const before = [schedule("soon", "2026-11-24T00:30:00Z"), schedule("later", "2026-11-25T00:30:00Z")];
    const after = withSchedule(before, schedule("soon", null));
    expect(ids(after)).toEqual(["later", "soon"]);
    expect(after[1]?.enabled).toBe(false);
    expect(ids(withSchedule(before, schedule("new", "2026-11-23T12:00:00Z")))).toEqual(["new", "soon", "later"]);
  });

  test("are called daily only if no day is left out", () => {
    expect(isDaily([7, 6, 5, 4, 3, 2, 1])).toBe(true);
    expect(isDaily([1, 2, 3, 4, 5])).toBe(false);
  });

  test.each([["830", "08:30"], ["08：30", "08:30"], ["23:59", "23:59"], ["24:00", null], ["08:60", null], ["", null], ["noon", null]])(
    "take the time %j as %j",
    (typed, taken) => expect(timeOfDay(typed)).toBe(taken),
  );
});
