/** Scheduled tests of communication: in the order in which they come, those that are ended last. */
import type { Schedule } from "../wire/types.ts";
import { typedTime } from "./city_time.ts";
import { toMs } from "./format.ts";

/** 1 is Monday. */
export const week = [1, 2, 3, 4, 5, 6, 7] as const;

/** Channels at which no telephone rings. */
export const quiet: readonly string[] = ["console", "button"];

const never = Number.POSITIVE_INFINITY;
const next = ({ next_run_at }: Schedule): number => toMs(next_run_at) ?? never;

export function inOrder(schedules: readonly Schedule[]): Schedule[] {
  return schedules.toSorted((a, b) => (next(a) === next(b) ? a.name.localeCompare(b.name) : next(a) - next(b)));
}

/** The list with one schedule as it now stands. */
export const withSchedule = (schedules: readonly Schedule[], one: Schedule): Schedule[] =>
  inOrder([...schedules.filter(({ id }) => id !== one.id), one]);

export const isDaily = (weekdays: readonly number[]): boolean => week.every((one) => weekdays.includes(one));

/** A time of day as the service takes it; null for what is none. */
export function timeOfDay(text: string): string | null {
  const typed = typedTime(text);
  return /^\d\d:\d\d$/.test(typed) && typedTime(typed.replace(":", "")) === typed ? typed : null;
}
