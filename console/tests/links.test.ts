import { describe, expect, test } from "vitest";
import { relatedTo } from "../src/state/links.ts";
import type { Incident, Link } from "../src/wire/types.ts";
import { incident } from "./builders.ts";

const link = (incident_id: string): Link => ({
  incident_id,
  number: incident_id,
  division_code: "430304005",
  reason: "near",
  distance_m: 45,
  age_s: 180,
});
const known = (...all: Incident[]): ReadonlyMap<string, Incident> => new Map(all.map((one) => [one.id, one]));

describe("what may be the same event", () => {
  const older = incident({ id: "old" });
  const younger = incident({ id: "new", links: [link("old"), link("gone")] });

  test("is shown at both, and the younger is merged into the older from either", () => {
    const all = known(older, younger);
    const both = { link: link("old"), younger, older };
    expect(relatedTo(younger, all)).toEqual([{ ...both, other: older }]);
    expect(relatedTo(older, all)).toEqual([{ ...both, other: younger }]);
  });

  test("is nothing to ask about once one of them has ended", () => {
    expect(relatedTo(younger, known({ ...older, status: "closed" }, younger))).toEqual([]);
    expect(relatedTo({ ...younger, status: "merged" }, known(older, younger))).toEqual([]);
    expect(relatedTo(older, known(older, { ...younger, status: "cancelled" }))).toEqual([]);
  });

  test("is nothing where there is no link", () => {
    expect(relatedTo(older, known(older, incident({ id: "else" })))).toEqual([]);
  });
});
