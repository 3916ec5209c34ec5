import { describe, expect, test } from "vitest";
import { instantAt } from "../src/state/city_time.ts";
import { translatorIn } from "../src/state/messages/catalogue.ts";
import { paper } from "../src/state/messages/paper.ts";
import { refusals } from "../src/state/messages/refusals.ts";
import { emptyForm, emptyUnit, faultsOf, fieldOf, isEmpty, nextNumber, recordOf, stamps, stepsOf, type PaperForm } from "../src/state/paper.ts";
import { faultWords, refusedWords } from "../src/state/refused.ts";

const times = (...given: string[]) => Object.fromEntries(stamps.map((stamp, at) => [stamp, given[at] ?? ""])) as PaperForm["units"][number]["times"];
const unit = (unitId: string, ...given: string[]) => ({ ...emptyUnit("lead"), unitId, times: times(...given) });
const form = (over: Partial<PaperForm> = {}): PaperForm => ({
  ...emptyForm("P-20261126-007"),
  ...{ type: "fire.structure", occurred: "2026-11-25T23:50", divisionCode: "430304005", over: "over", ended: "2026-11-26T01:00" },
  units: [unit("u1", "23:52", "23:53", "", "00:10", "00:55")],
  ...over,
});
const now = instantAt("2026-11-26T04:00");
const wrong = (over: Partial<PaperForm>): string[] => faultsOf(form(over), now).map(({ field, code }) => `${field} ${code}`);
const at = (given: Partial<PaperForm["units"][number]>, occurred = "2026-11-25T23:50") => {
  const steps = stepsOf(instantAt(occurred) ?? 0, { ...emptyUnit("lead"), ...given });
  return stamps.map((stamp) => steps[stamp].fault ?? (steps[stamp].at === null ? "" : new Date(steps[stamp].at + 8 * 3_600_000).toISOString().slice(5, 16)));
};

describe("times on paper", () => {
  test("go on after midnight, and a step that is not written stays missing", () => {
    expect(at({ times: times("23:52", "23:53", "", "00:10", "00:55") })).toEqual(["11-25T23:52", "11-25T23:53", "", "11-26T00:10", "11-26T00:55"]);
  });

  test("that go back are not taken for tomorrow's: the day is asked for", () => {
    expect(at({ times: times("23:52", "23:40") })).toEqual(["11-25T23:52", "which_day", "", "", ""]);
    const days = { ...times(), acknowledged_at: "2026-11-26" };
    expect(at({ times: times("23:52", "23:40"), days })[1]).toBe("11-26T23:40");
    expect(at({ times: times("23:52", "23:40"), days: { ...days, acknowledged_at: "2026-11-25" } })[1]).toBe("earlier");
  });

  test("in the same minute are in order", () => {
    expect(at({ times: times("23:50", "23:50") }).slice(0, 2)).toEqual(["11-25T23:50", "11-25T23:50"]);
  });
});

describe("a paper record", () => {
  test("is sent as it was written, with its true times and nothing more", () => {
    expect(faultsOf(form(), now)).toEqual([]);
    expect(recordOf(form({ units: [...form().units, emptyUnit("support")] }))).toEqual({
      ...{ paper_number: "P-20261126-007", occurred_at: "2026-11-25T15:50:00.000Z", incident_type: "fire.structure", division_code: "430304005" },
      units: [
        {
          ...{ unit_id: "u1", role: "lead", issued_at: "2026-11-25T15:52:00.000Z", acknowledged_at: "2026-11-25T15:53:00.000Z" },
          ...{ on_scene_at: "2026-11-25T16:10:00.000Z", completed_at: "2026-11-25T16:55:00.000Z" },
        },
      ],
      ...{ ended_at: "2026-11-25T17:00:00.000Z", disposition: "handled" },
    });
  });

  test("that goes on has no end, and says what was done", () => {
    const record = recordOf(form({ over: "going_on", units: [{ ...unit("u1", "23:52"), outcome: "handled", text: " 已劝离 " }], exercise: "exercise" }));
    expect(record).not.toHaveProperty("ended_at");
    expect(record).not.toHaveProperty("disposition");
    expect(record.units[0]?.feedback).toEqual({ outcome: "handled", text: "已劝离" });
    expect(record.exercise).toBe("exercise");
  });

  test("is not sent while it cannot be true", () => {
    expect(wrong({ occurred: "2026-11-26T05:00" })).toContain("occurred_at in_the_future");
    expect(wrong({ ended: "2026-11-26T00:30" })).toEqual(["ended_at before_steps"]);
    expect(wrong({ ended: "2026-11-26T05:00" })).toEqual(["ended_at in_the_future"]);
    expect(wrong({ number: "P 7" })).toEqual(["paper_number string_pattern_mismatch"]);
    expect(wrong({ units: [unit("u1", "23:52"), unit("u1", "23:53")] })).toEqual(["units/1/unit_id repeated_unit", "units/1/role second_lead"]);
  });

  test("is not sent while something is missing, and each gap is named at its place", () => {
    expect(wrong({ units: [{ ...unit("", "", "23:53"), unitId: null }] })).toEqual(["units/0/unit_id needed", "units/0/issued_at needed"]);
    expect(faultsOf(emptyForm(), now).map((one) => one.field)).toEqual(["paper_number", "occurred_at", "incident_type", "where", "over"]);
  });

  test("counts as empty only while nothing of it is written", () => {
    expect(isEmpty(emptyForm("P-1"))).toBe(true);
    expect(isEmpty({ ...emptyForm(), description: "x" })).toBe(false);
    expect(isEmpty({ ...emptyForm(), units: [unit("u1")] })).toBe(false);
  });

  test("is followed by the next of the pad", () => {
    expect(nextNumber("P-20261126-009")).toBe("P-20261126-010");
    expect(nextNumber("P-20261126-001-2")).toBe("P-20261126-001-3");
    expect(nextNumber("纸")).toBe("");
  });

  test("has words for whatever the form itself finds", () => {
    const codes = [
      ...faultsOf(emptyForm("P 7"), now),
      ...faultsOf(form({ occurred: "2026-11-26T05:00", ended: "2026-11-26T00:30", units: [unit("u1", "x"), unit("u1", "23:53", "23:00")] }), now),
      ...["earlier", "which_day", "no_time"].map((code) => ({ field: "", code })),
    ].map(({ code }) => code);
    expect(codes.filter((code) => !(`fault.${code}` in refusals))).toEqual([]);
    expect(stamps.filter((stamp) => !(`paper.${stamp}` in paper))).toEqual([]);
  });
});

describe("a refusal", () => {
  const t = translatorIn(refusals, () => "en");

  test("names each fault at its field, in words of the desk's language", () => {
    const errors = [
      { pointer: "/units/0", code: "out_of_order", detail: "…" },
      { pointer: "/address", code: "string_too_long", detail: "…" },
      { pointer: "/x", code: "new_code", detail: "as the service put it" },
    ];
    const words = faultWords(t, { problem: { code: "invalid_request", status: 422, errors } });
    expect(words.map(({ pointer }) => fieldOf(pointer))).toEqual(["units/0", "where", "x"]);
    expect(words[0]?.words).toContain("Out of order");
    expect(words[2]?.words).toBe("as the service put it");
  });

  test("says that a number is taken, that nobody answered, that the service is in trouble", () => {
    expect(refusedWords(t, { problem: { code: "paper_number_taken", status: 409, detail: "P-1 was entered before" } })).toContain("check the number");
    expect(refusedWords(t, { problem: null })).toContain("did not answer");
    expect(refusedWords(t, { problem: { code: "database_unavailable", status: 503 } })).toContain("nothing was stored");
    expect(refusedWords(t, { problem: { code: "odd", status: 409, detail: "so it is" } })).toContain("so it is");
  });
});
