/** Whether anybody still has to do anything about an incident, and whether it is real. */
import type { Incident, IncidentStatus } from "../wire/types.ts";

const ended: ReadonlySet<IncidentStatus> = new Set(["closed", "cancelled", "false_alarm", "merged", "transferred"]);

export function isOpen(incident: Pick<Incident, "status">): boolean {
  return !ended.has(incident.status);
}

/** An exercise or test is shown and worked on, and counts in no figure. */
export function isActual(incident: Pick<Incident, "exercise"> | null): boolean {
  return (incident?.exercise ?? "actual") === "actual";
}

/** Kept on paper while the service was away: its times are as good as the handwriting. */
export const isFromPaper = (incident: Pick<Incident, "channel">): boolean => incident.channel === "back_entry";
