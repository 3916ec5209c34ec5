/**
 * An assignment's way through its steps as the consoles show it: what is done, what is next, which
 * clock runs. The table of what may follow what is the service's; this one only offers.
 */
import type { Assignment, AssignmentStatus, Instant, Role } from "../wire/types.ts";
import type { Action, UnitVerb } from "./action_queue.ts";

export const stepNames = [
  "issued",
  "delivered",
  "acknowledged",
  "en_route",
  "on_scene",
  "fed_back",
  "completed",
] as const;
export type StepName = (typeof stepNames)[number];

export type StepMark = "done" | "local" | "open";

export interface Step {
  name: StepName;
  mark: StepMark;
  at: Instant | null;
}

const reached: Readonly<Record<string, number>> = {
  issued: 0,
  delivered: 1,
  acknowledged: 2,
  en_route: 3,
  on_scene: 4,
  completed: 6,
};

const verbStep: Partial<Record<UnitVerb, StepName>> = {
  acknowledge: "acknowledged",
  depart: "en_route",
  arrive: "on_scene",
  feedback: "fed_back",
  complete: "completed",
};

const verbStatus: Partial<Record<UnitVerb, AssignmentStatus>> = {
  acknowledge: "acknowledged",
  depart: "en_route",
  arrive: "on_scene",
  complete: "completed",
  decline: "declined",
};

const ended: ReadonlySet<AssignmentStatus> = new Set(["completed", "declined", "returned", "revoked", "reassigned"]);

export function isActive(assignment: Assignment): boolean {
  return !ended.has(assignment.status) && !assignment.excused_at;
}

export function awaitsAcknowledgement(assignment: Assignment): boolean {
  return isActive(assignment) && (assignment.status === "issued" || assignment.status === "delivered");
}

/** It has acknowledged its task, but not the last change that matters. */
export function owesConfirmation(assignment: Assignment): boolean {
  const seen = assignment.acknowledged_revision ?? null;
  return isActive(assignment) && seen !== null && seen < (assignment.min_ack_revision ?? 1);
}

/** What rings at a unit until it has answered. */
export const mustAnswer = (assignment: Assignment): boolean => awaitsAcknowledgement(assignment) || owesConfirmation(assignment);

export function stampOf(assignment: Assignment, step: StepName): Instant | null {
  return assignment[`${step}_at`] ?? null;
}

/** A step without a stamp that a later step has passed is done but unstamped: shown as missing. */
export function stepsOf(assignment: Assignment, unsent: readonly Action[] = []): Step[] {
  const far = reached[assignment.status] ?? -1;
  return stepNames.map((name, at) => {
    const stamp = stampOf(assignment, name);
    const local = unsent.find((action) => action.state !== "refused" && verbStep[action.verb] === name);
    const done = stamp !== null || (at <= far && name !== "fed_back");
    if (done) return { name, mark: "done", at: stamp };
    return local ? { name, mark: "local", at: local.occurred_at } : { name, mark: "open", at: null };
  });
}

/** The assignment as it will be once the actions still unsent have been taken. */
export function foreseen(assignment: Assignment, unsent: readonly Action[]): Assignment {
  let result = assignment;
  for (const action of unsent) {
    if (action.state === "refused" || action.assignment_id !== assignment.id) continue;
    const status = verbStatus[action.verb];
    if (status && !ended.has(result.status)) result = { ...result, status };
    if (action.verb === "feedback") result = { ...result, fed_back_at: action.occurred_at };
    const seen = action.body["incident_revision"];
    if (typeof seen === "number") result = { ...result, acknowledged_revision: Math.max(seen, result.acknowledged_revision ?? 0) };
  }
  return result;
}

export function primaryVerb(assignment: Assignment): UnitVerb | null {
  if (!isActive(assignment)) return null;
  if (owesConfirmation(assignment)) return "confirm";
  switch (assignment.status) {
    case "issued":
    case "delivered":
      return "acknowledge";
    case "acknowledged":
      return assignment.role === "notify" ? null : "depart";
    case "en_route":
      return "arrive";
    case "on_scene":
      return assignment.fed_back_at ? "complete" : "feedback";
    default:
      return null;
  }
}

/** Besides the main action: a support may complete without feedback, anyone may add feedback. */
export function otherVerbs(assignment: Assignment): UnitVerb[] {
  if (awaitsAcknowledgement(assignment)) return ["decline"];
  if (assignment.status !== "on_scene" || !isActive(assignment)) return [];
  if (assignment.fed_back_at) return ["feedback"];
  return assignment.role === "lead" ? [] : ["complete"];
}

export type ClockName = "acknowledge" | "change" | "depart" | "arrive" | "feedback" | "close";

export interface RunningClock {
  name: ClockName;
  since: Instant;
  by: Instant;
}

/** The one clock that runs in the present step, or null if none is set. */
export function runningClock(assignment: Assignment): RunningClock | null {
  if (!isActive(assignment)) return null;
  const clock = (name: ClockName, since: Instant | null | undefined, by: Instant | null | undefined) =>
    by ? { name, since: since ?? assignment.issued_at, by } : null;
  switch (assignment.status) {
    case "issued":
    case "delivered":
      return clock("acknowledge", assignment.issued_at, assignment.acknowledge_by);
    case "acknowledged":
      return clock("depart", assignment.acknowledged_at, assignment.depart_by);
    case "en_route":
      return clock("arrive", assignment.en_route_at, assignment.arrive_by);
    default:
      return assignment.fed_back_at
        ? clock("close", assignment.fed_back_at, assignment.close_by)
        : clock("feedback", assignment.on_scene_at, assignment.feedback_by);
  }
}

/** The clock for confirming a change, which runs beside that of the step. Since when it runs is not known. */
export function changeClock(assignment: Assignment): RunningClock | null {
  const by = assignment.change_by;
  return by && owesConfirmation(assignment) ? { name: "change", since: by, by } : null;
}

/** The running clocks that have run out; null stands for whatever the service calls overdue without a clock. */
export function overdueClocks(assignment: Assignment, now: number | null): (ClockName | null)[] {
  if (!isActive(assignment)) return [];
  const told = assignment.overdue ?? [];
  const clocks = [changeClock(assignment), runningClock(assignment)].filter((clock) => clock !== null);
  if (clocks.length === 0) return told.length > 0 ? [null] : [];
  return clocks
    .filter(({ name, by }) => (now !== null && now > Date.parse(by)) || told.includes(`${name}_by`))
    .map(({ name }) => name);
}

export const isOverdue = (assignment: Assignment, now: number | null): boolean => overdueClocks(assignment, now).length > 0;

/** When silence had its consequences: each step falls due with the deadline that was missed. */
export function urgedAt(assignment: Assignment): Instant | null {
  return assignment.steps_done?.includes("urge") ? (assignment.urge_by ?? assignment.issued_at) : null;
}

/** Whom nobody could reach did not have until its acknowledgement was due. */
export function escalatedAt(assignment: Assignment, now: number | null = null): Instant | null {
  if (!assignment.steps_done?.includes("escalate")) return null;
  const due = assignment.acknowledge_by ?? assignment.issued_at;
  return now !== null && Date.parse(due) > now ? (assignment.deliver_by ?? assignment.issued_at) : due;
}

const roleOrder: Record<Role, number> = { lead: 0, support: 1, notify: 2 };

export function inOrder(assignments: readonly Assignment[]): Assignment[] {
  return assignments.toSorted(
    (a, b) =>
      Number(!isActive(a) && a.status !== "completed") - Number(!isActive(b) && b.status !== "completed") ||
      roleOrder[a.role] - roleOrder[b.role] ||
      (a.slot ?? 0) - (b.slot ?? 0) ||
      a.issued_at.localeCompare(b.issued_at),
  );
}
