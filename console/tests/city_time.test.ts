import { describe, expect, test } from "vitest";
import { instantAt, localOf, rfc3339, typedTime } from "../src/state/city_time.ts";

describe("local time", () => {
  test("is the city's, whatever the computer is set to", () => {
    expect(rfc3339(instantAt("2026-11-26T02:05") ?? 0)).toBe("2026-11-25T18:05:00.000Z");
    expect(localOf(Date.parse("2026-11-25T18:05:59Z"))).toBe("2026-11-26T02:05");
  });

  test("is read as it is written by hand, 24 hours, with or without a colon", () => {
    expect(["205", "0205", "2:05", "02：05", "２．05", "23:59"].map(typedTime)).toEqual(["02:05", "02:05", "02:05", "02:05", "02:05", "23:59"]);
    expect(["", "5", "2460", "2:5", "noon", "25:00"].map(typedTime)).toEqual(["", "5", "2460", "2:5", "noon", "25:00"]);
    expect(instantAt("2026-11-26T205")).toBe(instantAt("2026-11-26T02:05"));
  });

  test("that is half typed is no instant", () => {
    for (const typed of ["", "2026-11-26", "2026-11-26T", "02:05", "2026-13-40T99:99"]) expect(instantAt(typed)).toBeNull();
  });
});
