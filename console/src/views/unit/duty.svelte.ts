/** A unit's duty: its tasks, what it did that is still unsent, what was taken from it, and the alarm. */
import { Api } from "../../wire/api.ts";
import { Refusal } from "../../wire/http.ts";
import type { EventFrame } from "../../wire/frames.ts";
import type { Assignment, Incident, UnitBrief } from "../../wire/types.ts";
import { ActionQueue, type Action, type ActionResult, type UnitVerb } from "../../state/action_queue.ts";
import { muteForMs, unitSound } from "../../state/alarms.ts";
import { changedSince, changeKey, changeOf, type Change } from "../../state/changes.ts";
import { furtherCallKey, furtherCallOf, furtherCallsIn, rings, sayingKey, sayings, type FurtherCall } from "../../state/further_calls.ts";
import { withdrawals, type Notice } from "../../state/notices.ts";
import { priorityOf, type Priority } from "../../state/priority.ts";
import { isOpen } from "../../state/open.ts";
import type { Picture } from "../../state/reducer.ts";
import { foreseen, isActive, mustAnswer } from "../../state/steps.ts";
import { inTaskOrder, shownOf } from "../../state/task_order.ts";
import { newId } from "../identity.ts";
import { Kept } from "../kept.svelte.ts";
import { Live } from "../live.svelte.ts";
import { Names } from "../names.svelte.ts";
import { Siren } from "../siren.svelte.ts";

export interface Task {
  incident: Incident;
  /** As the service has it. */
  assignment: Assignment;
  /** As it will be once everything unsent has been taken. */
  foreseen: Assignment;
  unsent: readonly Action[];
}

export class Duty {
  readonly unit: UnitBrief;
  readonly names = new Names();
  readonly siren = new Siren();
  readonly live: Live;
  actions = $state.raw<readonly Action[]>([]);
  /** Nudges by assignment, until the unit's next step. */
  urges = $state.raw<ReadonlyMap<string, string>>(new Map());
  notices = $state.raw<readonly Notice[]>([]);
  chosen = $state<string | null>(null);
  mutedUntil = $state(0);
  reachable = $state(true);

  readonly #furtherCalls = new Kept<FurtherCall>("dispatch.further_calls", furtherCallKey);
  readonly #changes = new Kept<Change>("dispatch.changes", changeKey);
  readonly #dismissed = new Kept<string>("dispatch.dismissed", (key) => key);

  tasks: readonly Task[] = $derived.by(() => this.#tasks());
  task: Task | null = $derived(shownOf(this.tasks, this.chosen));
  ringing: boolean = $derived(this.tasks.some((task) => mustAnswer(task.foreseen)));
  /** What further calls said of the unit's incidents that nobody here has dismissed. */
  news: readonly FurtherCall[] = $derived.by(() => this.#news());
  refused: readonly Action[] = $derived(this.actions.filter((action) => action.state === "refused"));
  unsent: number = $derived(this.actions.length - this.refused.length);
  sound = $derived.by(() =>
    unitSound({
      mine: this.tasks.map((task) => task.foreseen),
      revoked: this.notices.length,
      said: this.#gravest(),
      linkLost: this.live.freshness === "red",
      mutedUntil: this.mutedUntil,
      steadyNow: this.live.steady,
    }),
  );

  readonly #api: Api;
  readonly #queue: ActionQueue;
  #told = new Set<string>();
  #fetched = new Set<string>();

  constructor(api: Api, unit: UnitBrief, token: () => string | null) {
    this.#api = api;
    this.unit = unit;
    this.live = new Live({ token, onChange: (before, after, event) => this.#changed(before, after, event) });
    this.#queue = new ActionQueue({
      storage: localStorage,
      key: `dispatch.actions.${unit.id}`,
      send: (action) => this.#send(action),
      onChange: (actions) => (this.actions = actions),
      onConfirmed: (assignment) => {
        this.live.mergeAssignment(assignment);
        this.siren.once("S7");
      },
      now: () => this.live.clock.now() ?? Date.now(),
      newId,
    });
    this.actions = this.#queue.actions;
  }

  start(): () => void {
    const stop = this.live.start();
    void this.names.load(this.#api);
    const wake = (): void => {
      if (document.visibilityState === "visible") this.#queue.wake();
    };
    const leaving = (event: BeforeUnloadEvent): void => {
      if (this.#queue.unsent > 0) event.preventDefault();
    };
    this.#queue.wake();
    const loop = setInterval(wake, 15_000);
    addEventListener("online", wake);
    addEventListener("beforeunload", leaving);
    document.addEventListener("visibilitychange", wake);
    return () => {
      stop();
      this.siren.set(null);
      clearInterval(loop);
      removeEventListener("online", wake);
      removeEventListener("beforeunload", leaving);
      document.removeEventListener("visibilitychange", wake);
    };
  }

  act(verb: UnitVerb, body: Record<string, unknown> = {}): void {
    const task = this.task;
    if (!task) return;
    const urges = new Map(this.urges);
    if (urges.delete(task.assignment.id)) this.urges = urges;
    // Whoever acknowledges has seen what is on the screen now, not what may be known by the time it arrives.
    const seen = verb === "acknowledge" || verb === "confirm" ? { incident_revision: task.incident.revision ?? 1 } : {};
    this.#queue.add(task.assignment.id, verb, { ...seen, ...body });
  }

  /** The lead opens description, caller and words to the other units. */
  async disclose(incidentId: string): Promise<boolean> {
    try {
      await this.#api.incidentVerb(incidentId, "disclose", {}, newId());
      return true;
    } catch {
      return false;
    }
  }

  mute(): void {
    this.mutedUntil = performance.now() + muteForMs;
  }

  dismiss(notice: Notice): void {
    this.notices = this.notices.filter((one) => one.assignmentId !== notice.assignmentId);
  }

  dismissNews(call: FurtherCall): void {
    this.#dismissed.add(sayingKey(call));
  }

  /** What further calls said of an incident besides what opened it. */
  said(incidentId: string): FurtherCall[] {
    return sayings(this.#furtherCalls.items, incidentId);
  }

  /** What has changed since the unit's last word; null if this page was not told all of it. */
  changed(task: Task): string[] | null {
    return changedSince(task.foreseen, this.#changes.items);
  }

  dismissRefusal(action: Action): void {
    this.#queue.dismiss(action.id);
  }

  /** Once per assignment and state; the service keeps the first. */
  receipt(assignment: Assignment, state: "delivered" | "seen"): void {
    if (this.first(assignment, state)) this.live.receipt(assignment.id, state);
  }

  /** True once per assignment and occasion. */
  first(assignment: Assignment, occasion: string | number): boolean {
    const key = `${assignment.id}:${occasion}`;
    return !this.#told.has(key) && Boolean(this.#told.add(key));
  }

  choose(step: 1 | -1): void {
    const at = this.tasks.findIndex((task) => task.assignment.id === this.task?.assignment.id);
    const next = this.tasks[(at + step + this.tasks.length) % this.tasks.length];
    if (next) this.chosen = next.assignment.id;
  }

  #tasks(): Task[] {
    const tasks: Task[] = [];
    for (const incident of this.live.picture.incidents.values()) {
      for (const assignment of incident.assignments) {
        // A lead that has fed back may close the incident before it says that it is done: its task stays.
        const shown = isActive(assignment) || (assignment.status === "completed" && isOpen(incident));
        if (assignment.unit.id !== this.unit.id || !shown) continue;
        const unsent = this.actions.filter((action) => action.assignment_id === assignment.id);
        const ahead = foreseen(assignment, unsent);
        if (ahead.status !== "declined") tasks.push({ incident, assignment, foreseen: ahead, unsent });
      }
    }
    return inTaskOrder(tasks);
  }

  #news(): FurtherCall[] {
    const dismissed = new Set(this.#dismissed.items);
    return this.tasks
      .filter((task) => isActive(task.foreseen))
      .flatMap(({ incident }) => this.said(incident.id).filter((call) => rings(call, incident)))
      .filter((call) => !dismissed.has(sayingKey(call)));
  }

  #gravest(): Priority | null {
    const priorities = this.news.map((call) => priorityOf(this.names.level(call.choice)));
    return priorities.length > 0 ? (Math.min(...priorities) as Priority) : null;
  }

  #changed(before: Picture, after: Picture, event: EventFrame | null): void {
    const known = new Set(this.notices.map((notice) => notice.assignmentId));
    const fresh = withdrawals(before, after, this.unit.id).filter((notice) => !known.has(notice.assignmentId));
    if (fresh.length > 0) this.notices = [...this.notices, ...fresh];
    const call = event && furtherCallOf(event);
    if (call) this.#furtherCalls.add(call);
    const change = event && changeOf(event);
    if (change) this.#changes.add(change);
    if (event?.event === "assignment.urged" && event.assignment?.unit.id === this.unit.id) {
      this.urges = new Map(this.urges).set(event.assignment.id, event.occurred_at);
    }
    if (event?.event === "assignment.issued" && event.incident) void this.#complete(event.incident);
  }

  /** A task that arrives by an event comes without its companions; ask once for the rest. */
  async #complete(incident: Incident): Promise<void> {
    if (this.#fetched.has(incident.id)) return;
    this.#fetched.add(incident.id);
    try {
      const detail = await this.#api.incident(incident.id);
      this.live.merge(detail);
      this.#furtherCalls.add(...furtherCallsIn(detail, detail.calls ?? []));
    } catch {
      this.#fetched.delete(incident.id);
    }
  }

  async #send(action: Action): Promise<ActionResult> {
    // A refusal to go is no step of work done offline: it has no time of its own.
    const body = action.verb === "decline" ? action.body : { ...action.body, occurred_at: action.occurred_at };
    const verb = action.verb === "confirm" ? "acknowledge" : action.verb;
    try {
      const assignment = await this.#api.assignmentVerb(action.assignment_id, verb, body, action.id);
      this.reachable = true;
      return { kind: "confirmed", assignment };
    } catch (cause) {
      if (!(cause instanceof Refusal)) {
        this.reachable = false;
        return { kind: "later", afterMs: null };
      }
      if (cause.temporary || cause.status === 401) return { kind: "later", afterMs: cause.retryAfterMs };
      const current = cause.body.current;
      if (isAssignment(current)) this.live.mergeAssignment(current);
      return { kind: "refused", code: cause.code, detail: cause.message, current };
    }
  }
}

function isAssignment(value: unknown): value is Assignment {
  return typeof value === "object" && value !== null && "incident_id" in value && "version" in value && "unit" in value;
}
