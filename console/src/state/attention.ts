/**
 * What the service wants a shift leader to see. A live event says so itself (`attention`); what was said before this
 * page came up is read off the assignments: the steps of the ladder that call the leader, as long as they matter.
 */
import type { EventFrame } from "../wire/frames.ts";
import type { Assignment, Incident } from "../wire/types.ts";
import { awaitsAcknowledgement, isActive, type ClockName } from "./steps.ts";

export interface Attention {
  assignmentId: string;
  incidentId: string;
  /** Which clock ran out; null if the event names none that this page knows. */
  missed: ClockName | null;
}

export const attentionKey = (one: Attention): string => `${one.assignmentId}/${one.missed ?? ""}`;

const clocks: readonly ClockName[] = ["acknowledge", "depart", "arrive", "feedback", "close"];

/** `acknowledge_by` → acknowledge. */
export function clockOf(deadline: unknown): ClockName | null {
  return clocks.find((name) => deadline === `${name}_by`) ?? null;
}

export function attentionOf(event: EventFrame): Attention | null {
  if (event.facts?.["attention"] !== "shift_leader" || !event.assignment) return null;
  const { id, incident_id } = event.assignment;
  return { assignmentId: id, incidentId: incident_id, missed: clockOf(event.facts["missed"]) };
}

const calling: readonly [step: string, missed: ClockName, owed: (one: Assignment) => boolean][] = [
  ["escalate", "acknowledge", awaitsAcknowledgement],
  ["arrive_overdue", "arrive", (one) => isActive(one) && !one.on_scene_at],
  ["close_overdue", "close", isActive],
];

export function attentionsIn(incidents: Iterable<Incident>): Attention[] {
  return [...incidents].flatMap((incident) =>
    incident.assignments.flatMap((one) =>
      calling
        .filter(([step, , owed]) => one.steps_done?.includes(step) && owed(one))
        .map(([, missed]) => ({ assignmentId: one.id, incidentId: incident.id, missed })),
    ),
  );
}

export const callsLeader = (assignment: Assignment): boolean =>
  calling.some(([step]) => assignment.steps_done?.includes(step));
