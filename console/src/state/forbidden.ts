/** A dispatch that the rules forbid: which kind of unit, and the rule's own reason. A person may still decide it. */
import type { Named, ProblemBody, UnitBrief } from "../wire/types.ts";

export interface Forbidden {
  unit: string;
  kind: string | null;
  why: Named | null;
}

export function forbiddenOf(body: ProblemBody): Forbidden | null {
  if (body.code !== "excluded_by_rule") return null;
  return { unit: text(body["unit"]) ?? "", kind: text(body["unit_kind"]), why: named(body["why"]) };
}

/** Every one of the chosen whom the refusal means: the service names the first only. */
export function meant<One extends { unit: UnitBrief }>(
  chosen: readonly One[],
  forbidden: Forbidden | null,
  excluded: readonly string[],
): One[] {
  return chosen.filter(
    ({ unit }) =>
      (forbidden !== null && (unit.code === forbidden.unit || (unit.kind !== null && unit.kind === forbidden.kind))) ||
      (unit.kind !== null && excluded.includes(unit.kind)),
  );
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

function named(value: unknown): Named | null {
  const { zh, en } = (typeof value === "object" && value !== null ? value : {}) as Partial<Named>;
  return typeof zh === "string" && typeof en === "string" ? { zh, en } : null;
}
