import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isOpen } from "../src/state/open.ts";
import { applyEvent, fromSnapshot, type Picture } from "../src/state/reducer.ts";
import type { EventFrame, SnapshotFrame } from "../src/wire/frames.ts";
import type { Incident } from "../src/wire/types.ts";

/** Old snapshot + the events since = new snapshot: the same fixtures are run by the service's tests. */
const folder = fileURLToPath(new URL("../../tests/fixtures/snapshot_law/", import.meta.url));

interface Law {
  before: SnapshotFrame;
  events: EventFrame[];
  after: SnapshotFrame;
}

const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);

/** A snapshot holds what is open; the page keeps what has ended until nobody looks at it. */
function comparable(picture: Picture): unknown {
  const open = [...picture.incidents.values()].filter((one) => isOpen(one)).toSorted(byId);
  return {
    incidents: open.map((one: Incident) => ({ ...one, assignments: one.assignments.toSorted(byId) })),
    units: [...picture.units.values()].toSorted(byId),
  };
}

describe("the snapshot law", () => {
  if (!existsSync(folder)) {
    test.skip("tests/fixtures/snapshot_law does not exist yet: the service's tests write it", () => undefined);
    return;
  }
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

  test("there are fixtures to run", () => {
    expect(files, `${folder} is empty`).not.toHaveLength(0);
  });

  test.each(files)("holds for %s", (name) => {
    const law = JSON.parse(readFileSync(folder + name, "utf8")) as Law;
    const result = law.events.reduce(applyEvent, fromSnapshot(law.before));
    expect(comparable(result)).toEqual(comparable(fromSnapshot(law.after)));
  });

  test.each(files)("holds for %s with every event twice", (name) => {
    const law = JSON.parse(readFileSync(folder + name, "utf8")) as Law;
    const twice = law.events.flatMap((frame) => [frame, frame]);
    const result = twice.reduce(applyEvent, fromSnapshot(law.before));
    expect(comparable(result)).toEqual(comparable(fromSnapshot(law.after)));
  });
});
