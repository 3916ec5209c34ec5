/**
 * The shapes on the wire, as the service sends and takes them: JSON, snake_case, instants as
 * RFC 3339 text in UTC. Nothing here may be renamed or "improved" on this side.
 */
import type { Exercise, Instant, Named, Role, Severity, Trigger, UnitBrief, Urgency } from "./basics.ts";
import type { Decision } from "./decision.ts";

export type * from "./basics.ts";
export type * from "./communication.ts";
export type * from "./decision.ts";
export type * from "./drill.ts";

export type IncidentStatus =
  | "received"
  | "dispatched"
  | "in_progress"
  | "resolved"
  | "closed"
  | "cancelled"
  | "false_alarm"
  | "merged"
  | "transferred"
  | "suspended";

export type AssignmentStatus =
  | "issued"
  | "delivered"
  | "acknowledged"
  | "en_route"
  | "on_scene"
  | "completed"
  | "declined"
  | "returned"
  | "revoked"
  | "reassigned";

export type UnitStatus = "off_duty" | "available" | "committed" | "out_of_service";

export interface Place {
  id: string;
  kind: string;
  name: string;
  name_en?: string | null;
  address?: string | null;
  division_code?: string | null;
}

export interface Unit extends UnitBrief {
  phone?: string | null;
  status?: UnitStatus | string;
  division_code?: string | null;
  version?: number;
}

export interface Location {
  longitude: number;
  latitude: number;
  crs: string;
  accuracy_m?: number | null;
  wgs84?: { longitude: number; latitude: number } | null;
}

export interface Shortfall {
  slot?: number;
  unit_kind: string;
  role: Role;
  reason: string;
  count: number;
}

/** Units of the plan that are held back (`send`), or a unit that will take the lead (`lead`). */
export interface Stage {
  action: "send" | "lead";
  requirement: number;
  unit_kind: string;
  role: Role;
  slots: number[];
  mandatory: boolean;
  trigger: Trigger;
  due_at: Instant | null;
}

export interface Selection {
  code?: string | null;
  distance_m?: number | null;
  rank?: number | null;
  substitute_for?: string | null;
  on_call?: boolean | null;
  backup_for?: string | null;
  requirement?: number | null;
  /** Asked together with others: the first to acknowledge have it, or all go and some may stay silent. */
  offer?: "claim" | "enough" | null;
}

export interface Assignment {
  id: string;
  incident_id: string;
  unit: UnitBrief;
  role: Role;
  mandatory: boolean;
  slot?: number;
  status: AssignmentStatus;
  version: number;
  issued_at: Instant;
  deliver_by?: Instant | null;
  urge_by?: Instant | null;
  acknowledge_by?: Instant | null;
  depart_by?: Instant | null;
  arrive_by?: Instant | null;
  feedback_by?: Instant | null;
  close_by?: Instant | null;
  delivered_at?: Instant | null;
  seen_at?: Instant | null;
  acknowledged_at?: Instant | null;
  en_route_at?: Instant | null;
  on_scene_at?: Instant | null;
  fed_back_at?: Instant | null;
  completed_at?: Instant | null;
  ended_at?: Instant | null;
  excused_at?: Instant | null;
  /** The incident's revision that the unit must acknowledge, by `change_by`, and the one that it has acknowledged. */
  min_ack_revision?: number;
  acknowledged_revision?: number | null;
  change_by?: Instant | null;
  /** Steps of the silence ladder that were taken: page, urge, escalate, … */
  steps_done?: string[];
  backup_for?: string | null;
  updated_by?: string | null;
  overdue?: string[];
  reason?: string | null;
  feedback?: { outcome: string; text: string | null } | null;
  selection?: Selection | null;
}

/** Another incident that may be the same event: why, how far away, and how old it was at the call. */
export interface Link {
  incident_id: string;
  number: string;
  division_code: string;
  reason: "same_device" | "same_place" | "near";
  distance_m: number | null;
  age_s: number;
}

export interface Incident {
  id: string;
  number: string;
  source_reference?: string | null;
  version: number;
  status: IncidentStatus;
  incident_type: string;
  place: Place | null;
  location?: Location | null;
  division_code?: string | null;
  address?: string | null;
  description?: string | null;
  caller?: { name?: string | null; phone?: string | null } | null;
  severity: Severity;
  urgency: Urgency;
  tags?: string[];
  exercise?: Exercise;
  channel?: string | null;
  opened_at: Instant;
  closed_at?: Instant | null;
  disposition?: string | null;
  call_count: number;
  /** Grows with each change that the units must acknowledge anew. */
  revision?: number;
  shortfalls?: Shortfall[];
  stages?: Stage[];
  restricted?: boolean;
  /** Description and caller are withheld from units that neither lead nor need them. */
  confidential?: boolean;
  /** For the desk alone; others are shown none. */
  links?: Link[];
  assignments: Assignment[];
}

/** `body` is what was said with it; a reader without details gets the call without. */
export interface Call {
  id: string;
  recorded_at?: Instant;
  occurred_at?: Instant | null;
  channel?: string | null;
  outcome?: string | null;
  body?: {
    choice?: string | null;
    exercise?: Exercise | null;
    description?: string | null;
    caller?: { name?: string | null; phone?: string | null } | null;
    tags?: string[] | null;
  } | null;
}

/** One try on one channel to reach somebody; `message_id` holds the tries of one message together. */
export interface Delivery {
  id: string;
  message_id: string;
  assignment_id: string | null;
  unit: UnitBrief | null;
  channel: string;
  recipient: string;
  recipient_kind: "console" | "duty_phone" | "on_call" | "subscription" | "drill" | "none";
  reason: string;
  state: "queued" | "sending" | "sent" | "delivered" | "seen" | "failed_temporary" | "failed_permanent" | "expired";
  attempt: number;
  queued_at: Instant;
  sent_at: Instant | null;
  delivered_at: Instant | null;
  seen_at: Instant | null;
  finished_at: Instant | null;
  next_at: Instant | null;
  provider_id: string | null;
  error: string | null;
}

export interface IncidentDetail extends Incident {
  calls?: Call[];
  decision?: Decision | null;
  deliveries?: Delivery[];
}

export interface TimelineItem {
  at: Instant;
  recorded_at?: Instant | null;
  actor?: { kind: string; name?: string | null } | null;
  event: string;
  assignment_id?: string | null;
  unit?: UnitBrief | null;
  facts?: Record<string, unknown> | null;
}

export interface Me {
  kind: "person" | "console" | "device" | "integrator" | "wall" | "gateway";
  name: string;
  role: "operator" | "shift_leader" | "admin" | "responder" | "wall" | null;
  unit: UnitBrief | null;
  device_id: string | null;
  division_codes: string[];
  server_time: Instant;
  version: string;
}

export interface IncidentTypeEntry extends Named {
  class?: string;
  severity?: Severity;
  urgency?: Urgency;
}

export interface DivisionEntry {
  code: string;
  name: string;
  name_en?: string | null;
  parent_code: string | null;
  level: string | number;
}

export interface Catalogue {
  unit_kinds: Record<string, Named>;
  incident_types: Record<string, IncidentTypeEntry>;
  place_kinds: Record<string, Named>;
  divisions: DivisionEntry[];
  /** Of this installation, besides consoles and buttons; one kept from before may lack them. */
  channels?: string[];
}

export type TriggerMode = "press" | "hold" | "double";

export interface Device {
  id: string;
  code: string;
  name?: string | null;
  name_en?: string | null;
  place: Place | null;
  trigger_mode: TriggerMode;
  hold_ms: number;
  silent: boolean;
  choices: string[];
  phone: string | null;
  state: string;
}

export interface DeviceStatus {
  device: Device;
  incident: Incident | null;
  server_time: Instant;
}

export interface Press {
  press_id: string;
  pressed_at: Instant;
  choice?: string;
  exercise?: Exercise;
}

export interface CallAnswer {
  call: { id: string; outcome: "opened" | "joined" };
  incident: Incident;
}

export interface NewIncident {
  incident_type: string;
  place_id?: string;
  division_code?: string;
  address?: string;
  description?: string;
  severity?: Severity;
  urgency?: Urgency;
  caller?: { name?: string; phone?: string };
  exercise?: Exercise;
}

/** Where it is after all: what is given takes the place of all that was known. */
export interface Relocation {
  place_id?: string;
  division_code?: string;
  address?: string;
  reason: string;
}

/** Units named by hand. `override` sends also kinds that the rules forbid here; it needs a reason. */
export interface DispatchOrder {
  units: { unit_id: string; role: Role }[];
  reason: string;
  override?: boolean;
}

export type ModeField = "response_mode" | "warning_colour" | "weather";

/** What holds for a division and all below it, from its start to its end or until it is ended. */
export interface Mode {
  id: string;
  division: { code: string; name: string | null; name_en: string | null };
  field: ModeField;
  value: string;
  starts_at: Instant;
  ends_at: Instant | null;
  reason: string;
  set_by: string;
  ended_at: Instant | null;
}

/** Something that the auditor found; `words` say it, `cleared_at` is null until it is gone. */
export interface AuditAlarm {
  id: string;
  code: string;
  count: number;
  /** How far the worst is over, and how far it may be; null and 0 for what must never be. */
  worst_s: number | null;
  limit_s: number;
  words: Named;
  raised_at: Instant;
  cleared_at: Instant | null;
}

export interface NewMode {
  division_code: string;
  field: ModeField;
  value: string;
  reason: string;
  ends_at?: Instant;
}

/** The lowest `rank` is listed first. */
export interface Agency {
  code: string;
  name: string;
  name_en: string | null;
  rank: number;
}

export interface StartPage {
  consoles: { unit: { name: string; name_en?: string | null; kind: string }; key: string }[];
  devices: { id: string; name: string; name_en?: string | null; key: string; place?: Place | string | null }[];
  logins: { name: string; role: string; password: string }[];
}

export interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  errors?: { pointer?: string; code?: string; detail?: string }[];
  current?: unknown;
  [fact: string]: unknown;
}
