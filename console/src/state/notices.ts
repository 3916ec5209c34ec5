/** What was taken away from a unit between two pictures. It must be read and dismissed by a human. */
import type { Assignment, Incident } from "../wire/types.ts";
import { isOpen } from "./open.ts";
import type { Picture } from "./reducer.ts";
import { isActive } from "./steps.ts";

export type NoticeKind = "revoked" | "reassigned" | "excused" | "incident" | "gone";

export interface Notice {
  assignmentId: string;
  kind: NoticeKind;
  incident: Incident;
}

/**
 * Compares the unit's active assignments before with what became of them. A task that the unit
 * itself ended (completed, declined, returned) is no news to it.
 */
export function withdrawals(before: Picture, after: Picture, unitId: string): Notice[] {
  const notices: Notice[] = [];
  for (const incident of before.incidents.values()) {
    for (const assignment of incident.assignments) {
      if (assignment.unit.id !== unitId || !isActive(assignment)) continue;
      const nowIncident = after.incidents.get(incident.id);
      const now = nowIncident?.assignments.find((one) => one.id === assignment.id);
      const kind = becameOf(nowIncident, now);
      if (kind) notices.push({ assignmentId: assignment.id, kind, incident: nowIncident ?? incident });
    }
  }
  return notices;
}

function becameOf(incident: Incident | undefined, now: Assignment | undefined): NoticeKind | null {
  if (!incident || !now) return "gone";
  if (isActive(now)) return null;
  const { status } = now;
  if (status === "completed" || status === "declined" || status === "returned") return null;
  if (!isOpen(incident)) return "incident";
  if (now.excused_at) return "excused";
  return status === "reassigned" ? "reassigned" : "revoked";
}
