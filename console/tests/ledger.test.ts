import { describe, expect, test } from "vitest";
import { failureOf, hasFailed, isBad, ledgerOf, outcomeOf, outcomeSigns, reachSigns, tally, timeOf, type Reach } from "../src/state/ledger.ts";
import type { Assignment, Delivery } from "../src/wire/types.ts";
import { assignment, at } from "./builders.ts";

const instant = (seconds: number): string => new Date(at(seconds)).toISOString();

function delivery(over: Partial<Delivery> = {}): Delivery {
  const id = over.id ?? "d1";
  return {
    ...{ id, message_id: id, assignment_id: "a1", unit: assignment().unit, channel: "console", recipient: "", recipient_kind: "console" },
    ...{ reason: "issued", state: "sent", attempt: 1, queued_at: instant(0), sent_at: instant(0), delivered_at: null, seen_at: null },
    ...{ finished_at: null, next_at: null, provider_id: null, error: null },
    ...over,
  };
}

const page = (over: Partial<Delivery> = {}): Delivery => delivery({ id: "d2", channel: "sms", recipient_kind: "duty_phone", ...over });
const reachOf = (one: Assignment, deliveries: Delivery[], seconds = 20): Reach | undefined =>
  ledgerOf([one], deliveries, at(seconds))[0]?.reach;

describe("who has it", () => {
  const silent = assignment({ deliver_by: instant(15) });

  test("a task pushed to a console that has shown nothing has reached nobody once its time is up", () => {
    expect(reachOf(silent, [delivery()], 10)).toBe("trying");
    expect(reachOf(silent, [delivery()], 16)).toBe("nothing");
    expect(reachOf(silent, [delivery(), page({ state: "failed_permanent" })])).toBe("nothing");
    expect(reachOf(silent, [delivery(), page({ channel: "none", state: "failed_permanent" })])).toBe("nothing");
  });

  test("what a gateway has taken is not called delivered, what was delivered not seen", () => {
    expect(reachOf(silent, [delivery(), page({ state: "queued" })])).toBe("trying");
    expect(reachOf(silent, [delivery(), page()])).toBe("sent");
    expect(reachOf(silent, [delivery(), page({ state: "delivered", delivered_at: instant(3) })])).toBe("delivered");
    expect(reachOf({ ...silent, status: "delivered", delivered_at: instant(1) }, [delivery()])).toBe("delivered");
    expect(reachOf({ ...silent, delivered_at: instant(1), seen_at: instant(2) }, [delivery()])).toBe("seen");
  });

  test("whoever acknowledged has it, but not a change that came after", () => {
    const has = assignment({ status: "acknowledged", acknowledged_at: instant(9), acknowledged_revision: 1, min_ack_revision: 1 });
    expect(reachOf(has, [delivery()])).toBe("acknowledged");
    expect(reachOf({ ...has, min_ack_revision: 2 }, [delivery()])).toBe("unconfirmed");
    expect(reachOf({ ...has, status: "revoked" }, [delivery()])).toBe("ended");
  });

  test("a console that shows it while its unit is off duty proves nothing: only the person on call counts", () => {
    const unmanned = { ...silent, delivered_at: instant(1), seen_at: instant(1), selection: { on_call: true } };
    const shown = delivery({ state: "seen", delivered_at: instant(1), seen_at: instant(1) });
    expect(reachOf(unmanned, [shown])).toBe("nothing");
    expect(reachOf(unmanned, [shown, page()])).toBe("sent");
  });

  test("before the tries are read nobody is called unreached", () => {
    expect(reachOf(silent, [])).toBe("trying");
  });

  test("whom nothing has reached stands on top and is counted first", () => {
    const units = [
      assignment({ id: "a1", status: "acknowledged", acknowledged_at: instant(5), acknowledged_revision: 1 }),
      assignment({ id: "a2", status: "revoked" }),
      assignment({ id: "a3", deliver_by: instant(15) }),
      assignment({ id: "a4", deliver_by: instant(15), delivered_at: instant(1), status: "delivered" }),
    ];
    const ledger = ledgerOf(units, units.map((one) => delivery({ id: one.id, assignment_id: one.id })), at(20));
    expect(ledger.map((one) => one.key)).toEqual(["a3", "a4", "a1", "a2"]);
    expect(tally(ledger)).toEqual([["nothing", 1], ["delivered", 1], ["acknowledged", 1]]);
  });

  test("who is late stands before who is not, however seen its console: that says only that a page was open", () => {
    const seen = { delivered_at: instant(1), seen_at: instant(1), status: "delivered" as const };
    const units = [
      assignment({ id: "acknowledged", status: "acknowledged", acknowledged_at: instant(5), acknowledged_revision: 1 }),
      assignment({ id: "in time", ...seen, acknowledge_by: instant(90) }),
      assignment({ id: "escalated", ...seen, acknowledge_by: instant(90), steps_done: ["escalate"] }),
      assignment({ id: "overdue", ...seen, delivered_at: null, seen_at: null, acknowledge_by: instant(10), deliver_by: instant(90) }),
      assignment({ id: "gone", status: "revoked", acknowledge_by: instant(10) }),
    ];
    const ledger = ledgerOf(units, units.map((one) => delivery({ id: one.id, assignment_id: one.id })), at(20));
    expect(ledger.map((one) => [one.key, isBad(one)])).toEqual([
      ["overdue", true],
      ["escalated", true],
      ["in time", false],
      ["acknowledged", false],
      ["gone", false],
    ]);
  });

  test("the tries of one message stand together in their order", () => {
    const tries = [page({ id: "t2", message_id: "m", attempt: 2 }), page({ id: "other" }), page({ id: "t1", message_id: "m" })];
    const messages = ledgerOf([silent], [delivery(), ...tries], at(20))[0]?.messages;
    expect(messages?.map((all) => all.map((one) => one.id))).toEqual([["d1"], ["t1", "t2"], ["other"]]);
  });
});

describe("a try", () => {
  test("is called by what it came to", () => {
    expect(outcomeOf(delivery())).toBe("unshown");
    expect(outcomeOf(delivery({ state: "expired" }))).toBe("never_shown");
    expect(outcomeOf(page({ state: "expired", error: "not needed any more" }))).toBe("not_needed");
    expect(outcomeOf(page({ state: "expired", error: "sender ended" }))).toBe("expired");
    expect(outcomeOf(page({ channel: "none", state: "failed_permanent" }))).toBe("impossible");
    expect(hasFailed("failed_permanent") && hasFailed("impossible")).toBe(true);
    expect(hasFailed("not_needed")).toBe(false);
  });

  test("carries the time of what it came to", () => {
    expect(timeOf(page({ sent_at: instant(2), finished_at: instant(3) }))).toBe(instant(2));
    expect(timeOf(page({ state: "failed_permanent", sent_at: instant(2), finished_at: instant(3) }))).toBe(instant(3));
    expect(timeOf(delivery({ delivered_at: instant(4), seen_at: instant(5) }))).toBe(instant(5));
    expect(timeOf(page({ state: "queued", sent_at: null }))).toBe(instant(0));
  });

  test.each([
    ["gateway answered 503", { name: "answered", code: "503" }],
    ["the push service answered 410", { name: "answered", code: "410" }],
    ["nobody to reach: off duty, no number, or no channel", { name: "nobody" }],
    ["a drill without recipients", { name: "drill" }],
    ["restored", { name: "restored" }],
    ["no answer within 8 s", { name: "timeout" }],
    ["TimeoutError", { name: "timeout" }],
    ["ConnectTimeout", { name: "timeout" }],
    ["ConnectError: [Errno 111]", { name: "unreachable" }],
    ["sender ended", { name: "sender_ended" }],
    ["[Errno 28] No space left on device", null],
  ])("that failed with “%s” says why", (error, failure) => {
    expect(failureOf(error)).toEqual(failure);
  });

  test("and a unit have a sign beside their colour", () => {
    expect([...Object.values(reachSigns), ...Object.values(outcomeSigns)]).not.toContain("");
  });
});
