import { describe, expect, test } from "vitest";
import { attentionKey, attentionOf, attentionsIn, callsLeader, takenBack } from "../src/state/attention.ts";
import { assignment, event, incident } from "./builders.ts";

describe("what the service wants a shift leader to see", () => {
  test("is said by the event's own fact", () => {
    const facts = { attention: "shift_leader", missed: "acknowledge_by", added: null };
    const told = event({ event: "assignment.escalated", assignment: assignment(), facts });
    expect(attentionOf(told)).toMatchObject({ assignmentId: "a1", incidentId: "i1", missed: "acknowledge", reason: null });
    expect(attentionOf({ ...told, facts: { missed: "acknowledge_by" } })).toBeNull();
  });

  test("keeps an event whose deadline this page does not know", () => {
    const told = event({ assignment: assignment(), facts: { attention: "shift_leader", missed: "someday_by" } });
    expect(attentionOf(told)?.missed).toBeNull();
  });

  test("is read off the steps after a snapshot, as long as the unit still owes it", () => {
    const late = (over: object) => incident({ assignments: [assignment({ steps_done: ["escalate", "arrive_overdue"], ...over })] });
    const missed = (over: object) => attentionsIn([late(over)]).map((one) => one.missed);
    expect(missed({ status: "delivered" })).toEqual(["acknowledge", "arrive"]);
    expect(missed({ status: "en_route" })).toEqual(["arrive"]);
    expect(missed({ status: "on_scene", on_scene_at: "2026-11-23T08:59:00.000000+00:00" })).toEqual([]);
    expect(missed({ status: "revoked" })).toEqual([]);
  });

  test("is shown in the unit's line for good", () => {
    expect(callsLeader(assignment({ steps_done: ["page", "urge"] }))).toBe(false);
    expect(callsLeader(assignment({ steps_done: ["urge", "escalate"], status: "completed" }))).toBe(true);
  });

  test("knows a task that went back to the desk from the event and from the gap alike", () => {
    const back = assignment({ status: "acknowledged", slot: 2, steps_done: ["reopened"] });
    const gap = { slot: 2, unit_kind: "police_station", role: "lead" as const, reason: "gone_silent", count: 1 };
    const told = attentionOf(event({ assignment: back, facts: { attention: "shift_leader", reason: "gone_silent" } }));
    const read = attentionsIn([incident({ assignments: [back], shortfalls: [gap] })]);
    expect(told?.reason).toBe("gone_silent");
    expect(read.map(attentionKey)).toEqual([told && attentionKey(told)]);
    expect(takenBack(incident({ assignments: [back] }), back)).toBeNull();
    expect(attentionsIn([incident({ assignments: [back], shortfalls: [{ ...gap, reason: "off_duty" }] })])).toEqual([]);
  });

  test("calls anew for each change that nobody confirms", () => {
    const facts = { attention: "shift_leader", missed: "change_by" };
    const owing = (revision: number) => assignment({ acknowledged_revision: 1, min_ack_revision: revision, status: "en_route" });
    const keys = [2, 3].map((revision) => attentionOf(event({ assignment: owing(revision), facts }))).map((one) => one && attentionKey(one));
    expect(new Set(keys).size).toBe(2);
    expect(attentionsIn([incident({ assignments: [{ ...owing(3), steps_done: ["change_overdue"] }] })]).map(attentionKey)).toEqual([keys[1]]);
  });

  test("takes a unit that nobody can reach for one that does not acknowledge", () => {
    const told = event({ assignment: assignment(), facts: { attention: "shift_leader", missed: "deliver_by" } });
    expect(attentionOf(told)?.missed).toBe("acknowledge");
  });
});
