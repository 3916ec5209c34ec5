import { describe, expect, test } from "vitest";
import { loudest, sounds, unitSound } from "../src/state/alarms.ts";
import { assignment } from "./builders.ts";

const unit = { mine: [], revoked: 0, said: null, linkLost: false, mutedUntil: 0, steadyNow: 10 };

describe("a responder's alarm", () => {
  test("rings for an unacknowledged task and stops with the acknowledgement", () => {
    expect(unitSound({ ...unit, mine: [assignment()] })).toBe("S8");
    expect(unitSound({ ...unit, mine: [assignment({ status: "acknowledged" })] })).toBeNull();
  });

  test("rings again for a change that is not confirmed, wherever the unit is by then", () => {
    const owing = assignment({ status: "en_route", acknowledged_revision: 1, min_ack_revision: 2 });
    expect(unitSound({ ...unit, mine: [owing] })).toBe("S8");
    expect(unitSound({ ...unit, mine: [{ ...owing, acknowledged_revision: 2 }] })).toBeNull();
  });

  test("is muted for its time only", () => {
    expect(unitSound({ ...unit, mine: [assignment()], mutedUntil: 11 })).toBeNull();
    expect(unitSound({ ...unit, mine: [assignment()], mutedUntil: 10 })).toBe("S8");
  });

  test("sounds differently for what was withdrawn", () => {
    expect(unitSound({ ...unit, revoked: 1, linkLost: true })).toBe("revoked");
  });

  test("sounds for what a further call said, as loud as that is grave, but never over a new task", () => {
    expect(unitSound({ ...unit, said: 1 })).toBe("S1");
    expect(unitSound({ ...unit, said: 2, linkLost: true })).toBe("S2");
    expect(unitSound({ ...unit, said: 1, mine: [assignment()] })).toBe("S8");
  });

  test("tells of a lost link when nothing is louder", () => {
    expect(unitSound({ ...unit, linkLost: true })).toBe("S6");
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
