/** The few facts of a timeline entry that are worth a line; ids and versions are for the audit, not for the desk. */
import type { TimelineItem, Trigger } from "../wire/types.ts";
import { clockOf } from "./attention.ts";
import type { Translator } from "./messages/catalogue.ts";
import type { common } from "./messages/common.ts";
import type { desk } from "./messages/desk.ts";
import { whenWords } from "./trigger_words.ts";

/** How the page calls what facts only name by code or id. */
export interface FactNames {
  t: Translator<typeof common & typeof desk>;
  type: (code: string) => string;
  pool: (code: string) => string;
  unit: (id: unknown) => string;
  /** Place, address and division in one line. */
  where: (whereabouts: Readonly<Record<string, unknown>>) => string;
  /** What the incident was opened for: not worth saying again. */
  openedAs: string;
}

type Facts = Readonly<Record<string, unknown>>;
type Sayer = (value: unknown, names: FactNames, facts: Facts) => string;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const record = (value: unknown): Facts => (typeof value === "object" && value !== null ? (value as Facts) : {});
const tagList = (codes: readonly unknown[], { t }: FactNames): string => codes.map((code) => t.code("tag", String(code))).join(" · ");

const sayers: Readonly<Record<string, Sayer>> = {
  unit_kind: (value, { pool }) => pool(String(value)),
  text: String,
  found: (value, names) => names.t("fact.found", { tags: tagList(list(value), names) }),
  after: (value, names, facts) => changed(record(facts["before"]), record(value), names),
  changed: (value, names) => names.t("fact.changed", { what: list(value).map((what) => changeName(String(what), names)).join(" · ") }),
  dispatched: (value, { t, unit }) => t("fact.sent", { units: list(value).map(unit).join(" · ") }),
  override: (value, { t }) => (value === true ? t("fact.override") : ""),
  sent: (value, { t, unit }) => (list(value).length === 0 ? t("fact.nobody") : t("fact.sent", { units: list(value).map(unit).join(" · ") })),
  reason: (value, { t }, facts) =>
    facts["trigger"] && (value === "triggered" || value === "switched") ? whenWords(facts["trigger"] as Trigger, t) : t.code("reason", String(value)),
  previous: (value, { t, unit }) => t("fact.instead_of", { unit: unit(value) }),
  outcome: (value, { t }) => t.code("outcome", String(value)),
  disposition: (value, { t }) => t.code("disposition", String(value)),
  severity: String,
  urgency: String,
  call_count: (value, { t }) => t("fact.count", { n: Number(value) }),
  choice: (value, { t, type, openedAs }) => (value === openedAs ? "" : t("said.also", { what: type(String(value)) })),
  missed: (value, { t }) => {
    if (value === "deliver_by") return t("fact.unreachable");
    const clock = clockOf(value);
    return clock ? t("fact.missed", { clock: t(`clock.${clock}`) }) : "";
  },
  added: (value, { t, unit }) => t("fact.added", { unit: unit(value) }),
  superior: (value, { t, unit }) => t("fact.superior", { unit: unit(value) }),
  attention: (value, { t }) => (value === "shift_leader" ? t("attention.told") : ""),
  channel: (value, { t }) => t.code("channel_to", String(value)),
  channels: (value, { t }, facts) => {
    const asked = list(value).map((one) => t.code("channel_to", String(one)));
    // Where a change is told to an open console no other channel is asked.
    return asked.join(" ") || (facts["changed"] ? "" : t("failure.nobody"));
  },
};

function changeName(what: string, { t }: FactNames): string {
  return what.startsWith("tag:") ? t.code("tag", what.slice("tag:".length)) : t.code("changed", what);
}

const whereabouts = ["place", "address", "division_code"];

function changed(before: Facts, after: Facts, names: FactNames): string {
  if (!whereabouts.some((name) => name in after)) return raised(before, after, names);
  const { t, where } = names;
  return [t("fact.now_at", { where: where(after) }), t("fact.was_at", { where: where(before) })].join(" · ");
}

function raised(before: Facts, after: Facts, names: FactNames): string {
  const { t } = names;
  const changed = (["severity", "urgency"] as const)
    .filter((field) => after[field] !== before[field])
    .map((field) => t("fact.change", { before: t.code(field, String(before[field])), after: t.code(field, String(after[field])) }));
  const added = list(after["tags"]).filter((tag) => !list(before["tags"]).includes(tag));
  return [...changed, ...(added.length > 0 ? [t("fact.tags", { tags: tagList(added, names) })] : [])].join(" · ");
}

export function factsOf(item: TimelineItem, names: FactNames): string {
  const facts = item.facts ?? {};
  return Object.entries(sayers)
    .flatMap(([name, say]) => {
      const value = facts[name];
      return value === null || value === undefined || value === "" ? [] : [say(value, names, facts)];
    })
    .filter((text) => text !== "")
    .join(" · ");
}
