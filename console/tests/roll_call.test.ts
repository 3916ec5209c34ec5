import { expect, test } from "vitest";
import { rollCallIn, stands } from "../src/state/roll_call.ts";
import { at, event } from "./builders.ts";

const called = event({ event: "test.called", facts: { test_id: "t", ends_at: "2026-11-23T08:51:00.000000+00:00" } });

test("a test stands until its time is over and no longer", () => {
  const call = rollCallIn(called);
  expect(call).toEqual({ id: "t", until: at(60) });
  expect([stands(call, null), stands(call, at(59)), stands(call, at(60)), stands(null, at(0))]).toEqual([true, true, false, false]);
});

test("what is no call, or names no test, calls nobody", () => {
  expect(rollCallIn(null)).toBeNull();
  expect(rollCallIn(event({ event: "test.ended", facts: called.facts }))).toBeNull();
  expect(rollCallIn(event({ event: "test.called", facts: { test_id: "t" } }))).toBeNull();
});
