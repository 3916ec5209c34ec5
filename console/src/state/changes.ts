/**
 * Changes that matter: what a unit was alarmed for again. The assignment says that a confirmation is owed; what has
 * changed only the event says, so that a page which was not there then can but say that something has.
 */
import type { EventFrame } from "../wire/frames.ts";
import type { Assignment } from "../wire/types.ts";

export interface Change {
  assignmentId: string;
  revision: number;
  /** `severity`, `urgency`, `address`, and `tag:<code>` for each new danger. */
  what: readonly string[];
}

export const changeKey = (one: Change): string => `${one.assignmentId}/${one.revision}`;

export function changeOf(event: EventFrame): Change | null {
  const { changed, revision } = event.facts ?? {};
  if (event.event !== "assignment.alerted" || !event.assignment || !Array.isArray(changed)) return null;
  return { assignmentId: event.assignment.id, revision: Number(revision), what: changed.map(String) };
}

/** What has changed since a unit's last word, each once; null where some of it was said while nobody listened. */
export function changedSince(assignment: Assignment, heard: readonly Change[]): string[] | null {
  const last = assignment.acknowledged_revision ?? null;
  const fresh = heard.filter((one) => one.assignmentId === assignment.id && one.revision > (last ?? 0));
  const owed = last === null ? 0 : (assignment.min_ack_revision ?? last) - last;
  return fresh.length < owed ? null : [...new Set(fresh.flatMap((one) => one.what))];
}
