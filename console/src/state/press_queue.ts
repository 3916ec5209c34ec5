/**
 * Presses of the one key on their way to the service. A press is written down before it is sent and
 * struck out only when the service has answered; until then it is sent again with the same id, so
 * that no press is lost and none counts twice.
 */
import type { CallAnswer, Exercise, Press } from "../wire/types.ts";

export interface StoredPress extends Press {
  attempts: number;
}

export type SendResult =
  | { kind: "accepted"; answer: CallAnswer }
  | { kind: "later"; afterMs: number | null; offline: boolean }
  | { kind: "rejected"; code: string; detail: string };

export type PressState =
  | { kind: "idle" }
  | { kind: "sending"; sinceMs: number; attempts: number; offline: boolean; waiting: number }
  | { kind: "received"; answer: CallAnswer }
  | { kind: "rejected"; code: string; detail: string };

export interface PressQueueOptions {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  key: string;
  send: (press: Press) => Promise<SendResult>;
  onChange: (state: PressState) => void;
  steady: () => number;
  /** Time for `pressed_at`: the service's if known. */
  now: () => number;
  newId: () => string;
}

/** Seconds of patience grow and then stay: a press is never given up. */
export const retryDelaysMs = [500, 1_000, 2_000, 4_000] as const;
/** A press found at the start of the page that is older than this asks a person first. */
export const staleAfterMs = 15 * 60_000;
const mostKept = 50;

export function retryDelay(attempts: number): number {
  return retryDelaysMs[Math.min(attempts, retryDelaysMs.length) - 1] ?? retryDelaysMs[0];
}

export class PressQueue {
  readonly #options: PressQueueOptions;
  #waiting: StoredPress[];
  #held: StoredPress[] = [];
  #sending = false;
  #since = 0;
  #offline = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PressQueueOptions) {
    this.#options = options;
    const stored = this.#read();
    const old = (press: StoredPress): boolean => options.now() - Date.parse(press.pressed_at) > staleAfterMs;
    this.#held = stored.filter(old);
    this.#waiting = stored.filter((press) => !old(press));
    if (this.#waiting.length > 0) this.#begin();
  }

  /** Presses left over from long ago, for a person to send or to drop. */
  get held(): readonly StoredPress[] {
    return this.#held;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  press(choice: string | null, exercise: Exercise = "actual"): void {
    const press: StoredPress = {
      press_id: this.#options.newId(),
      pressed_at: new Date(this.#options.now()).toISOString(),
      ...(choice ? { choice } : {}),
      ...(exercise === "actual" ? {} : { exercise }),
      attempts: 0,
    };
    // The first press opens the incident, so it is the last one that may be dropped.
    if (this.#waiting.length >= mostKept) this.#waiting.pop();
    this.#waiting.push(press);
    this.#write();
    this.#begin();
  }

  sendHeld(): void {
    this.#waiting.unshift(...this.#held.splice(0));
    this.#write();
    if (this.#waiting.length > 0) this.#begin();
  }

  dropHeld(): void {
    this.#held = [];
    this.#write();
  }

  /** The network came back or the page is looked at again: do not sit out the rest of a wait. */
  wake(): void {
    if (this.#waiting.length === 0 || this.#sending) return;
    clearTimeout(this.#timer);
    void this.#sendFirst();
  }

  #begin(): void {
    if (this.#sending || this.#timer !== undefined) {
      this.#tell();
      return;
    }
    this.#since = this.#options.steady();
    void this.#sendFirst();
  }

  async #sendFirst(): Promise<void> {
    const first = this.#waiting[0];
    if (!first) return;
    this.#timer = undefined;
    this.#sending = true;
    first.attempts += 1;
    this.#tell();
    const { attempts, ...press } = first;
    const result = await this.#options.send(press);
    this.#sending = false;
    if (result.kind === "later") {
      this.#offline = result.offline;
      const delay = Math.max(retryDelay(attempts), result.afterMs ?? 0);
      this.#timer = setTimeout(() => void this.#sendFirst(), delay);
      this.#write();
      this.#tell();
      return;
    }
    this.#offline = false;
    this.#waiting = this.#waiting.filter((one) => one !== first);
    this.#write();
    this.#options.onChange(
      result.kind === "accepted"
        ? { kind: "received", answer: result.answer }
        : { kind: "rejected", code: result.code, detail: result.detail },
    );
    // A refusal concerns this device, not this press: the others would be refused alike.
    if (result.kind === "rejected") {
      this.#waiting = [];
      this.#write();
    } else if (this.#waiting.length > 0) void this.#sendFirst();
  }

  #tell(): void {
    const attempts = this.#waiting[0]?.attempts ?? 0;
    this.#options.onChange({
      kind: "sending",
      sinceMs: this.#since,
      attempts,
      offline: this.#offline,
      waiting: this.#waiting.length,
    });
  }

  #read(): StoredPress[] {
    try {
      const parsed: unknown = JSON.parse(this.#options.storage.getItem(this.#options.key) ?? "[]");
      return Array.isArray(parsed) ? (parsed as StoredPress[]) : [];
    } catch {
      return [];
    }
  }

  #write(): void {
    const all = [...this.#held, ...this.#waiting];
    try {
      if (all.length === 0) this.#options.storage.removeItem(this.#options.key);
      else this.#options.storage.setItem(this.#options.key, JSON.stringify(all));
    } catch {
      // Storage is full or forbidden: the press still lives in this page and goes on being sent.
    }
  }
}
