import { describe, expect, test } from "vitest";
import { changedSince, changeKey, changeOf, type Change } from "../src/state/changes.ts";
import { assignment, event } from "./builders.ts";

const change = (revision: number, ...what: string[]): Change => ({ assignmentId: "a1", revision, what });

describe("what changed since a unit's last word", () => {
  const owing = assignment({ status: "acknowledged", acknowledged_revision: 1, min_ack_revision: 3 });

  test("is said by the event that alarms it again", () => {
    const facts = { changed: ["severity", "tag:weapon"], revision: 2, channels: [] };
    const told = event({ event: "assignment.alerted", assignment: assignment(), facts });
    expect(changeOf(told)).toEqual(change(2, "severity", "tag:weapon"));
    expect(changeOf({ ...told, event: "assignment.urged" })).toBeNull();
    expect(changeKey(change(2))).not.toBe(changeKey(change(3)));
  });

  test("is everything that was not confirmed yet, each once", () => {
    const heard = [change(2, "tag:weapon"), change(3, "address", "tag:weapon"), { ...change(3, "severity"), assignmentId: "a2" }];
    expect(changedSince(owing, heard)).toEqual(["tag:weapon", "address"]);
    expect(changedSince({ ...owing, acknowledged_revision: 2 }, heard)).toEqual(["address", "tag:weapon"]);
    expect(changedSince({ ...owing, acknowledged_revision: 3 }, heard)).toEqual([]);
  });

  test("is not known in full by a page that was not there: it must not tell half of it as if it were all", () => {
    expect(changedSince(owing, [])).toBeNull();
    expect(changedSince(owing, [change(3, "address")])).toBeNull();
  });

  test("is shown before the first acknowledgement as well", () => {
    const fresh = assignment({ acknowledged_revision: null, min_ack_revision: 2 });
    expect(changedSince(fresh, [])).toEqual([]);
    expect(changedSince(fresh, [change(2, "tag:weapon")])).toEqual(["tag:weapon"]);
  });
});
