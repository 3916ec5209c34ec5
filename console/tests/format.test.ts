import { describe, expect, test } from "vitest";
import { age, clockTime, countdown, day, distance, nameOf, shortNumber, stopwatch } from "../src/state/format.ts";

describe("formatters", () => {
  test("times are the city's in 24 hours", () => {
    expect(clockTime("2026-11-23T16:05:09.123456+00:00")).toBe("00:05:09");
    expect(day("2026-11-23T16:05:09.123456+00:00")).toBe("2026-11-24");
  });

  test("a missing stamp is shown as missing, never as zero", () => {
    expect(clockTime(null)).toBe("—");
    expect(clockTime("not a time")).toBe("—");
    expect(distance(undefined)).toBe("—");
  });

  test("a stopwatch counts hours only when there are some", () => {
    expect(stopwatch(7_900)).toBe("00:07");
    expect(stopwatch(754_000)).toBe("12:34");
    expect(stopwatch(3_723_000)).toBe("1:02:03");
    expect(stopwatch(-5)).toBe("00:00");
  });

  test("ages from ten minutes on are whole minutes", () => {
    expect(age(599_000)).toEqual({ text: "09:59", unit: "clock" });
    expect(age(600_000)).toEqual({ text: "10", unit: "minutes" });
    expect(age(3 * 3_600_000)).toEqual({ text: "3:00", unit: "hours" });
  });

  test("a countdown says when it has run out", () => {
    expect(countdown(58_100)).toEqual({ text: "00:59", over: false });
    expect(countdown(0)).toEqual({ text: "00:00", over: false });
    expect(countdown(-61_000)).toEqual({ text: "+01:01", over: true });
  });

  test("distances change to kilometres", () => {
    expect(distance(873.4)).toBe("873 m");
    expect(distance(1130)).toBe("1.1 km");
  });

  test("a number's serial is said without its zeros", () => {
    expect(shortNumber("430304-20261123-000042")).toBe("42");
    expect(shortNumber("430304-20261123-000000")).toBe("0");
  });

  test("an English name falls back to the Chinese one", () => {
    expect(nameOf({ name: "所", name_en: "Station" }, "en")).toBe("Station");
    expect(nameOf({ name: "所", name_en: null }, "en")).toBe("所");
    expect(nameOf(null, "en")).toBe("—");
  });
});
