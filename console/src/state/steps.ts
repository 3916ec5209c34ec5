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
  }
  return result;
}

export function primaryVerb(assignment: Assignment): UnitVerb | null {
  if (!isActive(assignment)) return null;
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

export type ClockName = "acknowledge" | "depart" | "arrive" | "feedback" | "close";

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

export function isOverdue(assignment: Assignment, now: number | null): boolean {
  if (!isActive(assignment)) return false;
  const clock = runningClock(assignment);
  if (clock && now !== null && now > Date.parse(clock.by)) return true;
  const told = assignment.overdue ?? [];
  return clock ? told.includes(`${clock.name}_by`) : told.length > 0;
}

/** When silence had its consequences: each step falls due with the deadline that was missed. */
export function urgedAt(assignment: Assignment): Instant | null {
  return assignment.steps_done?.includes("urge") ? (assignment.urge_by ?? assignment.issued_at) : null;
}

export function escalatedAt(assignment: Assignment): Instant | null {
  return assignment.steps_done?.includes("escalate") ? (assignment.acknowledge_by ?? assignment.issued_at) : null;
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
