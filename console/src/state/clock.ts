/**
 * The service's clock as this page knows it: the median offset of the last five heartbeats over the
 * page's own steady clock. The wall clock of the computer is never used; it may be hours off.
 */

export const samplesKept = 5;

export class ServerClock {
  readonly #steady: () => number;
  #offsets: number[] = [];

  /** `steady` counts milliseconds evenly and never jumps, such as `performance.now`. */
  constructor(steady: () => number) {
    this.#steady = steady;
  }

  get known(): boolean {
    return this.#offsets.length > 0;
  }

  learn(serverTime: string): void {
    const at = Date.parse(serverTime);
    if (Number.isNaN(at)) return;
    this.#offsets = [...this.#offsets, at - this.#steady()].slice(-samplesKept);
  }

  /** After a sleep the steady clock may have stood still: what was learnt no longer holds. */
  forget(): void {
    this.#offsets = [];
  }

  /** Milliseconds since 1970 by the service's clock, or null before the first heartbeat. */
  now(): number | null {
    return this.known ? this.#steady() + median(this.#offsets) : null;
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
