import { describe, expect, test } from "vitest";
import { withdrawals } from "../src/state/notices.ts";
import { emptyPicture, fromSnapshot } from "../src/state/reducer.ts";
import type { AssignmentStatus, Incident } from "../src/wire/types.ts";
import { assignment, incident } from "./builders.ts";

const picture = (over: Partial<Incident>, status: AssignmentStatus = "acknowledged") =>
  fromSnapshot({ incidents: [incident({ assignments: [assignment({ status })], ...over })], units: [] });

describe("what was taken from a unit", () => {
  test.each([
    ["revoked", "revoked"],
    ["reassigned", "reassigned"],
  ] as const)("a %s task is told", (status, kind) => {
    expect(withdrawals(picture({}), picture({}, status), "u1")[0]?.kind).toBe(kind);
  });

  test("a false alarm is told as the incident's end", () => {
    const after = picture({ status: "closed", disposition: "false_alarm" }, "revoked");
    expect(withdrawals(picture({}), after, "u1")[0]?.kind).toBe("incident");
  });

  test("a task missing from the next snapshot is told", () => {
    expect(withdrawals(picture({}), emptyPicture, "u1")[0]?.kind).toBe("gone");
  });

  test("what the unit ended itself is no news to it", () => {
    expect(withdrawals(picture({}), picture({}, "completed"), "u1")).toEqual([]);
    expect(withdrawals(picture({}), picture({ status: "closed" }, "completed"), "u1")).toEqual([]);
  });

  test("a lead that has fed back keeps its task when the incident closes", () => {
    expect(withdrawals(picture({}, "on_scene"), picture({ status: "closed" }, "on_scene"), "u1")).toEqual([]);
  });

  test("other units' tasks are not its own", () => {
    expect(withdrawals(picture({}), emptyPicture, "u2")).toEqual([]);
  });
});
