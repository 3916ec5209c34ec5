/** One priority 1–4 out of urgency and severity; it has a shape, a digit and a word, never colour alone. */
import type { Incident, Severity, Urgency } from "../wire/types.ts";

export type Priority = 1 | 2 | 3 | 4;

const byUrgency: Record<Urgency, Priority> = { critical: 1, urgent: 2, normal: 3, routine: 4 };
const bySeverity: Record<Severity, Priority> = { I: 1, II: 1, III: 2, IV: 4, NONE: 4 };

export function priorityOf(incident: Pick<Incident, "urgency" | "severity">): Priority {
  return Math.min(byUrgency[incident.urgency] ?? 3, bySeverity[incident.severity] ?? 4) as Priority;
}

export const shapes: Record<Priority, "octagon" | "triangle" | "square" | "circle"> = {
  1: "octagon",
  2: "triangle",
  3: "square",
  4: "circle",
};
