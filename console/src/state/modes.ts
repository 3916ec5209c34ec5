/** The modes of the desk's area: kept as `book.ts` keeps them, shown by their gravity. */
import type { EventFrame, SnapshotFrame } from "../wire/frames.ts";
import type { Mode, ModeField } from "../wire/types.ts";
import { bookOf, told, inForce as inForceByStart, type Book } from "./book.ts";

export { learn as learnMode } from "./book.ts";

export type ModeBook = Book<Mode>;

export const modeValues: Readonly<Record<ModeField, readonly string[]>> = {
  response_mode: ["I", "II", "III", "IV"],
  warning_colour: ["red", "orange", "yellow", "blue"],
  weather: [],
};

export const modesOf = (frame: Pick<SnapshotFrame, "modes">): ModeBook => bookOf(frame.modes);
export const modeIn = (event: EventFrame): Mode | null => told(event, "mode");

/** How grave it is: 0 for response mode I and a red warning, 3 for IV and blue, 4 for what has no grade. */
export function gravity(mode: Pick<Mode, "field" | "value">): number {
  const at = modeValues[mode.field].indexOf(mode.value);
  return at < 0 ? 4 : at;
}

const order: readonly ModeField[] = ["response_mode", "warning_colour", "weather"];
const byGravity = (a: Mode, b: Mode): number =>
  order.indexOf(a.field) - order.indexOf(b.field) || gravity(a) - gravity(b);

/** What stands now and, apart, what will; the gravest first, of equals the one that started first. */
export function inForce(modes: ModeBook, now: number | null): { standing: Mode[]; coming: Mode[] } {
  const { standing, coming } = inForceByStart(modes, now);
  return { standing: standing.toSorted(byGravity), coming: coming.toSorted(byGravity) };
}
