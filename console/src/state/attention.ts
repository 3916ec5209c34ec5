/**
 * What the service wants a shift leader to see. A live event says so itself (`attention`); what was said before this
 * page came up is read off the assignments: the steps of the ladder that call the leader, as long as they matter.
 */
import type { EventFrame } from "../wire/frames.ts";
import type { Assignment, Incident } from "../wire/types.ts";
import { awaitsAcknowledgement, isActive, owesConfirmation, type ClockName } from "./steps.ts";

/** Why a unit that has acknowledged is not counted on any longer. */
export const takenBackReasons = ["went_off_duty", "not_moving", "gone_silent"] as const;
export type TakenBack = (typeof takenBackReasons)[number];

export interface Attention {
  assignmentId: string;
  incidentId: string;
  /** Which clock ran out; null if the event names none that this page knows. */
  missed: ClockName | null;
  /** Its task is back at the desk, and why. */
  reason?: TakenBack | null;
  /** Of a change that nobody confirms: which. */
  revision?: number | null;
}

/** What tells one call from another: each further change calls anew. */
export const attentionCause = (one: Pick<Attention, "missed" | "reason" | "revision">): string =>
  one.reason ?? (one.missed === "change" ? `change/${one.revision ?? ""}` : (one.missed ?? ""));
export const attentionKey = (one: Attention): string => `${one.assignmentId}/${attentionCause(one)}`;

const clocks: readonly ClockName[] = ["acknowledge", "change", "depart", "arrive", "feedback", "close"];

/** `acknowledge_by` → acknowledge. */
export function clockOf(deadline: unknown): ClockName | null {
  return clocks.find((name) => deadline === `${name}_by`) ?? null;
}

export function attentionOf(event: EventFrame): Attention | null {
  if (event.facts?.["attention"] !== "shift_leader" || !event.assignment) return null;
  const { missed, reason } = event.facts;
  // Where nobody can be reached the acknowledgement is not waited for.
  const clock = missed === "deliver_by" ? "acknowledge" : clockOf(missed);
  return { ...whose(event.assignment, clock), reason: asTakenBack(reason) };
}

const whose = (one: Assignment, missed: ClockName | null): Attention => ({
  assignmentId: one.id,
  incidentId: one.incident_id,
  missed,
  revision: missed === "change" ? (one.min_ack_revision ?? null) : null,
});

const asTakenBack = (reason: unknown): TakenBack | null => takenBackReasons.find((one) => one === reason) ?? null;

/** Why a unit's task is back at the desk, as long as its place is a gap: until somebody has it, or it moves after all. */
export function takenBack(incident: Incident, assignment: Assignment): TakenBack | null {
  if (!isActive(assignment) || !assignment.steps_done?.includes("reopened")) return null;
  return asTakenBack(incident.shortfalls?.find((gap) => gap.slot === assignment.slot)?.reason);
}

const calling: readonly [step: string, missed: ClockName, owed: (one: Assignment) => boolean][] = [
  ["escalate", "acknowledge", awaitsAcknowledgement],
  ["change_overdue", "change", owesConfirmation],
  ["arrive_overdue", "arrive", (one) => isActive(one) && !one.on_scene_at],
  ["close_overdue", "close", isActive],
];

/**
 * What it was called for has been done or is nobody's any more. That a unit was silent stays said when it answers after
 * all: others may have been sent for it.
 */
export function isMootCall({ missed, reason, revision }: Attention, assignment: Assignment): boolean {
  if (missed === "change" && revision && (assignment.acknowledged_revision ?? 0) >= revision) return true;
  const owed = calling.find(([step, clock]) => step !== "escalate" && clock === missed)?.[2];
  return !reason && owed !== undefined && !owed(assignment);
}

export function attentionsIn(incidents: Iterable<Incident>): Attention[] {
  return [...incidents].flatMap((incident) =>
    incident.assignments.flatMap((one) => {
      const reason = takenBack(incident, one);
      const late = calling
        .filter(([step, , owed]) => one.steps_done?.includes(step) && owed(one))
        .map(([, missed]) => whose(one, missed));
      return reason ? [...late, { ...whose(one, null), reason }] : late;
    }),
  );
}

export const callsLeader = (assignment: Assignment): boolean =>
  ["reopened", ...calling.map(([step]) => step)].some((step) => assignment.steps_done?.includes(step));
