/** Everything that needs a human at a desk now, and the one sound for it. Status messages are not alarms. */
import type { Assignment, AuditAlarm, Incident } from "../wire/types.ts";
import { changeSound, loudest, type SoundName } from "./alarms.ts";
import { attentionCause, isMootCall, type Attention, type TakenBack } from "./attention.ts";
import { rings, sayingKey, sayings, type FurtherCall } from "./further_calls.ts";
import { isActual, isOpen } from "./open.ts";
import { priorityOf, type Priority } from "./priority.ts";
import { hasShortfall, isWaiting } from "./queue_order.ts";
import { awaitsAcknowledgement, escalatedAt, isActive, overdueClocks, type ClockName } from "./steps.ts";

export type DeskAlarmKind = "audit" | "new" | "unattended" | "shortfall" | "attention" | "escalated" | "overdue" | "said";

export interface DeskAlarm {
  /** Stable, so that what was handled once does not ring again; a new cause has a new key. */
  key: string;
  kind: DeskAlarmKind;
  /** Null for what the auditor found: that is about no incident, or about more than one. */
  incident: Incident | null;
  audit?: AuditAlarm;
  priority: Priority;
  assignment?: Assignment;
  /** Which clock ran out. */
  missed?: ClockName | null;
  /** Of a shift leader's alarm: why a unit is not counted on any longer. */
  reason?: TakenBack | null;
  call?: FurtherCall;
}

/** What a desk has heard beside what stands in its picture. */
export interface Heard {
  /** Only a shift leader's desk takes these for its own: they stay until they are handled or moot. */
  attentions: readonly Attention[];
  furtherCalls: readonly FurtherCall[];
  audits: readonly AuditAlarm[];
  priorityOfType: (incidentType: string) => Priority;
}

export function deskAlarms(incidents: Iterable<Incident>, now: number | null, heard: Heard): DeskAlarm[] {
  const calls = grouped(heard.furtherCalls, (one) => one.incidentId);
  const attentions = grouped(heard.attentions, (one) => one.assignmentId);
  const ofIncidents = [...incidents].filter(isOpen).flatMap((incident) => [
    ...ofIncident(incident),
    ...ofCalls(incident, calls.get(incident.id) ?? [], heard.priorityOfType),
    ...incident.assignments.flatMap((one) => ofAssignment(incident, one, attentions.get(one.id) ?? [], now)),
  ]);
  return [...heard.audits.map(ofAudit), ...ofIncidents];
}

const ofAudit = (audit: AuditAlarm): DeskAlarm => ({
  key: `audit:${audit.id}`,
  kind: "audit",
  incident: null,
  audit,
  priority: 1,
});

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function ofIncident(incident: Incident): DeskAlarm[] {
  const alarm = (kind: DeskAlarmKind, cause: string): DeskAlarm => ({
    key: `${incident.id}:${kind}:${cause}`,
    kind,
    incident,
    priority: priorityOf(incident),
  });
  const alarms = [alarm("new", "opened")];
  if (isWaiting(incident)) alarms.push(alarm("unattended", incident.status));
  if (hasShortfall(incident)) {
    alarms.push(alarm("shortfall", (incident.shortfalls ?? []).map((one) => `${one.unit_kind}/${one.reason}`).join()));
  }
  return alarms;
}

function ofCalls(incident: Incident, calls: readonly FurtherCall[], priorityOfType: Heard["priorityOfType"]): DeskAlarm[] {
  return sayings(calls, incident.id)
    .filter((call) => rings(call, incident))
    .map((call) => ({
      key: `said:${sayingKey(call)}`,
      kind: "said",
      incident,
      priority: Math.min(priorityOf(incident), priorityOfType(call.choice)) as Priority,
      call,
    }));
}

function ofAssignment(
  incident: Incident,
  assignment: Assignment,
  attentions: readonly Attention[],
  now: number | null,
): DeskAlarm[] {
  const alarm = (kind: DeskAlarmKind, cause: string): DeskAlarm => ({
    key: `${incident.id}:${kind}:${assignment.id}${cause}`,
    kind,
    incident,
    assignment,
    priority: priorityOf(incident),
  });
  const standing = attentions.filter((one) => !isMootCall(one, assignment));
  const alarms: DeskAlarm[] = standing.map((one) => ({
    ...alarm("attention", `/${attentionCause(one)}`),
    missed: one.missed,
    reason: one.reason ?? null,
  }));
  const called = new Set(standing.map(attentionCause));
  if (!isActive(assignment)) return alarms;
  if (escalatedAt(assignment) && awaitsAcknowledgement(assignment)) {
    if (!called.has("acknowledge")) alarms.push(alarm("escalated", ""));
    return alarms;
  }
  for (const missed of overdueClocks(assignment, now)) {
    const cause = attentionCause({ missed, revision: assignment.min_ack_revision ?? null });
    if (called.has(cause)) continue;
    alarms.push({ ...alarm("overdue", missed === "change" ? `/${cause}` : `/${assignment.status}`), missed });
  }
  return alarms;
}

const kindOrder: Record<DeskAlarmKind, number> = {
  audit: 0,
  unattended: 1,
  attention: 2,
  said: 3,
  escalated: 4,
  shortfall: 5,
  overdue: 6,
  new: 7,
};

const since = ({ incident, audit }: DeskAlarm): string => incident?.opened_at ?? audit?.raised_at ?? "";

export function unhandled(alarms: readonly DeskAlarm[], handled: ReadonlySet<string>): DeskAlarm[] {
  return alarms
    .filter((alarm) => !handled.has(alarm.key))
    .toSorted(
      (a, b) =>
        Number(isActual(b.incident)) - Number(isActual(a.incident)) ||
        kindOrder[a.kind] - kindOrder[b.kind] ||
        a.priority - b.priority ||
        since(a).localeCompare(since(b)),
    );
}

/** The alarms of one incident together, and what is about none by its kind; the gravest first, as they come. */
export function together(alarms: readonly DeskAlarm[]): [key: string, alarms: DeskAlarm[]][] {
  return [...grouped(alarms, ({ incident, kind }) => incident?.id ?? kind)];
}

export function deskSound(open: readonly DeskAlarm[], linkLost: boolean): SoundName | null {
  const wanted = open.map(soundOf).filter((name) => name !== null);
  return loudest(linkLost ? [...wanted, "S6"] : wanted);
}

/** An escalation is the shift leader's to decide; to an operator it is a unit that is late. */
function soundOf({ kind, priority }: DeskAlarm): SoundName | null {
  switch (kind) {
    case "audit":
    case "unattended":
    case "attention":
      return "S1";
    case "said":
    case "shortfall":
      return changeSound(priority);
    case "escalated":
    case "overdue":
      return "S4";
    case "new":
      return priority < 4 ? (`S${priority}` as SoundName) : null;
  }
}
