/** A test of communication and its report: who was called, on which channel, and what became of it. */
import type { Instant, UnitBrief } from "./basics.ts";

export type CallState = "called" | "sent" | "delivered" | "seen" | "answered" | "failed" | "silent";

export interface ChannelTotal {
  channel: string;
  total: number;
  called: number;
  sent: number;
  delivered: number;
  seen: number;
  answered: number;
  failed: number;
  silent: number;
}

/** Answers count from `started_at` until `ends_at`; `ended_at` is null while they do. */
export interface CommunicationTest {
  id: string;
  name: string;
  division: { code: string; name: string | null; name_en: string | null };
  channels: string[];
  window_s: number;
  started_at: Instant;
  ends_at: Instant;
  started_by: string;
  ended_at: Instant | null;
  totals: ChannelTotal[];
}

export interface CalledDevice {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  place: string | null;
}

/** One unit or device called on one channel. */
export interface TestCall {
  unit: UnitBrief | null;
  device: CalledDevice | null;
  channel: string;
  state: CallState;
  sent_after_s: number | null;
  delivered_after_s: number | null;
  seen_after_s: number | null;
  answered_after_s: number | null;
  error: string | null;
}

export interface CommunicationReport extends CommunicationTest {
  calls: TestCall[];
}

export interface NewCommunicationTest {
  name: string;
  division_code: string;
  channels: string[];
  window_s: number;
}

/** A test that comes again on weekdays (1 is Monday) at a local time; `next_run_at` is null while it is switched off. */
export interface Schedule {
  id: string;
  name: string;
  division_code: string;
  channels: string[];
  weekdays: number[];
  at: string;
  enabled: boolean;
  next_run_at: Instant | null;
  set_by: string;
  set_at: Instant;
}

export interface NewSchedule extends NewCommunicationTest {
  weekdays: number[];
  at: string;
}
