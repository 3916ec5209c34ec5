/** What a trigger waits for, in plain words that stand within a sentence: "when the lead is on scene". */
import type { Instant, Trigger } from "../wire/types.ts";
import { clockMinute, day } from "./format.ts";
import type { Translator } from "./messages/catalogue.ts";
import type { plan } from "./messages/plan.ts";

type Say = Translator<typeof plan>;

export function lasting(seconds: number, t: Say): string {
  if (seconds >= 3_600 && seconds % 3_600 === 0) return t("for.hours", { n: seconds / 3_600 });
  if (seconds >= 60 && seconds % 60 === 0) return t("for.minutes", { n: seconds / 60 });
  return t("for.seconds", { n: seconds });
}

/** Where it is known when the time comes, the clock is said: nobody should have to add minutes. */
export function whenWords(trigger: Trigger, t: Say, known: { dueAt?: Instant | null; openedAt?: Instant } = {}): string {
  const { event, tag } = trigger;
  const after = trigger.after_s ?? null;
  const at = known.dueAt ? instantWords(known.dueAt, known.openedAt) : null;
  const wait = after === null ? null : { for: lasting(after, t), at: at ?? "" };
  const silent = event === "lead_silent" && wait !== null;
  const parts = [
    silent ? t(at ? "when.silent_at" : "when.silent_after", wait) : event ? t.code("when", event) : "",
    tag ? t("when.tag", { tag: t.code("tag", tag) }) : "",
  ].filter((part) => part !== "");
  const when = parts.reduce((a, b) => (a ? t("when.and", { a, b }) : b), "");
  if (when === "") return wait === null ? t("when.at_once") : t(at ? "when.at" : "when.after", wait);
  if (wait === null || silent) return when;
  return t(at ? "when.not_before" : "when.not_before_for", { when, ...wait });
}

/** The day is said only where it is another than that of the opening. */
function instantWords(at: Instant, openedAt: Instant | undefined): string {
  return openedAt && day(openedAt) !== day(at) ? `${day(at)} ${clockMinute(at)}` : clockMinute(at);
}
