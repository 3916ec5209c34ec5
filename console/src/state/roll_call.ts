/** A test of communication that calls this page, as its event tells it. */
import type { EventFrame } from "../wire/frames.ts";
import { toMs } from "./format.ts";

export interface RollCall {
  id: string;
  /** The service's time after which no answer counts. */
  until: number;
}

export function rollCallIn(event: EventFrame | null): RollCall | null {
  const { test_id: id, ends_at: ends } = event?.facts ?? {};
  const until = typeof ends === "string" ? toMs(ends) : null;
  return event?.event === "test.called" && typeof id === "string" && until !== null ? { id, until } : null;
}

/** Before the service's time is known it stands: an answer too many is refused, one too few is silence. */
export const stands = (call: RollCall | null, now: number | null): boolean => call !== null && (now === null || now < call.until);
