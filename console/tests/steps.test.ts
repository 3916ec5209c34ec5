import { describe, expect, test } from "vitest";
import type { Action } from "../src/state/action_queue.ts";
import { changeClock, escalatedAt, foreseen, inOrder, isOverdue, otherVerbs, overdueClocks, owesConfirmation, primaryVerb, runningClock, stepsOf, urgedAt } from "../src/state/steps.ts";
import { assignment, at } from "./builders.ts";

const action = (verb: Action["verb"], over: Partial<Action> = {}): Action => ({
  id: verb,
  assignment_id: "a1",
  verb,
  body: {},
  occurred_at: "2026-11-23T08:50:30.000Z",
  attempts: 0,
  state: "local",
  ...over,
});

describe("an assignment's steps", () => {
  test.each([
    ["issued", "acknowledge"],
    ["delivered", "acknowledge"],
    ["acknowledged", "depart"],
    ["en_route", "arrive"],
    ["on_scene", "feedback"],
    ["completed", null],
    ["revoked", null],
    ["declined", null],
  ] as const)("in %s the one main action is %s", (status, verb) => {
    expect(primaryVerb(assignment({ status }))).toBe(verb);
  });

  test("after feedback the main action is to complete", () => {
    expect(primaryVerb(assignment({ status: "on_scene", fed_back_at: "2026-11-23T08:55:00Z" }))).toBe("complete");
  });

  test("a lead may not complete before feedback, a support may", () => {
    expect(otherVerbs(assignment({ status: "on_scene" }))).toEqual([]);
    expect(otherVerbs(assignment({ status: "on_scene", role: "support" }))).toEqual(["complete"]);
  });

  test("an excused unit has nothing left to do", () => {
    expect(primaryVerb(assignment({ excused_at: "2026-11-23T08:55:00Z" }))).toBeNull();
  });

  test("a unit that is only to know is not sent out", () => {
    expect(primaryVerb(assignment({ role: "notify", status: "acknowledged" }))).toBeNull();
  });

  test("unsent actions are foreseen in order", () => {
    const ahead = foreseen(assignment({ status: "delivered" }), [action("acknowledge"), action("depart")]);
    expect(ahead.status).toBe("en_route");
  });

  test("refused actions are not foreseen", () => {
    expect(foreseen(assignment(), [action("acknowledge", { state: "refused" })]).status).toBe("issued");
  });

  test("a revoked task is not revived by what is still unsent", () => {
    expect(foreseen(assignment({ status: "revoked" }), [action("depart")]).status).toBe("revoked");
  });

  test("steps tell confirmed from recorded here", () => {
    const marks = stepsOf(assignment({ status: "delivered", delivered_at: "2026-11-23T08:50:01Z" }), [action("acknowledge")]);
    expect(marks.slice(0, 4).map((step) => step.mark)).toEqual(["done", "done", "local", "open"]);
  });

  test("a passed step without a stamp is done, its time missing", () => {
    const steps = stepsOf(assignment({ status: "on_scene", on_scene_at: "2026-11-23T08:55:00Z" }));
    expect(steps[3]).toEqual({ name: "en_route", mark: "done", at: null });
  });

  test("feedback that was never given is not shown as done", () => {
    const steps = stepsOf(assignment({ status: "completed", role: "support" }));
    expect(steps.find((step) => step.name === "fed_back")?.mark).toBe("open");
  });

  test("the clock of the present step runs", () => {
    expect(runningClock(assignment())?.name).toBe("acknowledge");
    expect(runningClock(assignment({ status: "en_route", arrive_by: "2026-11-23T08:58:00Z" }))?.name).toBe("arrive");
    expect(runningClock(assignment({ status: "completed" }))).toBeNull();
  });

  test("a passed deadline is overdue by the service's clock", () => {
    expect(isOverdue(assignment(), at(59))).toBe(false);
    expect(isOverdue(assignment(), at(61))).toBe(true);
    expect(isOverdue(assignment({ status: "revoked" }), at(61))).toBe(false);
  });

  test("what the service calls overdue is believed without a clock", () => {
    expect(isOverdue(assignment({ overdue: ["acknowledge_by"] }), null)).toBe(true);
  });

  test("silence's consequences carry the instant they fell due", () => {
    const urged = assignment({ urge_by: "2026-11-23T08:50:30Z", steps_done: ["urge"] });
    expect(urgedAt(urged)).toBe("2026-11-23T08:50:30Z");
    expect(escalatedAt(urged)).toBeNull();
    expect(escalatedAt({ ...urged, steps_done: ["urge", "escalate"] })).toBe(urged.acknowledge_by);
  });

  test("the lead stands first and those who left stand last", () => {
    const list = [
      assignment({ id: "gone", status: "declined" }),
      assignment({ id: "support", role: "support", slot: 1 }),
      assignment({ id: "lead" }),
    ];
    expect(inOrder(list).map((one) => one.id)).toEqual(["lead", "support", "gone"]);
  });
});

describe("a change that matters", () => {
  const owing = assignment({
    status: "en_route",
    acknowledged_revision: 1,
    min_ack_revision: 3,
    change_by: "2026-11-23T08:50:30Z",
    arrive_by: "2026-11-23T08:50:40Z",
  });

  test("is to be confirmed before anything else is done, and not by a unit that never acknowledged", () => {
    expect(primaryVerb(owing)).toBe("confirm");
    expect(primaryVerb({ ...owing, status: "delivered", acknowledged_revision: null })).toBe("acknowledge");
    expect(primaryVerb({ ...owing, acknowledged_revision: 3 })).toBe("arrive");
    expect(owesConfirmation({ ...owing, status: "revoked" })).toBe(false);
  });

  test("is confirmed as far as it was seen: what came after is still owed, offline too", () => {
    const confirm = (revision: number) => foreseen(owing, [action("confirm", { body: { incident_revision: revision } })]);
    expect(confirm(3).status).toBe("en_route");
    expect(owesConfirmation(confirm(3))).toBe(false);
    expect(owesConfirmation(confirm(2))).toBe(true);
  });

  test("acknowledged for the first time says what was seen, too", () => {
    const fresh = assignment({ status: "delivered", acknowledged_revision: null, min_ack_revision: 2 });
    const late = foreseen(fresh, [action("acknowledge", { body: { incident_revision: 1 } })]);
    expect([late.status, owesConfirmation(late)]).toEqual(["acknowledged", true]);
  });

  test("has a clock of its own, which hides no other that runs out", () => {
    expect(changeClock(owing)?.by).toBe(owing.change_by);
    expect(overdueClocks(owing, at(35))).toEqual(["change"]);
    expect(overdueClocks(owing, at(45))).toEqual(["change", "arrive"]);
    expect(overdueClocks({ ...owing, acknowledged_revision: 3 }, at(35))).toEqual([]);
  });

  test("whom nobody could reach was given up before its acknowledgement was due", () => {
    const given = assignment({ steps_done: ["page", "escalate"], deliver_by: "2026-11-23T08:50:02Z" });
    expect(escalatedAt(given, at(10))).toBe(given.deliver_by);
    expect(escalatedAt(given, at(70))).toBe(given.acknowledge_by);
  });
});
