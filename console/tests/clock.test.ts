import { describe, expect, test } from "vitest";
import { median, ServerClock } from "../src/state/clock.ts";

describe("the service's clock", () => {
  test("knows nothing before the first heartbeat", () => {
    expect(new ServerClock(() => 0).now()).toBeNull();
  });

  test("one late heartbeat does not move it", () => {
    let steady = 0;
    const clock = new ServerClock(() => steady);
    const start = Date.parse("2026-11-23T08:50:00Z");
    for (const late of [0, 0, 4_000, 0, 0]) {
      steady += 5_000;
      clock.learn(new Date(start + steady - late).toISOString());
    }
    expect(clock.now()).toBe(start + steady);
  });

  test("only the last five heartbeats count", () => {
    let steady = 0;
    const clock = new ServerClock(() => steady);
    clock.learn("2020-01-01T00:00:00Z");
    const start = Date.parse("2026-11-23T08:50:00Z");
    for (let turn = 0; turn < 5; turn += 1) {
      steady += 5_000;
      clock.learn(new Date(start + steady).toISOString());
    }
    expect(clock.now()).toBe(start + steady);
  });

  test("nonsense for a time is passed over", () => {
    const clock = new ServerClock(() => 0);
    clock.learn("soon");
    expect(clock.known).toBe(false);
  });

  test("what was learnt before a sleep is forgotten", () => {
    const clock = new ServerClock(() => 0);
    clock.learn("2026-11-23T08:50:00Z");
    clock.forget();
    expect(clock.now()).toBeNull();
  });

  test("the median of an even count lies between the two", () => {
    expect(median([1, 3])).toBe(2);
    expect(median([9, 1, 3])).toBe(3);
  });
});
