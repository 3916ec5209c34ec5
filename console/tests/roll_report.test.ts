import { describe, expect, test } from "vitest";
import { afterSeconds, callSigns, callStates, confirmed, countStates, isCallFailure, leftOf, rollGroups, unheard } from "../src/state/roll_report.ts";
import { testNewsIn } from "../src/state/test_news.ts";
import type { CallState, TestCall } from "../src/wire/types.ts";
import { at, event } from "./builders.ts";

const call = (code: string, state: CallState, agency: string | null = "police", channel = "console"): TestCall => ({
  unit: agency === null ? null : { id: code, code, name: code, kind: "k", agency },
  device: agency === null ? { id: code, code, name: code, name_en: null, place: null } : null,
  ...{ channel, state, sent_after_s: null, delivered_after_s: null, seen_after_s: null, answered_after_s: null, error: null },
});

describe("the report of a test of communication", () => {
  const agencies = ["police", "fire", "justice", "property"].map((code, index) => ({ code, name: code, name_en: null, rank: index + 1 }));

  test("lists agencies in the directory's order, however many companies are silent, and units by their code", () => {
    const calls = [
      call("P", "silent", "property"),
      call("Q", "silent", "property"),
      call("B", "answered", "justice"),
      call("C", "silent"),
      call("A", "delivered", "police", "sms"),
      call("X", "silent", null, "button"),
      call("Z", "silent", "unheard_of"),
      call("A", "answered"),
    ];
    const groups = rollGroups(calls, agencies);
    expect(groups.map((one) => one.agency)).toEqual(["police", "justice", "property", "unheard_of", null]);
    expect(groups[0]?.calls.map((one) => `${one.unit?.code} ${one.channel}`)).toEqual(["A console", "A sms", "C console"]);
  });

  test("stands in one order also before the agencies are known", () => {
    const calls = [call("X", "silent", null, "button"), call("B", "answered", "justice"), call("A", "answered", "fire")];
    expect(rollGroups(calls, []).map((one) => one.agency)).toEqual(["fire", "justice", null]);
  });

  test("leaves nobody out, however often they are called", () => {
    const calls = [call("A", "silent"), call("A", "answered", "police", "sms"), call("X", "called", null, "button")];
    expect(rollGroups(calls, agencies).flatMap((one) => one.calls)).toHaveLength(calls.length);
  });

  test("calls nobody heard of whom only a machine has answered for, and nobody silent who has shown it", () => {
    const counts = countStates([call("A", "delivered"), call("B", "silent"), call("C", "failed"), call("D", "called")]);
    expect(counts.answered).toBe(0);
    expect(unheard(counts)).toBe(3);
  });

  test("takes a message that was only sent neither for reached nor for silent", () => {
    const counts = countStates([call("A", "sent"), call("B", "delivered"), call("C", "seen"), call("D", "answered")]);
    expect([confirmed(counts), unheard(counts)]).toEqual([2, 0]);
  });

  test("says after how many seconds it came as far as it has", () => {
    const times = { sent_after_s: 1, delivered_after_s: 2, seen_after_s: 3, answered_after_s: null };
    expect((["sent", "delivered", "seen", "silent"] as const).map((state) => afterSeconds({ ...call("A", state), ...times }))).toEqual([1, 2, 3, null]);
  });

  test("tells each state by a sign of its own", () => {
    expect(new Set(callStates.map((state) => callSigns[state])).size).toBe(callStates.length);
  });

  test("counts down by the service's clock, and not once the service has closed it", () => {
    const ends_at = new Date(at(60)).toISOString();
    expect(leftOf({ ends_at, ended_at: null }, at(50))).toBe(10_000);
    expect(leftOf({ ends_at, ended_at: null }, at(70))).toBe(0);
    expect(leftOf({ ends_at, ended_at: ends_at }, at(50))).toBe(0);
  });

  test("says a gateway's own words where it has none", () => {
    expect(isCallFailure("no_number")).toBe(true);
    expect(isCallFailure("answered 500")).toBe(false);
    expect(isCallFailure(null)).toBe(false);
  });
});

describe("news of a test", () => {
  test("says that it runs, then that it is over", () => {
    const facts = { test_id: "t1", name: "早班" };
    expect(testNewsIn(event({ event: "test.called", facts }))).toEqual({ id: "t1", name: "早班", over: false });
    expect(testNewsIn(event({ event: "test.ended", facts }))).toEqual({ id: "t1", name: "早班", over: true });
    expect(testNewsIn(event({ event: "test.scheduled", facts }))).toBeNull();
  });
});
