/**
 * Who has it: the tries to reach each unit, read for an operator. Worst first, so that whom nothing has reached stands
 * on top, and then who is late: that a console has shown it says only that a page was open.
 *
 * Invariant: a message that a gateway has taken is not called delivered, and a delivered one is not called seen.
 */
import type { Assignment, Delivery, Instant, UnitBrief } from "../wire/types.ts";
import { awaitsAcknowledgement, escalatedAt, isActive, isOverdue, owesConfirmation } from "./steps.ts";

export const reaches = ["nothing", "trying", "sent", "delivered", "unconfirmed", "seen", "acknowledged", "ended"] as const;
export type Reach = (typeof reaches)[number];

/** Each has a sign of its own: colour alone says nothing. */
export const reachSigns: Readonly<Record<Reach, string>> = {
  nothing: "✗",
  trying: "…",
  sent: "→",
  delivered: "✓",
  unconfirmed: "◐",
  seen: "✓✓",
  acknowledged: "✓✓",
  ended: "–",
};

export interface UnitLedger {
  key: string;
  unit: UnitBrief;
  reach: Reach;
  at: Instant | null;
  /** A clock has run out on it, or others were called for its silence. */
  late: boolean;
  /** The tries of one message stand together, oldest first. */
  messages: Delivery[][];
}

export function ledgerOf(
  assignments: readonly Assignment[],
  deliveries: readonly Delivery[],
  now: number | null,
): UnitLedger[] {
  return assignments
    .map((assignment) => {
      const mine = deliveries.filter((one) => one.assignment_id === assignment.id);
      const late = isLate(assignment, now);
      return { key: assignment.id, unit: assignment.unit, late, ...reachOf(assignment, mine, now), messages: byMessage(mine) };
    })
    .toSorted((a, b) => Number(isBad(b)) - Number(isBad(a)) || reaches.indexOf(a.reach) - reaches.indexOf(b.reach));
}

/** Somebody must ring it up. */
export const isBad = ({ reach, late }: Pick<UnitLedger, "reach" | "late">): boolean => late || reach === "nothing";

const isLate = (assignment: Assignment, now: number | null): boolean =>
  isOverdue(assignment, now) || (awaitsAcknowledgement(assignment) && escalatedAt(assignment) !== null);

/** How many units stand at each level, worst first; those that are not on it any more are left out. */
export function tally(ledger: readonly UnitLedger[]): [Reach, number][] {
  return reaches
    .filter((reach) => reach !== "ended")
    .map((reach): [Reach, number] => [reach, ledger.filter((one) => one.reach === reach).length])
    .filter(([, count]) => count > 0);
}

function reachOf(assignment: Assignment, mine: readonly Delivery[], now: number | null): Pick<UnitLedger, "reach" | "at"> {
  if (!isActive(assignment) && assignment.status !== "completed") return { reach: "ended", at: assignment.ended_at ?? null };
  if (owesConfirmation(assignment)) return { reach: "unconfirmed", at: null };
  if (assignment.acknowledged_at) return { reach: "acknowledged", at: assignment.acknowledged_at };
  // Off duty nobody sits at the console: what it has shown, nobody need have seen.
  const unmanned = Boolean(assignment.selection?.on_call);
  const elsewhere = mine.filter((one) => one.channel !== "console");
  const first = (stamp: "seen_at" | "delivered_at"): Instant | null =>
    earliest([unmanned ? null : assignment[stamp], ...(unmanned ? elsewhere : mine).map((one) => one[stamp])]);
  if (first("seen_at")) return { reach: "seen", at: first("seen_at") };
  if (first("delivered_at")) return { reach: "delivered", at: first("delivered_at") };
  const sent = elsewhere.filter((one) => one.state === "sent");
  if (sent.length > 0) return { reach: "sent", at: earliest(sent.map((one) => one.sent_at)) };
  const early = now !== null && now < Date.parse(assignment.deliver_by ?? assignment.issued_at);
  const underWay = early || mine.length === 0 || mine.some((one) => one.state === "queued" || one.state === "sending");
  return { reach: underWay ? "trying" : "nothing", at: null };
}

const earliest = (stamps: readonly (Instant | null | undefined)[]): Instant | null =>
  stamps.filter((at) => at !== null && at !== undefined).toSorted()[0] ?? null;

function byMessage(tries: readonly Delivery[]): Delivery[][] {
  const messages = new Map<string, Delivery[]>();
  for (const one of tries) messages.set(one.message_id, [...(messages.get(one.message_id) ?? []), one]);
  return [...messages.values()].map((all) => all.toSorted((a, b) => a.attempt - b.attempt));
}

export type Outcome = Exclude<Delivery["state"], "expired"> | "expired" | "unshown" | "never_shown" | "not_needed" | "impossible";

/** What a try is called: a console that has not shown it yet has not had it, whatever was sent to it. */
export function outcomeOf({ channel, state, error }: Pick<Delivery, "channel" | "state" | "error">): Outcome {
  if (channel === "console" && state === "sent") return "unshown";
  if (channel === "console" && state === "expired") return "never_shown";
  if (channel === "none") return "impossible";
  return state === "expired" && error === "not needed any more" ? "not_needed" : state;
}

export const outcomeSigns: Readonly<Record<Outcome, string>> = {
  queued: "…",
  sending: "…",
  sent: "→",
  delivered: "✓",
  seen: "✓✓",
  failed_temporary: "✗",
  failed_permanent: "✗",
  expired: "?",
  unshown: "○",
  never_shown: "○",
  not_needed: "–",
  impossible: "✗",
};

export const hasFailed = (outcome: Outcome): boolean =>
  outcome === "impossible" || outcome === "failed_temporary" || outcome === "failed_permanent";

/** When a try came to what it is. */
export const timeOf = (one: Delivery): Instant =>
  one.seen_at ?? one.delivered_at ?? (one.state === "sent" ? one.sent_at : one.finished_at) ?? one.sent_at ?? one.queued_at;

export type Failure = { name: "nobody" | "drill" | "restored" | "timeout" | "unreachable" | "sender_ended" } | { name: "answered"; code: string };

/** A gateway's failure as one of the few that people need to tell apart; null for one without words of its own. */
export function failureOf(error: string): Failure | null {
  const answered = /answered (\d{3})/.exec(error)?.[1];
  if (answered) return { name: "answered", code: answered };
  if (error.startsWith("nobody to reach")) return { name: "nobody" };
  if (error === "a drill without recipients") return { name: "drill" };
  if (error === "restored") return { name: "restored" };
  if (error === "sender ended") return { name: "sender_ended" };
  if (/no answer|timeout/i.test(error)) return { name: "timeout" };
  return /^\w*(Connect|Network|Protocol|Proxy|Read|Write|Remote)\w*Error/.test(error) ? { name: "unreachable" } : null;
}
