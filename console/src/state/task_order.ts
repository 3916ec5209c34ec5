/** Which of its tasks a unit sees: what is real before any exercise, what rings before what is under way. */
import type { Assignment, Incident } from "../wire/types.ts";
import { isActual } from "./open.ts";
import { priorityOf } from "./priority.ts";
import { mustAnswer } from "./steps.ts";

export interface Ordered {
  incident: Incident;
  assignment: Assignment;
  foreseen: Assignment;
}

export function inTaskOrder<T extends Ordered>(tasks: readonly T[]): T[] {
  return tasks.toSorted(
    (a, b) =>
      Number(a.foreseen.status === "completed") - Number(b.foreseen.status === "completed") ||
      Number(isActual(b.incident)) - Number(isActual(a.incident)) ||
      Number(mustAnswer(b.foreseen)) - Number(mustAnswer(a.foreseen)) ||
      priorityOf(a.incident) - priorityOf(b.incident) ||
      a.assignment.issued_at.localeCompare(b.assignment.issued_at),
  );
}

/** The chosen one, but no exercise while a real task rings. */
export function shownOf<T extends Ordered>(tasks: readonly T[], chosen: string | null): T | null {
  const first = tasks[0] ?? null;
  const wanted = tasks.find((one) => one.assignment.id === chosen) ?? first;
  const pressing = first && isActual(first.incident) && mustAnswer(first.foreseen);
  return wanted && pressing && !isActual(wanted.incident) ? first : wanted;
}
