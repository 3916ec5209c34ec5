/** Whether anybody still has to do anything about an incident. */
import type { Incident, IncidentStatus } from "../wire/types.ts";

const ended: ReadonlySet<IncidentStatus> = new Set(["closed", "cancelled", "false_alarm", "merged", "transferred"]);

export function isOpen(incident: Pick<Incident, "status">): boolean {
  return !ended.has(incident.status);
}
