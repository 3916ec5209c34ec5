import { describe, expect, test } from "vitest";
import { attentionOf, attentionsIn, callsLeader } from "../src/state/attention.ts";
import { assignment, event, incident } from "./builders.ts";

describe("what the service wants a shift leader to see", () => {
  test("is said by the event's own fact", () => {
    const facts = { attention: "shift_leader", missed: "acknowledge_by", added: null };
    const told = event({ event: "assignment.escalated", assignment: assignment(), facts });
    expect(attentionOf(told)).toEqual({ assignmentId: "a1", incidentId: "i1", missed: "acknowledge" });
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
});
