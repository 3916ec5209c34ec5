/** The drills that touch the desk's area, held or announced: kept as `book.ts` keeps them. */
import type { EventFrame, SnapshotFrame } from "../wire/frames.ts";
import type { Drill } from "../wire/types.ts";
import { bookOf, told, type Book } from "./book.ts";

export { inForce as drillsInForce, learn as learnDrill } from "./book.ts";

export type DrillBook = Book<Drill>;

export const drillsOf = (frame: Pick<SnapshotFrame, "drills">): DrillBook => bookOf(frame.drills);
export const drillIn = (event: EventFrame): Drill | null => told(event, "drill");
