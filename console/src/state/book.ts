/**
 * What a snapshot lists and events tell whole, each with an end of its own: modes, drills. They begin and run out by the
 * service's clock without an event, so that who shows them asks with the time.
 *
 * Invariant: as for the picture, old snapshot + the events since = new snapshot, in any order and with any repeats.
 */
import type { EventFrame } from "../wire/frames.ts";
import type { Instant } from "../wire/types.ts";
import { toMs } from "./format.ts";

export interface Entry {
  readonly id: string;
  readonly starts_at: Instant;
  readonly ends_at: Instant | null;
  readonly ended_at: Instant | null;
}

export type Book<One extends Entry> = ReadonlyMap<string, One>;

export const bookOf = <One extends Entry>(listed: readonly One[] | undefined): Book<One> =>
  new Map((listed ?? []).map((one) => [one.id, one]));

/** What has ended once does not come back by an older event that is late. */
export function learn<One extends Entry>(known: Book<One>, one: One): Book<One> {
  return known.get(one.id)?.ended_at ? known : new Map(known).set(one.id, one);
}

/** What an event of a noun tells of, found in its facts under the noun's name. */
export function told<One extends Entry>(event: EventFrame, noun: string): One | null {
  return event.event.startsWith(`${noun}.`) ? ((event.facts?.[noun] as One | undefined) ?? null) : null;
}

/** What stands now and, apart, what will, in the order in which it starts. Before the time is known, all stands. */
export function inForce<One extends Entry>(known: Book<One>, now: number | null): { standing: One[]; coming: One[] } {
  const alive = [...known.values()]
    .filter((one) => !one.ended_at && (now === null || (toMs(one.ends_at) ?? Infinity) > now))
    .toSorted((a, b) => a.starts_at.localeCompare(b.starts_at));
  const begun = (one: One): boolean => now === null || Date.parse(one.starts_at) <= now;
  return { standing: alive.filter(begun), coming: alive.filter((one) => !begun(one)) };
}
