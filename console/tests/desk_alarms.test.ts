import { describe, expect, test } from "vitest";
import { attentionsIn } from "../src/state/attention.ts";
import { deskAlarms, deskSound, together, unhandled, type DeskAlarm, type Heard } from "../src/state/desk_alarms.ts";
import type { FurtherCall } from "../src/state/further_calls.ts";
import type { Incident } from "../src/wire/types.ts";
import { assignment, at, incident } from "./builders.ts";

const nothing: Heard = { attentions: [], furtherCalls: [], audits: [], priorityOfType: () => 1 };
const alarmsOf = (one: Incident, heard: Partial<Heard> = {}): DeskAlarm[] =>
  deskAlarms([one], at(70), { ...nothing, ...heard });
const kinds = (alarms: readonly DeskAlarm[]): string[] => unhandled(alarms, new Set()).map((one) => one.kind);
const without = (alarms: readonly DeskAlarm[], ...handled: string[]): DeskAlarm[] =>
  unhandled(alarms, new Set(alarms.filter((one) => handled.includes(one.kind)).map((one) => one.key)));

describe("the desk's alarms", () => {
  const sent = incident({ assignments: [assignment({ status: "en_route" })] });

  test("a new incident rings by its priority until it is handled", () => {
    const alarms = alarmsOf(sent);
    expect(deskSound(unhandled(alarms, new Set()), false)).toBe("S2");
    expect(unhandled(alarms, new Set([alarms[0]?.key ?? ""]))).toEqual([]);
  });

  test("an incident that nobody is on comes first and rings loudest", () => {
    const alarms = unhandled(deskAlarms([sent, incident({ id: "i2", status: "received" })], null, nothing), new Set());
    expect(alarms[0]).toMatchObject({ kind: "unattended" });
    expect(deskSound(alarms, false)).toBe("S1");
  });

  test("an escalated silence stays an alarm until the unit answers", () => {
    const silent = assignment({ status: "delivered", steps_done: ["urge", "escalate"] });
    expect(deskAlarms([incident({ assignments: [silent] })], at(70), nothing).map((one) => one.kind)).toContain("escalated");
    const answered = { ...silent, status: "acknowledged" as const };
    expect(deskAlarms([incident({ assignments: [answered] })], at(70), nothing).map((one) => one.kind)).not.toContain("escalated");
  });

  test("another cause of the same kind rings again", () => {
    const short = (reason: string) =>
      alarmsOf(incident({ assignments: [assignment()], shortfalls: [{ unit_kind: "x", role: "support", reason, count: 1 }] }));
    const handled = new Set(short("off_duty").map((one) => one.key));
    expect(unhandled(short("off_duty"), handled)).toEqual([]);
    expect(unhandled(short("no_candidates"), handled)).toHaveLength(1);
  });

  test("ten alarms of one incident are one line, and no line hides another incident", () => {
    const late = Array.from({ length: 9 }, (_, n) => assignment({ id: `a${n}`, acknowledge_by: "2026-11-23T08:50:30Z" }));
    const audit = { id: "d1", code: "timer_late", raised_at: "2026-11-23T08:50:10Z" } as Heard["audits"][number];
    const heard = { ...nothing, audits: [audit, { ...audit, id: "d2", code: "kit_old" }] };
    const alone = incident({ id: "i2", status: "received" });
    const alarms = unhandled(deskAlarms([incident({ assignments: late }), alone], at(70), heard), new Set());
    const lines = together(alarms);
    expect(lines.map(([key, same]) => [key, same.length, same[0]?.kind])).toEqual([
      ["audit", 2, "audit"],
      ["i2", 2, "unattended"],
      ["i1", 10, "overdue"],
    ]);
    expect(lines.flatMap(([, same]) => same)).toHaveLength(alarms.length);
  });

  test("an exercise that nobody is on waits behind every real alarm", () => {
    const drill = incident({ id: "i2", status: "received", exercise: "exercise" });
    const alarms = unhandled(deskAlarms([drill, sent], null, nothing), new Set());
    expect(alarms.map((one) => one.incident?.id)).toEqual(["i1", "i2", "i2"]);
  });

  test("closed incidents raise nothing", () => {
    expect(alarmsOf(incident({ status: "closed" }))).toEqual([]);
  });
});

describe("what calls the shift leader", () => {
  const silent = assignment({ status: "delivered", steps_done: ["urge", "escalate"] });
  const escalated = incident({ assignments: [silent] });
  const leader = { attentions: attentionsIn([escalated]) };

  test("rings loudest on the leader's desk and in the place of the operator's alarm", () => {
    const alarms = alarmsOf(escalated, leader);
    expect(kinds(alarms)).toEqual(["attention", "new"]);
    expect(deskSound(without(alarms, "new"), false)).toBe("S1");
  });

  test("is a late unit to an operator, not the leader's alarm", () => {
    const alarms = alarmsOf(escalated);
    expect(kinds(alarms)).toEqual(["escalated", "new"]);
    expect(deskSound(without(alarms, "new"), false)).toBe("S4");
  });

  test("stays when the unit answers, until it is handled or the incident ends", () => {
    const answered = incident({ assignments: [{ ...silent, status: "en_route" }] });
    expect(kinds(alarmsOf(answered, leader))).toContain("attention");
    expect(kinds(without(alarmsOf(answered, leader), "attention"))).toEqual(["new"]);
    expect(alarmsOf({ ...answered, status: "closed" }, leader)).toEqual([]);
  });

  test("leaves the operator's alarm of another clock alone", () => {
    const late = assignment({ status: "acknowledged", depart_by: "2026-11-23T08:50:30.000000+00:00" });
    expect(kinds(alarmsOf(incident({ assignments: [late] }), leader))).toEqual(["attention", "overdue", "new"]);
  });
});

describe("a change that is not confirmed in time", () => {
  const owing = (revision: number) =>
    assignment({ status: "en_route", acknowledged_revision: 1, min_ack_revision: revision, change_by: "2026-11-23T08:50:30Z" });
  const alarmed = (revision: number, heard: Partial<Heard> = {}) => alarmsOf(incident({ assignments: [owing(revision)] }), heard);

  test("is a late unit to an operator, and each further change again", () => {
    const first = unhandled(alarmed(2), new Set());
    expect(first.map((one) => [one.kind, one.missed])).toEqual([["overdue", "change"], ["new", undefined]]);
    expect(kinds(unhandled(alarmed(3), new Set(first.map((one) => one.key))))).toEqual(["overdue"]);
  });

  test("is the leader's alarm once the leader was called, of that change", () => {
    const called = { attentions: [{ assignmentId: "a1", incidentId: "i1", missed: "change" as const, revision: 2 }] };
    expect(kinds(alarmed(2, called))).toEqual(["attention", "new"]);
    expect(kinds(alarmed(3, called))).toEqual(["attention", "overdue", "new"]);
  });

  test("leaves the strip once the unit confirms it or is sent home", () => {
    const called = { attentions: [{ assignmentId: "a1", incidentId: "i1", missed: "change" as const, revision: 2 }] };
    const left = (over: object) => kinds(alarmsOf(incident({ assignments: [{ ...owing(2), ...over }] }), called));
    expect(left({ acknowledged_revision: 2 })).toEqual(["new"]);
    expect(left({ status: "revoked" })).not.toContain("attention");
    expect(left({ acknowledged_revision: 2, min_ack_revision: 3 })).not.toContain("attention");
  });

  test("and so does one that came late, once it has arrived", () => {
    const called = { attentions: [{ assignmentId: "a1", incidentId: "i1", missed: "arrive" as const }] };
    const left = (over: object) => kinds(alarmsOf(incident({ assignments: [assignment({ status: "en_route", ...over })] }), called));
    expect(left({})).toContain("attention");
    expect(left({ status: "on_scene", on_scene_at: "2026-11-23T08:51:00Z" })).not.toContain("attention");
  });
});

describe("what a further call says", () => {
  const sent = incident({ assignments: [assignment({ status: "en_route" })] });
  const said = (over: Partial<FurtherCall> = {}): FurtherCall => ({
    id: "c2",
    incidentId: "i1",
    choice: "violence.armed",
    exercise: "actual",
    at: "2026-11-23T08:51:00.000000+00:00",
    ...over,
  });

  test("rings as loud as it is grave, before whatever is merely new", () => {
    const alarms = alarmsOf(sent, { furtherCalls: [said()] });
    expect(kinds(alarms)).toEqual(["said", "new"]);
    expect(alarms.find((one) => one.kind === "said")?.priority).toBe(1);
    expect(deskSound(alarms, false)).toBe("S1");
    expect(deskSound(without(alarmsOf(sent, { furtherCalls: [said()], priorityOfType: () => 4 }), "new"), false)).toBe("S2");
  });

  test("rings once for the same and again for something else", () => {
    const first = alarmsOf(sent, { furtherCalls: [said()] });
    const handled = new Set(first.map((one) => one.key));
    const again = alarmsOf(sent, { furtherCalls: [said(), said({ id: "c3" })] });
    expect(unhandled(again, handled)).toEqual([]);
    const other = alarmsOf(sent, { furtherCalls: [said(), said({ id: "c4", choice: "fire.structure" })] });
    expect(unhandled(other, handled).map((one) => one.call?.choice)).toEqual(["fire.structure"]);
  });

  test("does not ring for a test inside a real incident", () => {
    expect(kinds(alarmsOf(sent, { furtherCalls: [said({ exercise: "test" })] }))).toEqual(["new"]);
  });
});
