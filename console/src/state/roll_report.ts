/**
 * The report of a test of communication as a roll: agency by agency in the directory's order, unit by unit. The same
 * roll can be laid beside that of the day before.
 *
 * Invariant: whoever was called stands in it once for each channel; what a machine said is not called an answer.
 */
import type { Agency, CallState, CommunicationReport, TestCall } from "../wire/types.ts";

export const callStates = ["silent", "failed", "called", "sent", "delivered", "seen", "answered"] as const satisfies readonly CallState[];

/** Each has a sign of its own: colour alone says nothing. */
export const callSigns: Readonly<Record<CallState, string>> = {
  silent: "○",
  failed: "✗",
  called: "…",
  sent: "➝",
  delivered: "◐",
  seen: "◉",
  answered: "✓",
};

export interface RollGroup {
  /** The agency's code; null for one-key devices. */
  agency: string | null;
  calls: TestCall[];
  counts: Record<CallState, number>;
}

const named = (call: TestCall): string => call.unit?.code ?? call.device?.code ?? "";

export function countStates(calls: readonly TestCall[]): Record<CallState, number> {
  const counts: Record<CallState, number> = { silent: 0, failed: 0, called: 0, sent: 0, delivered: 0, seen: 0, answered: 0 };
  for (const call of calls) counts[call.state] += 1;
  return counts;
}

/** Of whom a person is known to have it: by a confirmation, or by a touch on the message. */
export const confirmed = ({ answered, seen }: Pick<Record<CallState, number>, "answered" | "seen">): number => answered + seen;

/** The seconds after which it came as far as it has. */
export function afterSeconds(call: TestCall): number | null {
  const { sent_after_s: sent, delivered_after_s: delivered, seen_after_s: seen, answered_after_s: answered } = call;
  return { sent, delivered, seen, answered, called: null, failed: null, silent: null }[call.state];
}

/** Nothing said at all: neither by a machine nor by a person. */
export const unheard = ({ silent, failed, called }: Record<CallState, number>): number => silent + failed + called;

/** Agencies that the directory does not know come after those that it does, devices last. */
export function rollGroups(calls: readonly TestCall[], agencies: readonly Agency[]): RollGroup[] {
  const ranks = new Map<string | null, number>(agencies.map(({ code, rank }) => [code, rank]));
  const place = ({ agency }: RollGroup): number => (agency === null ? Infinity : (ranks.get(agency) ?? Number.MAX_SAFE_INTEGER));
  const byAgency = new Map<string | null, TestCall[]>();
  for (const call of calls) {
    const agency = call.unit ? (call.unit.agency ?? "") : null;
    byAgency.set(agency, [...(byAgency.get(agency) ?? []), call]);
  }
  return [...byAgency]
    .map(([agency, mine]) => ({
      agency,
      calls: mine.toSorted((a, b) => named(a).localeCompare(named(b)) || a.channel.localeCompare(b.channel)),
      counts: countStates(mine),
    }))
    .toSorted((a, b) => (place(a) === place(b) ? (a.agency ?? "").localeCompare(b.agency ?? "") : place(a) - place(b)));
}

/** Milliseconds in which answers still count; 0 when it is over. */
export function leftOf(test: Pick<CommunicationReport, "ended_at" | "ends_at">, now: number | null): number {
  if (test.ended_at || now === null) return 0;
  return Math.max(0, Date.parse(test.ends_at) - now);
}

export type CallFailure = "no_console" | "off_duty" | "no_number" | "no_subscription";
const failures: readonly string[] = ["no_console", "off_duty", "no_number", "no_subscription"];
export const isCallFailure = (error: string | null): error is CallFailure => error !== null && failures.includes(error);
