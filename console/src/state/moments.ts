/** Moments as a desk reads them: to the minute, and with the day where it is another one. */
import { clockMinute, day } from "./format.ts";

export const dayMinute = (at: string): string => `${day(at).slice(5)} ${clockMinute(at)}`;

export const minuteOf = (at: string, now: number | null): string => (day(at) === day(now) ? clockMinute(at) : dayMinute(at));
