import { describe, expect, test } from "vitest";
import { holdStill, inQueueOrder, isWaiting, matches } from "../src/state/queue_order.ts";
import { priorityOf } from "../src/state/priority.ts";
import { assignment, at, incident } from "./builders.ts";

describe("the queue", () => {
  test("orders by priority, then overdue, then age", () => {
    const rows = [
      incident({ id: "young", opened_at: "2026-11-23T08:52:00Z" }),
      incident({ id: "old", opened_at: "2026-11-23T08:40:00Z" }),
      incident({ id: "late", opened_at: "2026-11-23T08:51:00Z", assignments: [assignment()] }),
      incident({ id: "critical", urgency: "critical", opened_at: "2026-11-23T08:53:00Z" }),
    ];
    expect(inQueueOrder(rows, at(120)).map((one) => one.id)).toEqual(["critical", "late", "old", "young"]);
  });

  test("puts no exercise before a real incident, however grave it plays to be", () => {
    const rows = [
      incident({ id: "drill", exercise: "exercise", urgency: "critical" }),
      incident({ id: "test", exercise: "test", urgency: "urgent" }),
      incident({ id: "real", urgency: "routine", severity: "NONE" }),
    ];
    expect(inQueueOrder(rows, null).map((one) => one.id)).toEqual(["real", "drill", "test"]);
  });

  test("keeps still while somebody points at it", () => {
    expect(holdStill(["b", "a"], ["new", "a", "b"], true)).toEqual({ ids: ["b", "a"], waiting: 1 });
    expect(holdStill(["b", "a"], ["new", "a", "b"], false)).toEqual({ ids: ["new", "a", "b"], waiting: 0 });
  });

  test("what has ended leaves even a still queue", () => {
    expect(holdStill(["b", "a"], ["a"], true).ids).toEqual(["a"]);
  });

  test("an incident whose every unit declined is waiting again", () => {
    expect(isWaiting(incident({ assignments: [assignment({ status: "declined" })] }))).toBe(true);
    expect(isWaiting(incident({ assignments: [assignment()] }))).toBe(false);
  });

  test("a unit that is only told does not count as sent", () => {
    expect(isWaiting(incident({ assignments: [assignment({ role: "notify" })] }))).toBe(true);
  });

  test("filters find what they name", () => {
    const short = incident({ shortfalls: [{ unit_kind: "judicial_office", role: "support", reason: "off_duty", count: 1 }] });
    expect(matches(short, "shortfall", null)).toBe(true);
    expect(matches(incident({ status: "closed" }), "ended", null)).toBe(true);
    expect(matches(incident({ assignments: [assignment()] }), "overdue", at(61))).toBe(true);
  });

  test.each([
    ["urgent", "IV", 2],
    ["critical", "NONE", 1],
    ["normal", "I", 1],
    ["normal", "III", 2],
    ["routine", "NONE", 4],
  ] as const)("urgency %s and severity %s make priority %i", (urgency, severity, expected) => {
    expect(priorityOf({ urgency, severity })).toBe(expected);
  });
});
