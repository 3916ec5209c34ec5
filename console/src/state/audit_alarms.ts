/**
 * What the auditor has found and what is not gone yet: the last snapshot's, plus the events since.
 *
 * Invariant: as for the picture, old snapshot + the events since = new snapshot, in any order and with any repeats.
 */
import type { EventFrame, SnapshotFrame } from "../wire/frames.ts";
import type { AuditAlarm } from "../wire/types.ts";

export type AuditBook = ReadonlyMap<string, AuditAlarm>;

export const auditAlarmsOf = (frame: Pick<SnapshotFrame, "alarms">): AuditBook =>
  new Map((frame.alarms ?? []).map((alarm) => [alarm.id, alarm]));

export function auditAlarmIn(event: EventFrame): AuditAlarm | null {
  return event.event.startsWith("audit.") ? ((event.facts?.["alarm"] as AuditAlarm | undefined) ?? null) : null;
}

/** What was cleared once does not come back by an older event that is late. */
export function learnAuditAlarm(known: AuditBook, alarm: AuditAlarm): AuditBook {
  return known.get(alarm.id)?.cleared_at ? known : new Map(known).set(alarm.id, alarm);
}

export const standing = (known: AuditBook): AuditAlarm[] =>
  [...known.values()].filter((alarm) => !alarm.cleared_at).toSorted((a, b) => a.raised_at.localeCompare(b.raised_at));
