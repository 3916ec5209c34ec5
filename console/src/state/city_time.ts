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

/** A time of day as people write it, `205`, `2:05` or `02：05`, as `02:05`; what is none stays as it is. */
export function typedTime(text: string): string {
  const [, hours = "", minutes = ""] = /^(\d{1,2})[:.]?(\d{2})$/.exec(text.normalize("NFKC").trim()) ?? [];
  return minutes !== "" && Number(hours) < 24 && Number(minutes) < 60 ? `${hours.padStart(2, "0")}:${minutes}` : text;
}

/** `2026-11-26T02:05` as an instant in milliseconds; null for what is no time. */
export function instantAt(local: string): number | null {
  const [date = "", time = ""] = local.split("T");
  const typed = `${date}T${typedTime(time)}`;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(typed)) return null;
  const asIfUtc = toMs(`${typed}:00Z`);
  if (asIfUtc === null) return null;
  const guess = asIfUtc - offsetAt(asIfUtc);
  return asIfUtc - offsetAt(guess);
}

/** An instant as a field for date and time takes it. */
export const localOf = (at: number): string => `${day(at)}T${clockMinute(at)}`;

export const rfc3339 = (at: number): string => new Date(at).toISOString();
