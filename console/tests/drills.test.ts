import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { drillIn, drillsInForce, drillsOf, learnDrill, type DrillBook } from "../src/state/drills.ts";
import type { EventFrame, SnapshotFrame } from "../src/wire/frames.ts";
import type { Drill } from "../src/wire/types.ts";
import { at, event } from "./builders.ts";

const instant = (seconds: number): string => new Date(at(seconds)).toISOString();

function drill(over: Partial<Drill> = {}): Drill {
  return {
    id: "d1",
    name: "秋季联合演练",
    division: { code: "430304", name: "岳塘区", name_en: "Yuetang District" },
    units: [],
    recipients: [],
    starts_at: instant(10),
    ends_at: instant(20),
    announced_by: "值班长",
    announced_at: instant(0),
    ended_at: null,
    ended_by: null,
    ...over,
  };
}

const learn = (known: DrillBook, frame: EventFrame): DrillBook => {
  const found = drillIn(frame);
  return found ? learnDrill(known, found) : known;
};

describe("drills on a desk", () => {
  test("begin and run out by the service's clock without an event", () => {
    const known = drillsOf({ drills: [drill()] });
    const seen = [9, 10, 19, 20].map((second) => drillsInForce(known, at(second)));
    expect(seen.map((one) => [one.coming.length, one.standing.length])).toEqual([[1, 0], [0, 1], [0, 1], [0, 0]]);
  });

  test("that were ended stay ended, whatever comes late", () => {
    const announced = event({ event: "drill.changed", facts: { act: "announced", drill: drill() } });
    const ended = event({ event: "drill.changed", facts: { act: "ended", drill: drill({ ended_at: instant(12) }) } });
    for (const events of [[announced, ended], [ended, announced], [announced, ended, announced]]) {
      expect(drillsInForce(events.reduce(learn, drillsOf({})), at(15)).standing).toEqual([]);
    }
  });

  test("are found in their own events only", () => {
    expect(drillIn(event({ event: "mode.changed", facts: { drill: drill() } }))).toBeNull();
    expect(drillIn(event({ event: "drill.changed", facts: { drill: drill() } }))?.id).toBe("d1");
  });
});

test("old snapshot and events give the new snapshot of a desk's drills, of a unit's none", () => {
  const law = (who: string): { before: SnapshotFrame; events: EventFrame[]; after: SnapshotFrame } =>
    JSON.parse(readFileSync(fileURLToPath(new URL(`../../tests/fixtures/snapshot_law/drills_${who}.json`, import.meta.url)), "utf8"));
  const open = (known: DrillBook): Drill[] =>
    [...known.values()].filter((one) => !one.ended_at).toSorted((a, b) => a.id.localeCompare(b.id));
  const { before, events, after } = law("desk");
  for (const told of [events, events.toReversed(), events.flatMap((frame) => [frame, frame])]) {
    expect(open(told.reduce(learn, drillsOf(before)))).toEqual(open(drillsOf(after)));
  }
  expect(after.drills).toHaveLength(2);
  expect([law("police").after.drills, law("police").events]).toEqual([[], []]);
});
