/**
 * Whom a change that matters alarms anew, and who was told of the incident once and will not hear of it. Invariant: every
 * unit stands in one of the two, once.
 */
import type { Assignment, Incident } from "../wire/types.ts";
import { inOrder, isActive } from "./steps.ts";

/** How an assignment ended, or why one that has not does not ring. */
export type Deaf = Assignment["status"] | "excused" | "notify" | "off_duty";

export interface Alarmed {
  rings: Assignment[];
  deaf: [Assignment, Deaf][];
}

/** `statusOf` gives a unit's own status: whoever is off duty is not disturbed unless it was sent as on call. */
export function alarmedBy(incident: Incident, statusOf: (unitId: string) => string | undefined): Alarmed {
  const found: Alarmed = { rings: [], deaf: [] };
  const seen = new Set<string>();
  // A unit that was sent twice stands by the task that is open, or by the later one.
  const latest = incident.assignments.toSorted((a, b) => Number(isActive(b)) - Number(isActive(a)) || b.issued_at.localeCompare(a.issued_at));
  for (const one of inOrder(latest.filter(({ unit }) => !seen.has(unit.id) && seen.add(unit.id)))) {
    const why = deafness(one, statusOf(one.unit.id));
    if (why) found.deaf.push([one, why]);
    else found.rings.push(one);
  }
  return found;
}

function deafness(one: Assignment, status: string | undefined): Deaf | null {
  if (!isActive(one)) return one.excused_at ? "excused" : one.status;
  if (one.role === "notify") return "notify";
  return (status === "off_duty" || status === "out_of_service") && !one.selection?.on_call ? "off_duty" : null;
}
