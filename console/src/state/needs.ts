/** What a requirement asks beside its kind and role, in short words. */
import type { Requirement } from "../wire/types.ts";
import { distance, type Language } from "./format.ts";
import type { Translator } from "./messages/catalogue.ts";
import type { plan } from "./messages/plan.ts";
import { lasting, whenWords } from "./trigger_words.ts";

type Say = Translator<typeof plan>;
const capabilityPool = "capability:";

/** Whom a place is filled from: a unit kind, or every kind that has a capability. */
export function poolName(pool: string, kindName: (code: string) => string, t: Say): string {
  if (!pool.startsWith(capabilityPool)) return kindName(pool);
  return t("need.any", { capability: t.code("capability", pool.slice(capabilityPool.length)) });
}

export const poolOf = (one: Requirement): string => one.unit_kind ?? `${capabilityPool}${one.capability ?? ""}`;

export const isHeldBack = (one: Requirement): boolean => Boolean(one.release) && one.filled.length === 0 && !one.shortfall;

export function needWords(one: Requirement, t: Say, language: Language): string[] {
  const numbers = { ask: one.ask ?? 0, n: one.required_count };
  return [
    one.capability && one.unit_kind ? t("need.capability", { capability: t.code("capability", one.capability) }) : "",
    one.language ? t("need.language", { language: languageName(one.language, language) }) : "",
    one.units?.length ? t("need.units", { units: one.units.join(" ") }) : "",
    one.within_m ? t("need.within", { distance: distance(one.within_m) }) : "",
    one.rest_s ? t("need.rest", { for: lasting(one.rest_s, t) }) : "",
    one.tier ? t("need.tier", { tier: t.code("tier", one.tier) }) : "",
    one.spread ? t("need.spread", { level: t.code("level", one.spread) }) : "",
    numbers.ask > numbers.n ? t(one.claim ? "need.claim" : "need.enough", numbers) : "",
    one.release ? t("need.held", { when: whenWords(one.release, t) }) : "",
    one.leads ? t("need.leads", { when: whenWords(one.leads, t) }) : "",
    one.mandatory === false && one.role !== "notify" ? t("need.optional") : "",
  ].filter((words) => words !== "");
}

function languageName(code: string, language: Language): string {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
