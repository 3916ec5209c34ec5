/** What people type as local time, in the city's zone whatever the computer is set to. */
import { clockMinute, day, timeZone, toMs } from "./format.ts";

const wall = new Intl.DateTimeFormat("sv-SE", {
  timeZone,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** How far the city's clocks are ahead of UTC at an instant. */
const offsetAt = (instant: number): number => Date.parse(`${wall.format(instant).replace(" ", "T")}Z`) - Math.floor(instant / 1000) * 1000;

/** `2026-11-26T02:05` as an instant in milliseconds; null for what is no time. */
export function instantAt(local: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(local)) return null;
  const asIfUtc = toMs(`${local}:00Z`);
  if (asIfUtc === null) return null;
  const guess = asIfUtc - offsetAt(asIfUtc);
  return asIfUtc - offsetAt(guess);
}

/** An instant as a field for date and time takes it. */
export const localOf = (at: number): string => `${day(at)}T${clockMinute(at)}`;

export const rfc3339 = (at: number): string => new Date(at).toISOString();
