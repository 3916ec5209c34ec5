/**
 * The modes of the desk's area: what the last snapshot said, plus the events since. They begin and run out by the
 * service's clock without an event, so that who shows them asks with the time.
 *
 * Invariant: as for the picture, old snapshot + the events since = new snapshot, in any order and with any repeats.
 */
import type { EventFrame, SnapshotFrame } from "../wire/frames.ts";
import type { Mode, ModeField } from "../wire/types.ts";
import { toMs } from "./format.ts";

export type ModeBook = ReadonlyMap<string, Mode>;

export const modeValues: Readonly<Record<ModeField, readonly string[]>> = {
  response_mode: ["I", "II", "III", "IV"],
  warning_colour: ["red", "orange", "yellow", "blue"],
  weather: [],
};

export const modesOf = (frame: Pick<SnapshotFrame, "modes">): ModeBook =>
  new Map((frame.modes ?? []).map((mode) => [mode.id, mode]));

/** What has ended once does not come back by an older event that is late. */
export function learnMode(known: ModeBook, mode: Mode): ModeBook {
  return known.get(mode.id)?.ended_at ? known : new Map(known).set(mode.id, mode);
}

export function modeIn(event: EventFrame): Mode | null {
  return event.event.startsWith("mode.") ? ((event.facts?.["mode"] as Mode | undefined) ?? null) : null;
}

/** How grave it is: 0 for response mode I and a red warning, 3 for IV and blue, 4 for what has no grade. */
export function gravity(mode: Pick<Mode, "field" | "value">): number {
  const at = modeValues[mode.field].indexOf(mode.value);
  return at < 0 ? 4 : at;
}

const order: readonly ModeField[] = ["response_mode", "warning_colour", "weather"];

/** What stands now and, apart, what will; the gravest first. Before the service's time is known, all of it stands. */
export function inForce(modes: ModeBook, now: number | null): { standing: Mode[]; coming: Mode[] } {
  const alive = [...modes.values()]
    .filter((mode) => !mode.ended_at && (now === null || (toMs(mode.ends_at) ?? Infinity) > now))
    .toSorted(
      (a, b) =>
        order.indexOf(a.field) - order.indexOf(b.field) ||
        gravity(a) - gravity(b) ||
        a.starts_at.localeCompare(b.starts_at),
    );
  const begun = (mode: Mode): boolean => now === null || Date.parse(mode.starts_at) <= now;
  return { standing: alive.filter(begun), coming: alive.filter((mode) => !begun(mode)) };
}
