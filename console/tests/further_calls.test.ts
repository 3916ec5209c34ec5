import { describe, expect, test } from "vitest";
import { furtherCallOf, furtherCallsIn, rings, sayings } from "../src/state/further_calls.ts";
import { event, incident } from "./builders.ts";

const joined = (facts: Record<string, unknown>, over = {}) =>
  furtherCallOf(event({ event: "incident.call_joined", incident: incident(over), facts: { call_count: 2, call_id: "c2", ...facts } }));

describe("a further call", () => {
  test("that carries another choice says something", () => {
    expect(joined({ choice: "violence.armed", exercise: "actual" })).toEqual({
      id: "c2",
      incidentId: "i1",
      choice: "violence.armed",
      exercise: "actual",
      at: "2026-11-23T08:50:01.000000+00:00",
    });
  });

  test("without a choice, or with the incident's own, says nothing new", () => {
    expect(joined({})).toBeNull();
    expect(joined({ choice: null })).toBeNull();
    expect(joined({ choice: "psychiatric.disturbance" })).toBeNull();
  });

  test("is what its incident is if it does not say whether it is a drill", () => {
    expect(joined({ choice: "violence.armed" }, { exercise: "test" })?.exercise).toBe("test");
  });

  test("is found among the calls kept with the incident, unless their bodies are withheld", () => {
    const at = "2026-11-23T08:52:00.000000+00:00";
    const call = { id: "c2", outcome: "joined", recorded_at: at };
    const opened = { id: "c1", outcome: "opened", recorded_at: at, body: { choice: "violence.armed" } };
    const found = furtherCallsIn(incident(), [opened, { ...call, body: { choice: "violence.armed" } }]);
    expect(found.map((one) => [one.id, one.at])).toEqual([["c2", at]]);
    expect(furtherCallsIn(incident(), [call])).toEqual([]);
  });

  test("is an alarm unless it is a drill's inside something real", () => {
    const test = joined({ choice: "violence.armed", exercise: "test" });
    expect(test && rings(test, incident())).toBe(false);
    expect(test && rings(test, incident({ exercise: "exercise" }))).toBe(true);
  });

  test("says each thing once, with the last time it was said", () => {
    const call = (id: string, choice: string, second: number) => ({
      id,
      incidentId: "i1",
      choice,
      exercise: "actual" as const,
      at: `2026-11-23T08:51:0${second}.000000+00:00`,
    });
    const said = sayings([call("c2", "violence.armed", 1), call("c3", "fire.structure", 2), call("c4", "violence.armed", 3)], "i1");
    expect(said.map((one) => one.id)).toEqual(["c4", "c3"]);
    expect(sayings(said, "i2")).toEqual([]);
  });
});
