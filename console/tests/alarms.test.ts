import { describe, expect, test } from "vitest";
import { deskAlarms, deskSound, loudest, sounds, unhandled, unitSound } from "../src/state/alarms.ts";
import { assignment, at, incident } from "./builders.ts";

const unit = { mine: [], revoked: 0, linkLost: false, mutedUntil: 0, steadyNow: 10 };

describe("a responder's alarm", () => {
  test("rings for an unacknowledged task and stops with the acknowledgement", () => {
    expect(unitSound({ ...unit, mine: [assignment()] })).toBe("S8");
    expect(unitSound({ ...unit, mine: [assignment({ status: "acknowledged" })] })).toBeNull();
  });

  test("is muted for its time only", () => {
    expect(unitSound({ ...unit, mine: [assignment()], mutedUntil: 11 })).toBeNull();
    expect(unitSound({ ...unit, mine: [assignment()], mutedUntil: 10 })).toBe("S8");
  });

  test("sounds differently for what was withdrawn", () => {
    expect(unitSound({ ...unit, revoked: 1, linkLost: true })).toBe("revoked");
  });

  test("tells of a lost link when nothing is louder", () => {
    expect(unitSound({ ...unit, linkLost: true })).toBe("S6");
  });
});

describe("the desk's alarms", () => {
  const sent = incident({ assignments: [assignment({ status: "en_route" })] });

  test("a new incident rings by its priority until it is handled", () => {
    const alarms = deskAlarms([sent], null);
    expect(deskSound(unhandled(alarms, new Set()), false)).toBe("S2");
    expect(unhandled(alarms, new Set([alarms[0]?.key ?? ""]))).toEqual([]);
  });

  test("an incident that nobody is on comes first and rings loudest", () => {
    const alarms = unhandled(deskAlarms([sent, incident({ id: "i2", status: "received" })], null), new Set());
    expect(alarms[0]).toMatchObject({ kind: "unattended" });
    expect(deskSound(alarms, false)).toBe("S1");
  });

  test("an escalated silence stays an alarm until the unit answers", () => {
    const silent = assignment({ status: "delivered", steps_done: ["urge", "escalate"] });
    expect(deskAlarms([incident({ assignments: [silent] })], at(70)).map((one) => one.kind)).toContain("escalated");
    const answered = { ...silent, status: "acknowledged" as const };
    expect(deskAlarms([incident({ assignments: [answered] })], at(70)).map((one) => one.kind)).not.toContain("escalated");
  });

  test("another cause of the same kind rings again", () => {
    const short = (reason: string) =>
      deskAlarms([incident({ assignments: [assignment()], shortfalls: [{ unit_kind: "x", role: "support", reason, count: 1 }] })], null);
    const handled = new Set(short("off_duty").map((one) => one.key));
    expect(unhandled(short("off_duty"), handled)).toEqual([]);
    expect(unhandled(short("no_candidates"), handled)).toHaveLength(1);
  });

  test("closed incidents raise nothing", () => {
    expect(deskAlarms([incident({ status: "closed" })], null)).toEqual([]);
  });
});

describe("sounds", () => {
  test("only the highest plays", () => {
    expect(loudest(["S3", "S8", "S1"])).toBe("S8");
    expect(loudest([])).toBeNull();
  });

  test.each(Object.entries(sounds))("%s fits into its own period", (_, sound) => {
    const end = Math.max(...sound.tones.map((tone) => tone.at + tone.for));
    expect(end).toBeLessThanOrEqual(sound.every ?? end);
  });

  test("the test tone lasts three seconds", () => {
    expect(Math.max(...sounds.test.tones.map((tone) => tone.at + tone.for))).toBe(3);
  });
});
