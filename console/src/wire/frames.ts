/** The frames of the live link. */
import type { Instant } from "./basics.ts";
import type { Assignment, AuditAlarm, Drill, Incident, Mode, Unit } from "./types.ts";

export interface WelcomeFrame {
  type: "welcome";
  server_time: Instant;
  heartbeat_s: number;
  resume: "snapshot" | "replayed" | "reset";
  scope?: unknown;
}

export interface SnapshotFrame {
  type: "snapshot";
  cursor: string | null;
  incidents: Incident[];
  units?: Unit[];
  modes?: Mode[];
  /** Held or announced in the area; a desk's only. */
  drills?: Drill[];
  /** Of the auditor; a desk's only. */
  alarms?: AuditAlarm[];
}

/** `incident.assignments` of an event holds only the assignments that it changed. */
export interface EventFrame {
  type: "event";
  event_id: string;
  cursor?: string | null;
  event: string;
  occurred_at: Instant;
  incident?: Incident | null;
  assignment?: Assignment | null;
  unit?: Unit | null;
  facts?: Record<string, unknown> | null;
}

export interface HeartbeatFrame {
  type: "heartbeat";
  server_time: Instant;
  cursor?: string | null;
}

/** The last frame before the server closes with `reason`. */
export interface GoodbyeFrame {
  type: "goodbye";
  reason: "going_away" | "epoch_changed";
  reconnect_after_ms: number;
}

export type ServerFrame = WelcomeFrame | SnapshotFrame | EventFrame | HeartbeatFrame | GoodbyeFrame;

export interface ReceiptFrame {
  type: "receipt";
  assignment_id: string;
  state: "delivered" | "seen";
}

export interface HelloFrame {
  type: "hello";
  cursor: string | null;
  token?: string;
}
