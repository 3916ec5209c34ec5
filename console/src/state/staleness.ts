/**
 * How far the picture may be trusted. The age runs from the last frame of a link that had caught up;
 * a reopened socket alone lifts nothing.
 */

export type Freshness = "fresh" | "amber" | "red";

export const amberAfterMs = 8_000;
export const redAfterMs = 15_000;
export const wallJumpMs = 5_000;

export class Staleness {
  #heardAt: number | null = null;
  #lostAt: number;
  #synced = false;

  constructor(steadyNow: number) {
    this.#lostAt = steadyNow;
  }

  heard(steadyNow: number): void {
    if (this.#synced) this.#heardAt = steadyNow;
  }

  synced(steadyNow: number): void {
    this.#synced = true;
    this.#heardAt = steadyNow;
  }

  lost(): void {
    this.#synced = false;
  }

  /** The page slept or the clock jumped: nothing shown can be trusted until the next sync. */
  distrust(steadyNow: number): void {
    this.#synced = false;
    this.#lostAt = Math.min(this.#lostAt, steadyNow);
  }

  get everSynced(): boolean {
    return this.#heardAt !== null;
  }

  ageMs(steadyNow: number): number {
    return steadyNow - (this.#heardAt ?? this.#lostAt);
  }

  at(steadyNow: number): Freshness {
    const age = this.ageMs(steadyNow);
    if (age > redAfterMs) return "red";
    return age > amberAfterMs ? "amber" : "fresh";
  }
}

/** Notices that the wall clock went another way than the steady one: sleep, or a set clock. */
export class WallClockWatch {
  #wall: number;
  #steady: number;

  constructor(wall: number, steady: number) {
    this.#wall = wall;
    this.#steady = steady;
  }

  jumped(wall: number, steady: number): boolean {
    const drift = Math.abs(wall - this.#wall - (steady - this.#steady));
    this.#wall = wall;
    this.#steady = steady;
    return drift > wallJumpMs;
  }
}
