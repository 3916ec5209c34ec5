import { describe, expect, test } from "vitest";
import { auditAlarmIn, auditAlarmsOf, learnAuditAlarm, standing, type AuditBook } from "../src/state/audit_alarms.ts";
import { deskAlarms, deskSound, unhandled, type Heard } from "../src/state/desk_alarms.ts";
import type { AuditAlarm } from "../src/wire/types.ts";
import { at, event, incident } from "./builders.ts";

const instant = (seconds: number): string => new Date(at(seconds)).toISOString();

function alarm(over: Partial<AuditAlarm> = {}): AuditAlarm {
  return {
    id: "x1",
    code: "timer_late",
    ...{ count: 1, worst_s: 12, limit_s: 10 },
    words: { zh: "计时器停了", en: "Timers have stopped" },
    raised_at: instant(0),
    cleared_at: null,
    ...over,
  };
}

const raised = event({ event: "audit.alarmed", facts: { alarm: alarm() } });
const cleared = event({ event: "audit.cleared", facts: { alarm: alarm({ cleared_at: instant(9) }) } });
const learn = (known: AuditBook, frame: typeof raised): AuditBook => {
  const found = auditAlarmIn(frame);
  return found ? learnAuditAlarm(known, found) : known;
};
const heard = (...audits: AuditAlarm[]): Heard => ({ attentions: [], furtherCalls: [], audits, priorityOfType: () => 1 });

describe("what the auditor found", () => {
  test("stands from its alarm or from the snapshot until it is cleared", () => {
    expect(standing([raised].reduce(learn, auditAlarmsOf({})))).toHaveLength(1);
    expect(standing(auditAlarmsOf({ alarms: [alarm()] }))).toEqual([alarm()]);
    expect(standing([cleared].reduce(learn, auditAlarmsOf({ alarms: [alarm()] })))).toEqual([]);
  });

  test("stays cleared in any order and with any repeats", () => {
    for (const frames of [[raised, cleared], [cleared, raised], [raised, cleared, raised], [cleared, cleared, raised]]) {
      expect(standing(frames.reduce(learn, auditAlarmsOf({})))).toEqual([]);
    }
  });

  test("is no news of incidents or modes", () => {
    expect(auditAlarmIn(event({ event: "mode.changed", facts: { alarm: alarm() } }))).toBeNull();
    expect(auditAlarmIn(event({ event: "audit.alarmed" }))).toBeNull();
  });

  test("comes first on the desk's strip, loudest, until somebody has taken note", () => {
    const alarms = deskAlarms([incident({ status: "received" })], null, heard(alarm()));
    const open = unhandled(alarms, new Set());
    expect(open[0]).toMatchObject({ kind: "audit", incident: null });
    expect(deskSound(open.slice(0, 1), false)).toBe("S1");
    expect(unhandled(alarms, new Set([open[0]?.key ?? ""])).map((one) => one.kind)).not.toContain("audit");
    const again = deskAlarms([], null, heard(alarm({ id: "x2", count: 4 })));
    expect(unhandled(again, new Set([open[0]?.key ?? ""]))).toHaveLength(1);
  });
});
