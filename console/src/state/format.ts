/** Numbers and instants as people read them. All times are the city's, whatever the computer is set to. */

export const timeZone = "Asia/Shanghai";

const clockFormat = new Intl.DateTimeFormat("en-GB", {
  timeZone,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dateFormat = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

export const missing = "—";

export function clockTime(at: string | number | null | undefined): string {
  const instant = toMs(at);
  return instant === null ? missing : clockFormat.format(instant);
}

export function clockMinute(at: string | number | null | undefined): string {
  const instant = toMs(at);
  return instant === null ? missing : clockFormat.format(instant).slice(0, 5);
}

export function day(at: string | number | null | undefined): string {
  const instant = toMs(at);
  return instant === null ? missing : dateFormat.format(instant);
}

export function toMs(at: string | number | null | undefined): number | null {
  if (at === null || at === undefined) return null;
  const instant = typeof at === "number" ? at : Date.parse(at);
  return Number.isNaN(instant) ? null : instant;
}

/** `07`, `1:05`… under an hour as minutes and seconds, `2:07:30` above. */
export function stopwatch(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  if (hours > 0) return `${hours}:${String(minutes).padStart(2, "0")}:${seconds}`;
  return `${String(minutes).padStart(2, "0")}:${seconds}`;
}

/** A digit that changes faster than it can be read says nothing: from ten minutes on, minutes. */
export function age(ms: number): { text: string; unit: "clock" | "minutes" | "hours" } {
  if (ms < 600_000) return { text: stopwatch(ms), unit: "clock" };
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return { text: String(minutes), unit: "minutes" };
  return { text: `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`, unit: "hours" };
}

/** Time left until a deadline; negative is shown as time over it with a plus sign. */
export function countdown(ms: number): { text: string; over: boolean } {
  if (ms >= 0) return { text: stopwatch(Math.ceil(ms / 1000) * 1000), over: false };
  return { text: `+${stopwatch(-ms)}`, over: true };
}

export function distance(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return missing;
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** The serial of a number such as 430304-20261123-000042, as people say it aloud. */
export function shortNumber(number: string): string {
  const serial = number.split("-").at(-1) ?? number;
  return serial.replace(/^0+(?=\d)/, "");
}

export type Language = "zh-CN" | "en";

export function nameOf(
  named: { name?: string | null; name_en?: string | null; code?: string | null } | null | undefined,
  language: Language,
): string {
  const chosen = language === "en" ? named?.name_en : null;
  return chosen || named?.name || named?.code || missing;
}
