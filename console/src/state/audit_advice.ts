/**
 * What an operator does about something that the auditor found, and where to look first. The auditor tells every desk how
 * many, never which: incidents outside a desk's area are not its to know. Which may be meant is told from its own picture.
 */
import type { Incident } from "../wire/types.ts";
import { isOpen } from "./open.ts";
import { hasOverdue, isWaiting } from "./queue_order.ts";
import { awaitsAcknowledgement, isActive } from "./steps.ts";

/** Who can mend it: an operator now, or only whoever runs the system. */
export const advised = [
  "assignment_without_timer",
  "timer_late",
  "silence_without_step",
  "deadline_without_step",
  "place_without_anybody",
  "incident_without_anybody",
  "watermark_held",
  "delivery_late",
  "kit_old",
  "relay_stuck",
  "audit_unsealed",
  "servers_silent",
] as const;
export type Advised = (typeof advised)[number];

export const isAdvised = (code: string): code is Advised => (advised as readonly string[]).includes(code);

type Meant = (incident: Incident, now: number | null) => boolean;

const silent: Meant = (incident) => incident.assignments.some((one) => isActive(one) && awaitsAcknowledgement(one));
const late: Meant = (incident, now) => hasOverdue(incident, now) || silent(incident, now);
const atWork: Meant = (incident) => incident.assignments.some((one) => isActive(one));
const anything: Meant = () => true;

const meant: Readonly<Partial<Record<Advised, Meant>>> = {
  assignment_without_timer: atWork,
  timer_late: late,
  silence_without_step: silent,
  deadline_without_step: (incident, now) => hasOverdue(incident, now),
  place_without_anybody: anything,
  incident_without_anybody: (incident) => isWaiting(incident),
  delivery_late: silent,
  relay_stuck: atWork,
};

/** The incidents that may be meant, the longest open first; none where it is about no incident. */
export function mayBeMeant(code: string, incidents: readonly Incident[], now: number | null): Incident[] {
  const test = isAdvised(code) ? meant[code] : undefined;
  if (!test) return [];
  return incidents
    .filter((one) => isOpen(one) && test(one, now))
    .toSorted((a, b) => a.opened_at.localeCompare(b.opened_at));
}
