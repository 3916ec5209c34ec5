/**
 * Which sound plays. Sounds are data: partials between 500 and 2500 Hz where it matters, one at a
 * time, the highest wins. Every sound has a visible twin that stays until it is handled.
 */
import type { Assignment } from "../wire/types.ts";
import type { Priority } from "./priority.ts";
import { awaitsAcknowledgement, mustAnswer } from "./steps.ts";

export type SoundName = "S1" | "S2" | "S3" | "S4" | "S6" | "S7" | "S8" | "revoked" | "test";

export interface Tone {
  hz: number;
  /** Seconds from the start of the pattern. */
  at: number;
  for: number;
  /** Glides to this pitch if given. */
  to?: number;
}

export interface Sound {
  tones: readonly Tone[];
  /** Seconds from one start to the next; null plays once. */
  every: number | null;
  gain: number;
}

const alternating = (a: number, b: number, each: number, times: number): Tone[] =>
  Array.from({ length: times * 2 }, (_, i) => ({ hz: i % 2 ? b : a, at: i * each, for: each }));

export const sounds: Readonly<Record<SoundName, Sound>> = {
  S1: { tones: alternating(880, 1320, 0.25, 4), every: 4, gain: 0.9 },
  S2: { tones: [{ hz: 880, at: 0, for: 0.2 }, { hz: 880, at: 0.35, for: 0.2 }], every: 10, gain: 0.7 },
  S3: { tones: [{ hz: 660, at: 0, for: 0.3 }], every: null, gain: 0.6 },
  S4: {
    tones: [
      { hz: 740, to: 554, at: 0, for: 0.4 },
      { hz: 740, to: 554, at: 0.55, for: 0.4 },
    ],
    every: 30,
    gain: 0.7,
  },
  S6: {
    tones: [0, 0.3].flatMap((at) => [
      { hz: 330, at, for: 0.18 },
      { hz: 660, at, for: 0.18 },
    ]),
    every: 20,
    gain: 0.6,
  },
  S7: { tones: [{ hz: 660, at: 0, for: 0.12 }, { hz: 990, at: 0.14, for: 0.18 }], every: null, gain: 0.5 },
  S8: { tones: alternating(960, 1200, 0.5, 1), every: 1, gain: 0.9 },
  revoked: {
    tones: [
      { hz: 880, to: 440, at: 0, for: 0.7 },
      { hz: 660, to: 330, at: 0.8, for: 0.9 },
    ],
    every: 8,
    gain: 0.7,
  },
  test: { tones: alternating(960, 1200, 0.5, 3), every: null, gain: 0.7 },
};

/** Highest first. */
const rank: readonly SoundName[] = ["S8", "S1", "revoked", "S4", "S2", "S6", "S3", "S7", "test"];

export function loudest(wanted: Iterable<SoundName>): SoundName | null {
  const set = new Set(wanted);
  return rank.find((name) => set.has(name)) ?? null;
}

/** What a change of what is known sounds like: as loud as what it makes likely. */
export const changeSound = (priority: Priority): SoundName => (priority === 1 ? "S1" : "S2");

export const muteForMs = 30_000;

export interface UnitAlarmInput {
  /** The unit's own assignments, as foreseen with what is still unsent. */
  mine: readonly Assignment[];
  /** Withdrawn and not yet dismissed. */
  revoked: number;
  /** The highest priority of what a further call said and nobody has dismissed. */
  said: Priority | null;
  linkLost: boolean;
  mutedUntil: number;
  steadyNow: number;
}

export function unitSound(input: UnitAlarmInput): SoundName | null {
  if (input.steadyNow < input.mutedUntil) return null;
  const wanted: SoundName[] = [];
  if (input.mine.some((one) => one.role !== "notify" && mustAnswer(one))) wanted.push("S8");
  if (input.mine.some((one) => one.role === "notify" && awaitsAcknowledgement(one))) wanted.push("S2");
  if (input.revoked > 0) wanted.push("revoked");
  if (input.said !== null) wanted.push(changeSound(input.said));
  if (input.linkLost) wanted.push("S6");
  return loudest(wanted);
}
