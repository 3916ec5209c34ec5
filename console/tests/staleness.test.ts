import { describe, expect, test } from "vitest";
import { Staleness, WallClockWatch } from "../src/state/staleness.ts";

describe("staleness", () => {
  const synced = (): Staleness => {
    const staleness = new Staleness(0);
    staleness.synced(0);
    return staleness;
  };

  test.each([
    [8_000, "fresh"],
    [8_001, "amber"],
    [15_000, "amber"],
    [15_001, "red"],
  ] as const)("after %i ms of silence the picture is %s", (silence, expected) => {
    expect(synced().at(silence)).toBe(expected);
  });

  test("any frame of a synced link makes it fresh again", () => {
    const staleness = synced();
    staleness.heard(14_000);
    expect(staleness.at(20_000)).toBe("fresh");
  });

  test("a reopened socket alone does not lift the veil", () => {
    const staleness = synced();
    staleness.lost();
    staleness.heard(20_000);
    expect(staleness.at(20_001)).toBe("red");
    staleness.synced(20_500);
    expect(staleness.at(20_501)).toBe("fresh");
  });

  test("a page that never had data turns red as well", () => {
    expect(new Staleness(0).at(15_001)).toBe("red");
  });

  test("a wall clock that jumps five seconds is noticed once", () => {
    const watch = new WallClockWatch(1_000_000, 0);
    expect(watch.jumped(1_001_000, 1_000)).toBe(false);
    expect(watch.jumped(1_062_000, 2_000)).toBe(true);
    expect(watch.jumped(1_063_000, 3_000)).toBe(false);
    expect(watch.jumped(1_054_000, 4_000)).toBe(true);
  });
});
