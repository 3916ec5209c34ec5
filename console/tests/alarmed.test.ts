import { expect, test } from "vitest";
import { alarmedBy } from "../src/state/alarmed.ts";
import type { Assignment } from "../src/wire/types.ts";
import { assignment, incident } from "./builders.ts";

const of = (id: string, over: Partial<Assignment> = {}): Assignment =>
  assignment({ id: `a-${id}`, unit: { ...assignment().unit, id, name: id }, role: "support", status: "acknowledged", ...over });
const told = (assignments: Assignment[], off: readonly string[] = []) => {
  const { rings, deaf } = alarmedBy(incident({ assignments }), (id) => (off.includes(id) ? "off_duty" : "committed"));
  return [rings.map((one) => one.unit.id), deaf.map(([one, why]) => `${one.unit.id}: ${why}`)];
};

test("whoever a raise does not ring at is named with why", () => {
  const all = [
    of("lead", { role: "lead", status: "on_scene" }),
    of("silent", { status: "issued" }),
    of("gone", { status: "completed" }),
    of("refused", { status: "declined" }),
    of("told", { role: "notify" }),
    of("excused", { excused_at: "2026-11-23T08:55:00Z" }),
    of("asleep"),
  ];
  expect(told(all, ["asleep", "gone"])).toEqual([
    ["lead", "silent"],
    ["asleep: off_duty", "gone: completed", "told: notify", "refused: declined", "excused: excused"],
  ]);
});

test("a unit off duty that was sent as on call is rung", () => {
  expect(told([of("home", { selection: { on_call: true } as Assignment["selection"] })], ["home"])).toEqual([["home"], []]);
});

test("a unit that refused and was sent again is not called deaf for its first task", () => {
  const again = of("twice", { id: "a2", issued_at: "2026-11-23T09:10:00Z" });
  expect(told([of("twice", { status: "declined" }), again])).toEqual([["twice"], []]);
  expect(told([again, of("twice", { status: "declined", issued_at: "2026-11-23T09:20:00Z" })])).toEqual([["twice"], []]);
});
