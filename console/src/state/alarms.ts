/**
 * Which sound plays. Sounds are data: partials between 500 and 2500 Hz where it matters, one at a
 * time, the highest wins. Every sound has a visible twin that stays until it is handled.
 */
import type { Assignment, Incident } from "../wire/types.ts";
import { isOpen } from "./open.ts";
import { priorityOf, type Priority } from "./priority.ts";
import { hasShortfall, isWaiting } from "./queue_order.ts";
import { awaitsAcknowledgement, escalatedAt, isActive, isOverdue } from "./steps.ts";

export type SoundName = "S1" | "S2" | "S3" | "S4" | "S6" | "S7" | "S8" | "revoked" | "test";

export interface Tone {
  hz: number;
  /** Seconds from the start of the pattern. */
  at: number;
  for: number;
  /** Glides to this pitch if given. */
  to?: number;
}

export interface Sound {
  tones: readonly Tone[];
  /** Seconds from one start to the next; null plays once. */
  every: number | null;
  gain: number;
}

const alternating = (a: number, b: number, each: number, times: number): Tone[] =>
  Array.from({ length: times * 2 }, (_, i) => ({ hz: i % 2 ? b : a, at: i * each, for: each }));

export const sounds: Readonly<Record<SoundName, Sound>> = {
  S1: { tones: alternating(880, 1320, 0.25, 4), every: 4, gain: 0.9 },
  S2: { tones: [{ hz: 880, at: 0, for: 0.2 }, { hz: 880, at: 0.35, for: 0.2 }], every: 10, gain: 0.7 },
  S3: { tones: [{ hz: 660, at: 0, for: 0.3 }], every: null, gain: 0.6 },
  S4: {
    tones: [
      { hz: 740, to: 554, at: 0, for: 0.4 },
      { hz: 740, to: 554, at: 0.55, for: 0.4 },
    ],
    every: 30,
    gain: 0.7,
  },
  S6: {
    tones: [0, 0.3].flatMap((at) => [
      { hz: 330, at, for: 0.18 },
      { hz: 660, at, for: 0.18 },
    ]),
    every: 20,
    gain: 0.6,
  },
  S7: { tones: [{ hz: 660, at: 0, for: 0.12 }, { hz: 990, at: 0.14, for: 0.18 }], every: null, gain: 0.5 },
  S8: { tones: alternating(960, 1200, 0.5, 1), every: 1, gain: 0.9 },
  revoked: {
    tones: [
      { hz: 880, to: 440, at: 0, for: 0.7 },
      { hz: 660, to: 330, at: 0.8, for: 0.9 },
    ],
    every: 8,
    gain: 0.7,
  },
  test: { tones: alternating(960, 1200, 0.5, 3), every: null, gain: 0.7 },
};

/** Highest first. */
const rank: readonly SoundName[] = ["S8", "S1", "revoked", "S4", "S2", "S6", "S3", "S7", "test"];

export function loudest(wanted: Iterable<SoundName>): SoundName | null {
  const set = new Set(wanted);
  return rank.find((name) => set.has(name)) ?? null;
}

export const muteForMs = 30_000;

export interface UnitAlarmInput {
  /** The unit's own assignments, as foreseen with what is still unsent. */
  mine: readonly Assignment[];
  /** Withdrawn and not yet dismissed. */
  revoked: number;
  linkLost: boolean;
  mutedUntil: number;
  steadyNow: number;
}

export function unitSound(input: UnitAlarmInput): SoundName | null {
  if (input.steadyNow < input.mutedUntil) return null;
  const wanted: SoundName[] = [];
  if (input.mine.some((one) => one.role !== "notify" && awaitsAcknowledgement(one))) wanted.push("S8");
  if (input.mine.some((one) => one.role === "notify" && awaitsAcknowledgement(one))) wanted.push("S2");
  if (input.revoked > 0) wanted.push("revoked");
  if (input.linkLost) wanted.push("S6");
  return loudest(wanted);
}

export type DeskAlarmKind = "new" | "unattended" | "shortfall" | "escalated" | "overdue";

export interface DeskAlarm {
  /** Stable, so that what was handled once does not ring again; a new cause has a new key. */
  key: string;
  kind: DeskAlarmKind;
  incident: Incident;
  assignment: Assignment | null;
  priority: Priority;
}

/** Everything that needs a human now. Status messages are not alarms. */
export function deskAlarms(incidents: Iterable<Incident>, now: number | null): DeskAlarm[] {
  const alarms: DeskAlarm[] = [];
  for (const incident of incidents) {
    if (!isOpen(incident)) continue;
    const priority = priorityOf(incident);
    const add = (kind: DeskAlarmKind, assignment: Assignment | null, cause: string): void => {
      alarms.push({ key: `${incident.id}:${kind}:${cause}`, kind, incident, assignment, priority });
    };
    if (isWaiting(incident)) add("unattended", null, incident.status);
    if (hasShortfall(incident)) {
      add("shortfall", null, (incident.shortfalls ?? []).map((one) => `${one.unit_kind}/${one.reason}`).join());
    }
    for (const assignment of incident.assignments) {
      if (!isActive(assignment)) continue;
      if (escalatedAt(assignment) && awaitsAcknowledgement(assignment)) {
        add("escalated", assignment, assignment.id);
      } else if (isOverdue(assignment, now)) add("overdue", assignment, `${assignment.id}/${assignment.status}`);
    }
    add("new", null, "opened");
  }
  return alarms;
}

const kindOrder: Record<DeskAlarmKind, number> = { unattended: 0, escalated: 1, shortfall: 2, overdue: 3, new: 4 };

export function unhandled(alarms: readonly DeskAlarm[], handled: ReadonlySet<string>): DeskAlarm[] {
  return alarms
    .filter((alarm) => !handled.has(alarm.key))
    .toSorted(
      (a, b) =>
        kindOrder[a.kind] - kindOrder[b.kind] ||
        a.priority - b.priority ||
        a.incident.opened_at.localeCompare(b.incident.opened_at),
    );
}

export function deskSound(open: readonly DeskAlarm[], linkLost: boolean): SoundName | null {
  const wanted: SoundName[] = linkLost ? ["S6"] : [];
  for (const { kind, priority } of open) {
    if (kind === "unattended" || kind === "escalated") wanted.push("S1");
    else if (kind === "shortfall") wanted.push(priority === 1 ? "S1" : "S2");
    else if (kind === "overdue") wanted.push("S4");
    else if (priority < 4) wanted.push(`S${priority}` as SoundName);
  }
  return loudest(wanted);
}
