import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { gravity, inForce, learnMode, modeIn, modesOf, type ModeBook } from "../src/state/modes.ts";
import type { EventFrame, SnapshotFrame } from "../src/wire/frames.ts";
import type { Mode } from "../src/wire/types.ts";
import { at, event } from "./builders.ts";

const instant = (seconds: number): string => new Date(at(seconds)).toISOString();

function mode(over: Partial<Mode> = {}): Mode {
  return {
    id: "m1",
    division: { code: "430302", name: "雨湖区", name_en: "Yuhu District" },
    field: "response_mode",
    value: "I",
    starts_at: instant(0),
    ends_at: null,
    reason: "疫情",
    set_by: "值班长",
    ended_at: null,
    ...over,
  };
}

const book = (...modes: Mode[]): ModeBook => modesOf({ modes });
const names = (modes: readonly Mode[]): string[] => modes.map((one) => one.value);

describe("modes on a desk", () => {
  test("begin and run out by the service's clock without an event", () => {
    const known = book(mode({ starts_at: instant(10), ends_at: instant(20) }));
    const seen = [9, 10, 19, 20].map((second) => inForce(known, at(second)));
    expect(seen.map((one) => one.standing.length)).toEqual([0, 1, 1, 0]);
    expect(seen.map((one) => one.coming.length)).toEqual([1, 0, 0, 0]);
  });

  test("are shown before the service's time is known rather than left out", () => {
    expect(inForce(book(mode({ starts_at: instant(10) })), null).standing).toHaveLength(1);
  });

  test("stand in the order of their gravity, response modes first", () => {
    const known = book(
      mode({ id: "a", field: "weather", value: "fog" }),
      mode({ id: "b", field: "warning_colour", value: "red" }),
      mode({ id: "c", value: "III" }),
      mode({ id: "d", value: "I" }),
      mode({ id: "e", value: "normal" }),
    );
    expect(names(inForce(known, at(1)).standing)).toEqual(["I", "III", "normal", "red", "fog"]);
    expect(gravity(mode())).toBe(0);
    expect(gravity(mode({ field: "warning_colour", value: "blue" }))).toBe(3);
  });

  test("that were ended stay ended, whatever comes late", () => {
    const set = event({ event: "mode.changed", facts: { act: "set", mode: mode() } });
    const ended = event({ event: "mode.changed", facts: { act: "ended", mode: mode({ ended_at: instant(5) }) } });
    for (const events of [[set, ended], [ended, set], [set, ended, set]]) {
      expect(inForce(events.reduce(learn, book()), at(9)).standing).toEqual([]);
    }
  });

  test("are found in their own events only", () => {
    expect(modeIn(event({ event: "incident.updated", facts: { mode: mode() } }))).toBeNull();
    expect(modeIn(event({ event: "mode.recalled", facts: { mode: mode() } }))?.id).toBe("m1");
    expect(modeIn(event({ event: "mode.changed" }))).toBeNull();
  });
});

const learn = (known: ModeBook, frame: EventFrame): ModeBook => {
  const found = modeIn(frame);
  return found ? learnMode(known, found) : known;
};

test.each(["desk", "police"])("old snapshot and events give the new snapshot of a %s's modes", (who) => {
  const file = fileURLToPath(new URL(`../../tests/fixtures/snapshot_law/modes_${who}.json`, import.meta.url));
  const law = JSON.parse(readFileSync(file, "utf8")) as { before: SnapshotFrame; events: EventFrame[]; after: SnapshotFrame };
  const open = (known: ModeBook): Mode[] =>
    [...known.values()].filter((one) => !one.ended_at).toSorted((a, b) => a.id.localeCompare(b.id));
  for (const events of [law.events, law.events.toReversed(), law.events.flatMap((frame) => [frame, frame])]) {
    expect(open(events.reduce(learn, modesOf(law.before)))).toEqual(open(modesOf(law.after)));
  }
  expect(law.events.length).toBeGreaterThan(3);
});
