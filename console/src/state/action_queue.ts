/**
 * What a responder did, on its way to the service. Strictly first in, first out per assignment, so
 * that "arrived" never overtakes "departed"; different assignments do not wait for each other.
 * Survives a reload. Nothing is dropped in silence: what the service refuses stays until seen.
 */
import type { Assignment } from "../wire/types.ts";

export type UnitVerb = "acknowledge" | "confirm" | "depart" | "arrive" | "decline" | "feedback" | "complete";

export interface Action {
  id: string;
  assignment_id: string;
  verb: UnitVerb;
  body: Record<string, unknown>;
  occurred_at: string;
  attempts: number;
  state: "local" | "sending" | "refused";
  refusal?: { code: string; detail: string; current: unknown };
}

export type ActionResult =
  | { kind: "confirmed"; assignment: Assignment }
  | { kind: "later"; afterMs: number | null }
  | { kind: "refused"; code: string; detail: string; current: unknown };

export interface ActionQueueOptions {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  key: string;
  send: (action: Action) => Promise<ActionResult>;
  onChange: (actions: readonly Action[]) => void;
  onConfirmed: (assignment: Assignment, action: Action) => void;
  now: () => number;
  newId: () => string;
}

export const actionDelaysMs = [1_000, 2_000, 5_000, 10_000, 30_000] as const;

export function actionDelay(attempts: number): number {
  return actionDelaysMs[Math.min(attempts, actionDelaysMs.length) - 1] ?? actionDelaysMs[0];
}

export class ActionQueue {
  readonly #options: ActionQueueOptions;
  #actions: Action[];
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(options: ActionQueueOptions) {
    this.#options = options;
    this.#actions = this.#read();
  }

  get actions(): readonly Action[] {
    return this.#actions;
  }

  get unsent(): number {
    return this.#actions.filter((action) => action.state !== "refused").length;
  }

  add(assignmentId: string, verb: UnitVerb, body: Record<string, unknown> = {}): Action {
    const action: Action = {
      id: this.#options.newId(),
      assignment_id: assignmentId,
      verb,
      body,
      occurred_at: new Date(this.#options.now()).toISOString(),
      attempts: 0,
      state: "local",
    };
    this.#set([...this.#actions, action]);
    this.#pump(assignmentId);
    return action;
  }

  /** At the start, on `online`, and when the page is looked at again. */
  wake(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const id of new Set(this.#actions.map((action) => action.assignment_id))) this.#pump(id);
  }

  /** The responder has read why an action was refused. */
  dismiss(id: string): void {
    this.#set(this.#actions.filter((action) => action.id !== id || action.state !== "refused"));
  }

  #pump(assignmentId: string): void {
    const mine = this.#actions.filter((action) => action.assignment_id === assignmentId && action.state !== "refused");
    const first = mine[0];
    if (!first || first.state === "sending" || this.#timers.has(assignmentId)) return;
    void this.#sendOne(first);
  }

  async #sendOne(action: Action): Promise<void> {
    const trying = this.#replace(action.id, { state: "sending", attempts: action.attempts + 1 });
    if (!trying) return;
    const result = await this.#options.send(trying);
    if (result.kind === "later") {
      this.#replace(action.id, { state: "local" });
      const delay = Math.max(actionDelay(trying.attempts), result.afterMs ?? 0);
      this.#timers.set(
        action.assignment_id,
        setTimeout(() => {
          this.#timers.delete(action.assignment_id);
          this.#pump(action.assignment_id);
        }, delay),
      );
      return;
    }
    if (result.kind === "confirmed") {
      this.#options.onConfirmed(result.assignment, trying);
      this.#set(this.#actions.filter((one) => one.id !== action.id));
    } else {
      const { code, detail, current } = result;
      this.#replace(action.id, { state: "refused", refusal: { code, detail, current } });
    }
    this.#pump(action.assignment_id);
  }

  #replace(id: string, change: Partial<Action>): Action | null {
    let changed: Action | null = null;
    this.#set(
      this.#actions.map((action) => {
        if (action.id !== id) return action;
        changed = { ...action, ...change };
        return changed;
      }),
    );
    return changed;
  }

  #set(actions: Action[]): void {
    this.#actions = actions;
    this.#write();
    this.#options.onChange(actions);
  }

  #read(): Action[] {
    try {
      const parsed: unknown = JSON.parse(this.#options.storage.getItem(this.#options.key) ?? "[]");
      if (!Array.isArray(parsed)) return [];
      return (parsed as Action[]).map((action) => (action.state === "sending" ? { ...action, state: "local" } : action));
    } catch {
      return [];
    }
  }

  #write(): void {
    try {
      if (this.#actions.length === 0) this.#options.storage.removeItem(this.#options.key);
      else this.#options.storage.setItem(this.#options.key, JSON.stringify(this.#actions));
    } catch {
      // Storage is full or forbidden: the actions still live in this page and go on being sent.
    }
  }
}
