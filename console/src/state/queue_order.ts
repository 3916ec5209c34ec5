/**
 * The desk's queue: the real before any exercise, then priority, then overdue, then age, and still while somebody points at it, so
 * that a click never lands on a row that has just moved there.
 */
import type { Incident } from "../wire/types.ts";
import { isActual, isOpen } from "./open.ts";
import { priorityOf } from "./priority.ts";
import { isActive, isOverdue } from "./steps.ts";

export type QueueFilter = "open" | "waiting" | "working" | "overdue" | "shortfall" | "ended";

export function hasOverdue(incident: Incident, now: number | null): boolean {
  return incident.assignments.some((assignment) => isOverdue(assignment, now));
}

/** Nobody is on it: no unit was found, or every one has declined or been withdrawn. */
export function isWaiting(incident: Incident): boolean {
  return (
    isOpen(incident) &&
    !incident.assignments.some((one) => one.role !== "notify" && (isActive(one) || one.status === "completed"))
  );
}

export function hasShortfall(incident: Incident): boolean {
  return isOpen(incident) && (incident.shortfalls ?? []).length > 0;
}

export function matches(incident: Incident, filter: QueueFilter, now: number | null): boolean {
  switch (filter) {
    case "open":
      return isOpen(incident);
    case "waiting":
      return isWaiting(incident);
    case "working":
      return isOpen(incident) && !isWaiting(incident);
    case "overdue":
      return isOpen(incident) && hasOverdue(incident, now);
    case "shortfall":
      return hasShortfall(incident);
    case "ended":
      return !isOpen(incident);
  }
}

export function inQueueOrder(incidents: Iterable<Incident>, now: number | null): Incident[] {
  const rows = [...incidents].map((incident) => ({
    incident,
    open: Number(!isOpen(incident)),
    drill: Number(!isActual(incident)),
    priority: priorityOf(incident),
    late: Number(!hasOverdue(incident, now)),
  }));
  rows.sort(
    (a, b) =>
      a.open - b.open ||
      a.drill - b.drill ||
      a.priority - b.priority ||
      a.late - b.late ||
      a.incident.opened_at.localeCompare(b.incident.opened_at) ||
      a.incident.id.localeCompare(b.incident.id),
  );
  return rows.map((row) => row.incident);
}

export interface ShownOrder {
  ids: string[];
  /** Arrived while the order was held still; shown once it is released. */
  waiting: number;
}

export function holdStill(shown: readonly string[], wanted: readonly string[], held: boolean): ShownOrder {
  if (!held) return { ids: [...wanted], waiting: 0 };
  const present = new Set(wanted);
  const ids = shown.filter((id) => present.has(id));
  const known = new Set(ids);
  return { ids, waiting: wanted.filter((id) => !known.has(id)).length };
}
