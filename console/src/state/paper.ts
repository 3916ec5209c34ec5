/**
 * A paper record as it is typed in, and what is sent of it. Steps are times of day as on the paper; the day is the first
 * on which such a time comes after the step before, and is asked for where that would be half a day later.
 *
 * Invariant: what is not written down is left out, never filled in.
 */
import type { Exercise, Role } from "../wire/types.ts";
import type { PaperOutcome, PaperRecord, PaperStamp, PaperUnit } from "../wire/paper.ts";
import { instantAt, localOf, rfc3339 } from "./city_time.ts";

export const stamps = ["issued_at", "acknowledged_at", "en_route_at", "on_scene_at", "completed_at"] as const satisfies readonly PaperStamp[];
export const outcomes = ["handled", "handed_over", "person_taken_to_hospital", "unfounded", "other"] as const satisfies readonly PaperOutcome[];

export interface UnitForm {
  unitId: string | null;
  role: Role;
  times: Record<PaperStamp, string>;
  /** Days that were given by hand. */
  days: Record<PaperStamp, string>;
  outcome: PaperOutcome | "";
  text: string;
}

export interface PaperForm {
  number: string;
  type: string | null;
  /** Local date and time. */
  occurred: string;
  placeId: string | null;
  divisionCode: string | null;
  address: string;
  description: string;
  callerName: string;
  callerPhone: string;
  exercise: Exercise;
  units: UnitForm[];
  over: "over" | "going_on" | null;
  ended: string;
  disposition: string;
}

/** Which field is wrong, and in what way; server and form name both alike. */
export interface Fault {
  field: string;
  code: string;
}

const blank = (): Record<PaperStamp, string> => ({ issued_at: "", acknowledged_at: "", en_route_at: "", on_scene_at: "", completed_at: "" });

export const emptyUnit = (role: Role): UnitForm => ({ unitId: null, role, times: blank(), days: blank(), outcome: "", text: "" });

export const emptyForm = (number = ""): PaperForm => ({
  ...{ number, type: null, occurred: "", placeId: null, divisionCode: null, address: "", description: "" },
  ...{ callerName: "", callerPhone: "", exercise: "actual", units: [emptyUnit("lead")], over: null, ended: "", disposition: "handled" },
});

const written = (unit: UnitForm): boolean =>
  unit.unitId !== null || unit.text.trim() !== "" || unit.outcome !== "" || stamps.some((stamp) => unit.times[stamp] !== "");

export const isEmpty = (form: PaperForm): boolean => {
  const { number: _, units, ...rest } = form;
  const { number: __, units: ___, ...fresh } = emptyForm();
  return JSON.stringify(rest) === JSON.stringify(fresh) && !units.some(written);
};

const halfDay = 12 * 3_600_000;
const oneDay = 24 * 3_600_000;

export type Step = { at: number; fault?: never } | { at: null; fault?: "earlier" | "which_day" | "no_time" };

/** When each step was, going by the steps before it. */
export function stepsOf(occurred: number, unit: Pick<UnitForm, "times" | "days">): Record<PaperStamp, Step> {
  let before = occurred;
  const found = {} as Record<PaperStamp, Step>;
  for (const stamp of stamps) {
    const step = stepAfter(before, unit.times[stamp], unit.days[stamp]);
    found[stamp] = step;
    before = step.at ?? before;
  }
  return found;
}

function stepAfter(before: number, time: string, day: string): Step {
  if (time === "") return { at: null };
  const at = instantAt(`${day || localOf(before).slice(0, 10)}T${time}`);
  if (at === null) return { at: null, fault: "no_time" };
  // The paper has minutes: what happened in the same one is not before it.
  const floor = Math.floor(before / 60_000) * 60_000;
  if (day) return at < floor ? { at: null, fault: "earlier" } : { at: Math.max(at, before) };
  const next = at < floor ? at + oneDay : at;
  return next - before > halfDay ? { at: null, fault: "which_day" } : { at: Math.max(next, before) };
}

/** What is wrong with it as far as can be told here; the service looks at the rest. */
export function faultsOf(form: PaperForm, now: number | null): Fault[] {
  const occurred = instantAt(form.occurred);
  const later = (at: number | null): boolean => at !== null && now !== null && at > now;
  const faults: Fault[] = [];
  const wrong = (field: string, code: string, when: boolean): void => void (when && faults.push({ field, code }));
  wrong("paper_number", "needed", form.number.trim() === "");
  wrong("paper_number", "string_pattern_mismatch", form.number.trim() !== "" && !/^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$/.test(form.number.trim()));
  wrong("occurred_at", "needed", occurred === null);
  wrong("occurred_at", "in_the_future", later(occurred));
  wrong("incident_type", "needed", form.type === null);
  wrong("where", "where_required", !form.placeId && !form.divisionCode && form.address.trim() === "");
  let last = occurred;
  form.units.forEach((unit, index) => {
    if (!written(unit)) return;
    wrong(`units/${index}/unit_id`, "needed", unit.unitId === null);
    wrong(`units/${index}/unit_id`, "repeated_unit", unit.unitId !== null && form.units.slice(0, index).some((one) => one.unitId === unit.unitId));
    wrong(`units/${index}/issued_at`, "needed", unit.times.issued_at === "");
    wrong(`units/${index}/role`, "second_lead", unit.role === "lead" && form.units.slice(0, index).some((one) => written(one) && one.role === "lead"));
    if (occurred === null) return;
    const steps = stepsOf(occurred, unit);
    for (const stamp of stamps) {
      const step = steps[stamp];
      if (step.fault) wrong(`units/${index}/${stamp}`, step.fault, true);
      wrong(`units/${index}/${stamp}`, "in_the_future", later(step.at));
      last = Math.max(last ?? 0, step.at ?? 0);
    }
  });
  wrong("over", "needed", form.over === null);
  if (form.over !== "over") return faults;
  const ended = instantAt(form.ended);
  wrong("ended_at", "needed", ended === null);
  wrong("ended_at", "before_steps", ended !== null && last !== null && ended < Math.floor(last / 60_000) * 60_000);
  wrong("ended_at", "in_the_future", later(ended));
  return faults;
}

/** What is sent; only of a form without faults. */
export function recordOf(form: PaperForm): PaperRecord {
  const occurred = instantAt(form.occurred) ?? 0;
  const text = (name: "address" | "description"): Record<string, string> => (form[name].trim() ? { [name]: form[name].trim() } : {});
  const caller = {
    ...(form.callerName.trim() ? { name: form.callerName.trim() } : {}),
    ...(form.callerPhone.trim() ? { phone: form.callerPhone.trim() } : {}),
  };
  const units = form.units.filter(written).map((unit) => unitOf(unit, occurred));
  const last = Math.max(occurred, ...units.flatMap((unit) => stamps.map((stamp) => Date.parse(unit[stamp] ?? "") || 0)));
  return {
    paper_number: form.number.trim(),
    occurred_at: rfc3339(occurred),
    incident_type: form.type ?? "",
    ...(form.placeId ? { place_id: form.placeId } : {}),
    ...(form.divisionCode ? { division_code: form.divisionCode } : {}),
    ...text("address"),
    ...text("description"),
    ...(Object.keys(caller).length > 0 ? { caller } : {}),
    ...(form.exercise === "actual" ? {} : { exercise: form.exercise }),
    units,
    ...(form.over === "over" ? { ended_at: rfc3339(Math.max(instantAt(form.ended) ?? 0, last)), disposition: form.disposition } : {}),
  };
}

function unitOf(unit: UnitForm, occurred: number): PaperUnit {
  const steps = stepsOf(occurred, unit);
  const known = stamps.flatMap((stamp) => (steps[stamp].at === null ? [] : [[stamp, rfc3339(steps[stamp].at)] as const]));
  return {
    unit_id: unit.unitId ?? "",
    role: unit.role,
    issued_at: rfc3339(occurred),
    ...Object.fromEntries(known),
    ...(unit.outcome ? { feedback: { outcome: unit.outcome, ...(unit.text.trim() ? { text: unit.text.trim() } : {}) } } : {}),
  };
}

/** The paper after this one: its number counts on. */
export function nextNumber(number: string): string {
  const found = /^(.*?)(\d+)$/.exec(number.trim());
  if (!found) return "";
  const [, head = "", digits = ""] = found;
  return head + String(Number(digits) + 1).padStart(digits.length, "0");
}

/** A place in the body as the form calls it. */
export const fieldOf = (pointer: string): string => pointer.replace(/^\//, "").replace(/^(place_id|division_code|address)$/, "where");
