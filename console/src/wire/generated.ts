/** Made by tools/generate_types.py from the service's models. Do not edit: run `make docs`. */

export interface ActorView {
  kind: string;
  id: string | null;
  name: string;
}

export interface AssignmentView {
  id: string;
  incident_id: string;
  unit: UnitView;
  role: "lead" | "support" | "notify";
  mandatory: boolean;
  slot: number;
  status: "issued" | "delivered" | "acknowledged" | "en_route" | "on_scene" | "completed" | "declined" | "returned" | "revoked" | "reassigned";
  version: number;
  selection: SelectionView;
  issued_at: string;
  deliver_by: string | null;
  urge_by: string | null;
  acknowledge_by: string | null;
  depart_by: string | null;
  arrive_by: string | null;
  feedback_by: string | null;
  close_by: string | null;
  delivered_at: string | null;
  seen_at: string | null;
  acknowledged_at: string | null;
  en_route_at: string | null;
  on_scene_at: string | null;
  fed_back_at: string | null;
  completed_at: string | null;
  ended_at: string | null;
  excused_at: string | null;
  steps_done: (string)[];
  overdue: (string)[];
  reason: string | null;
  feedback: FeedbackView | null;
  backup_for: string | null;
  min_ack_revision: number;
  acknowledged_revision: number | null;
  change_by: string | null;
  updated_by: string;
}

export interface AuditAlarm {
  id: string;
  code: "assignment_without_timer" | "timer_late" | "silence_without_step" | "deadline_without_step" | "place_without_anybody" | "incident_without_anybody" | "watermark_held" | "delivery_late" | "kit_old" | "relay_stuck" | "audit_unsealed" | "servers_silent";
  count: number;
  worst_s: number | null;
  limit_s: number;
  words: Named;
  raised_at: string;
  cleared_at: string | null;
}

export interface BackEntry {
  incident_type: string;
  place_kind?: string | null;
  place_id?: string | null;
  location?: Location | null;
  division_code?: string | null;
  address?: string | null;
  description?: string | null;
  severity?: "I" | "II" | "III" | "IV" | "NONE" | null;
  urgency?: "critical" | "urgent" | "normal" | "routine" | null;
  tags?: (string)[];
  caller?: Caller | null;
  occurred_at: string;
  exercise?: "actual" | "exercise" | "test";
  source_reference?: string | null;
  paper_number: string;
  units?: (PaperUnitEntry)[];
  ended_at?: string | null;
  disposition?: string;
}

export interface CallOutcome {
  id: string | null;
  outcome: "opened" | "joined";
}

export interface CalledDevice {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  place: string | null;
}

export interface Caller {
  name?: string | null;
  phone?: string | null;
}

export interface Catalogue {
  unit_kinds: Record<string, Named>;
  incident_types: Record<string, TypeView>;
  place_kinds: Record<string, Named>;
  divisions: (DivisionView)[];
  channels: (string)[];
}

export interface CommunicationReport {
  id: string;
  name: string;
  division: ModeDivision;
  channels: (string)[];
  window_s: number;
  started_at: string;
  ends_at: string;
  started_by: string;
  schedule_id: string | null;
  ended_at: string | null;
  totals: (TotalView)[];
  calls: (RollCallView)[];
}

export interface CommunicationTestBody {
  name: string;
  division_code: string;
  channels?: (string)[];
  window_s?: number;
}

export interface ConditionView {
  text: string;
  value: string | number | (string)[] | null;
  met: boolean;
}

export interface ConsideredView {
  unit: UnitView;
  requirement: number;
  rank: number;
  outcome: "chosen" | "rejected" | "reserve";
  reason: string;
  distance_m: number | null;
  position_age_s: number | null;
  load: number;
}

export interface DecidedIncidentView {
  id: string;
  number: string;
  source_reference: string | null;
  version: number;
  status: "received" | "dispatched" | "in_progress" | "resolved" | "closed" | "cancelled" | "merged" | "transferred" | "suspended";
  incident_type: string;
  channel: string;
  place: PlaceView | null;
  location: LocationView | null;
  division_code: string;
  area_class: string;
  address: string | null;
  description: string | null;
  caller: Record<string, string | null> | null;
  restricted: boolean;
  confidential: boolean;
  severity: "I" | "II" | "III" | "IV" | "NONE";
  urgency: "critical" | "urgent" | "normal" | "routine";
  tags: (string)[];
  exercise: "actual" | "exercise" | "test";
  device_id: string | null;
  call_count: number;
  revision: number;
  shortfalls: (ShortfallView)[];
  stages: (StageView)[];
  opened_at: string;
  closed_at: string | null;
  disposition: string | null;
  merged_into: string | null;
  updated_by: string;
  links: (LinkView)[];
  assignments: (AssignmentView)[];
  calls: (Record<string, unknown>)[];
  decision: DecisionView | null;
}

export interface DecisionView {
  ruleset_version: number;
  directory_version: number;
  decided_at: string;
  facts: Record<string, unknown>;
  matched: (MatchedView)[];
  unmatched_nearby: (MatchedView)[];
  excluded: (string)[];
  requirements: (RequirementView)[];
  considered: (ConsideredView)[];
}

export interface DeliveryView {
  id: string;
  message_id: string;
  assignment_id: string | null;
  unit: UnitView | null;
  channel: string;
  recipient: string;
  recipient_kind: "console" | "duty_phone" | "on_call" | "subscription" | "drill" | "none";
  reason: string;
  state: "queued" | "sending" | "sent" | "delivered" | "seen" | "failed_temporary" | "failed_permanent" | "expired";
  attempt: number;
  queued_at: string;
  sent_at: string | null;
  delivered_at: string | null;
  seen_at: string | null;
  finished_at: string | null;
  next_at: string | null;
  provider_id: string | null;
  error: string | null;
}

export interface DevicePlace {
  id: string;
  kind: string;
  name: string;
  name_en: string;
  address: string;
  code: string;
  division_code: string;
}

export interface DeviceStatus {
  device: DeviceView;
  incident: IncidentView | null;
  server_time: string;
}

export interface DeviceView {
  id: string;
  code: string;
  name: string;
  name_en: string;
  place: DevicePlace;
  trigger_mode: "press" | "hold" | "double";
  hold_ms: number;
  silent: boolean;
  choices: (string)[];
  phone: string | null;
  state: string;
}

export interface DivisionView {
  code: string;
  name: string;
  name_en: string;
  parent_code: string | null;
  level: string;
}

export interface DrillBody {
  name: string;
  division_code: string;
  unit_ids?: (string)[];
  recipients?: (DrillRecipientBody)[];
  starts_at?: string | null;
  ends_at: string;
}

export interface DrillRecipientBody {
  name: string;
  address: string;
  channel?: string | null;
}

export interface DrillRecipientView {
  channel: string | null;
  address: string;
  name: string;
}

export interface DrillView {
  id: string;
  name: string;
  division: ModeDivision;
  units: (UnitView)[];
  recipients: (DrillRecipientView)[];
  starts_at: string;
  ends_at: string;
  announced_by: string;
  announced_at: string;
  ended_at: string | null;
  ended_by: string | null;
}

export interface EventFrame {
  type: "event";
  event_id: string;
  cursor: string;
  event: "incident.opened" | "incident.call_joined" | "incident.linked" | "incident.unlinked" | "incident.updated" | "incident.relocated" | "incident.noted" | "incident.lead_changed" | "incident.disclosed" | "incident.stage_released" | "incident.stage_skipped" | "incident.resolved" | "incident.closed" | "incident.cancelled" | "incident.reopened" | "incident.merged" | "incident.transferred" | "incident.suspended" | "incident.resumed" | "assignment.issued" | "assignment.delivered" | "assignment.seen" | "assignment.acknowledged" | "assignment.confirmed" | "assignment.alerted" | "assignment.reopened" | "assignment.declined" | "assignment.departed" | "assignment.arrived" | "assignment.fed_back" | "assignment.completed" | "assignment.returned" | "assignment.revoked" | "assignment.reassigned" | "assignment.excused" | "assignment.urged" | "assignment.escalated" | "assignment.overdue" | "assignment.paged" | "assignment.page_sent" | "assignment.page_failed" | "assignment.page_delivered" | "assignment.page_seen" | "unit.status_changed" | "unit.position" | "mode.changed" | "mode.recalled" | "drill.changed" | "test.called" | "test.ended" | "test.scheduled" | "device.fault" | "device.restored" | "shortfall.raised" | "shortfall.cleared" | "audit.alarmed" | "audit.cleared";
  occurred_at: string;
  facts: Record<string, unknown>;
  incident?: EventIncident | null;
  assignment?: AssignmentView | null;
  unit?: LiveUnit | null;
}

export interface EventIncident {
  id: string;
  number: string;
  source_reference: string | null;
  version: number;
  status: "received" | "dispatched" | "in_progress" | "resolved" | "closed" | "cancelled" | "merged" | "transferred" | "suspended";
  incident_type: string;
  channel: string;
  place: PlaceView | null;
  location: LocationView | null;
  division_code: string;
  area_class: string;
  address: string | null;
  description?: string | null;
  caller?: Record<string, string | null> | null;
  restricted?: boolean;
  confidential: boolean;
  severity: "I" | "II" | "III" | "IV" | "NONE";
  urgency: "critical" | "urgent" | "normal" | "routine";
  tags: (string)[];
  exercise: "actual" | "exercise" | "test";
  device_id: string | null;
  call_count: number;
  revision: number;
  shortfalls: (ShortfallView)[];
  stages: (StageView)[];
  opened_at: string;
  closed_at: string | null;
  disposition: string | null;
  merged_into: string | null;
  updated_by: string;
  links: (LinkView)[];
  assignments: (AssignmentView)[];
}

export interface FaultView {
  pointer: string;
  code: string;
  detail: string;
}

export interface FeedbackView {
  outcome: string;
  text: string;
}

export interface FullIncidentView {
  id: string;
  number: string;
  source_reference: string | null;
  version: number;
  status: "received" | "dispatched" | "in_progress" | "resolved" | "closed" | "cancelled" | "merged" | "transferred" | "suspended";
  incident_type: string;
  channel: string;
  place: PlaceView | null;
  location: LocationView | null;
  division_code: string;
  area_class: string;
  address: string | null;
  description: string | null;
  caller: Record<string, string | null> | null;
  restricted: boolean;
  confidential: boolean;
  severity: "I" | "II" | "III" | "IV" | "NONE";
  urgency: "critical" | "urgent" | "normal" | "routine";
  tags: (string)[];
  exercise: "actual" | "exercise" | "test";
  device_id: string | null;
  call_count: number;
  revision: number;
  shortfalls: (ShortfallView)[];
  stages: (StageView)[];
  opened_at: string;
  closed_at: string | null;
  disposition: string | null;
  merged_into: string | null;
  updated_by: string;
  links: (LinkView)[];
  assignments: (AssignmentView)[];
  calls: (Record<string, unknown>)[];
  decision: DecisionView | null;
  deliveries: (DeliveryView)[];
}

export interface Goodbye {
  type: "goodbye";
  reason: "going_away" | "epoch_changed";
  reconnect_after_ms: number;
}

export interface Heartbeat {
  type: "heartbeat";
  server_time: string;
  cursor: string;
}

export interface Hello {
  type: "hello";
  cursor?: string | null;
  token?: string | null;
}

export interface IncidentList {
  items: (IncidentView)[];
  after: string | null;
}

export interface IncidentReport {
  incident_type: string;
  place_kind?: string | null;
  place_id?: string | null;
  location?: Location | null;
  division_code?: string | null;
  address?: string | null;
  description?: string | null;
  severity?: "I" | "II" | "III" | "IV" | "NONE" | null;
  urgency?: "critical" | "urgent" | "normal" | "routine" | null;
  tags?: (string)[];
  caller?: Caller | null;
  occurred_at?: string | null;
  exercise?: "actual" | "exercise" | "test";
  source_reference?: string | null;
}

export interface IncidentView {
  id: string;
  number: string;
  source_reference: string | null;
  version: number;
  status: "received" | "dispatched" | "in_progress" | "resolved" | "closed" | "cancelled" | "merged" | "transferred" | "suspended";
  incident_type: string;
  channel: string;
  place: PlaceView | null;
  location: LocationView | null;
  division_code: string;
  area_class: string;
  address: string | null;
  description: string | null;
  caller: Record<string, string | null> | null;
  restricted: boolean;
  confidential: boolean;
  severity: "I" | "II" | "III" | "IV" | "NONE";
  urgency: "critical" | "urgent" | "normal" | "routine";
  tags: (string)[];
  exercise: "actual" | "exercise" | "test";
  device_id: string | null;
  call_count: number;
  revision: number;
  shortfalls: (ShortfallView)[];
  stages: (StageView)[];
  opened_at: string;
  closed_at: string | null;
  disposition: string | null;
  merged_into: string | null;
  updated_by: string;
  links: (LinkView)[];
  assignments: (AssignmentView)[];
}

export interface IntakeAnswer {
  call: CallOutcome;
  incident: DecidedIncidentView;
}

export interface LinkView {
  incident_id: string;
  number: string;
  division_code: string;
  reason: "same_device" | "same_place" | "near";
  distance_m: number | null;
  age_s: number;
}

export interface ListedPlace {
  id: string;
  kind: string;
  name: string;
  name_en: string;
  address: string;
  code: string;
  division_code: string;
  longitude: number;
  latitude: number;
  phone: string | null;
}

export interface ListedUnit {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  kind: string | null;
  agency: string | null;
  division_code: string;
  status: string;
  duty: string;
  version: number;
  longitude: number;
  latitude: number;
  phone: string | null;
  load: number;
}

export interface LiveUnit {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  kind: string | null;
  agency: string | null;
  division_code: string;
  status: string;
  duty: string;
  version: number;
  committed_to: string | null;
  position: PointView | null;
  position_at: string | null;
}

export interface Location {
  longitude: number;
  latitude: number;
  crs: "WGS84" | "CGCS2000" | "GCJ02" | "BD09";
  accuracy_m?: number | null;
}

export interface LocationView {
  longitude: number;
  latitude: number;
  crs: string;
  accuracy_m: number | null;
  wgs84: PointView;
}

export interface MatchedView {
  rule: string;
  name: Named;
  conditions: (ConditionView)[];
}

export interface Me {
  kind: "person" | "console" | "device" | "integrator" | "wall" | "gateway";
  name: string;
  role: "operator" | "shift_leader" | "admin" | "responder" | "wall" | null;
  unit: MeUnit | null;
  device_id: string | null;
  division_codes: (string)[];
  server_time: string;
  version: string;
}

export interface MeUnit {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  kind: string | null;
  agency: string | null;
  status: string;
}

export interface ModeDivision {
  code: string;
  name: string | null;
  name_en: string | null;
}

export interface ModeSetting {
  division_code: string;
  field: "response_mode" | "warning_colour" | "weather";
  value: string;
  starts_at?: string | null;
  ends_at?: string | null;
  reason: string;
}

export interface ModeView {
  id: string;
  division: ModeDivision;
  field: "response_mode" | "warning_colour" | "weather";
  value: string;
  starts_at: string;
  ends_at: string | null;
  reason: string;
  set_by: string;
  set_at: string;
  ended_at: string | null;
  ended_by: string | null;
  end_reason: string | null;
}

export interface Named {
  zh: string;
  en: string;
}

export interface PaperFeedback {
  outcome: "handled" | "handed_over" | "person_taken_to_hospital" | "unfounded" | "other";
  text?: string;
}

export interface PaperUnitEntry {
  unit_id: string;
  role?: "lead" | "support" | "notify";
  issued_at: string;
  acknowledged_at?: string | null;
  en_route_at?: string | null;
  on_scene_at?: string | null;
  completed_at?: string | null;
  feedback?: PaperFeedback | null;
}

export interface PlaceList {
  items: (ListedPlace)[];
  after: string | null;
}

export interface PlaceView {
  id: string;
  kind: string;
  name: string;
  name_en: string;
  address: string;
}

export interface PointView {
  longitude: number;
  latitude: number;
}

export interface Press {
  press_id: string;
  pressed_at?: string | null;
  choice?: string | null;
  exercise?: "actual" | "exercise" | "test";
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors: (FaultView)[];
}

export interface Receipt {
  type: "receipt";
  assignment_id: string;
  state: "delivered" | "seen";
}

export interface Relocate {
  expected_version?: number | null;
  place_id?: string | null;
  location?: Location | null;
  division_code?: string | null;
  address?: string | null;
  reason: string;
}

export interface RequirementShortfall {
  reason: string;
  count: number;
}

export interface RequirementView {
  unit_kind: string | null;
  role: "lead" | "support" | "notify";
  required_count: number;
  mandatory: boolean;
  choose: (string)[];
  substitutes: (string)[];
  capability: string | null;
  within_m: number | null;
  rest_s: number | null;
  units: (string)[];
  clocks: string | null;
  language: string | null;
  tier: string | null;
  spread: string | null;
  ask: number | null;
  claim: boolean;
  release: TriggerView | null;
  leads: TriggerView | null;
  filled: (string)[];
  shortfall: RequirementShortfall | null;
}

export interface RollCallView {
  subject: "unit" | "device";
  unit: UnitView | null;
  device: CalledDevice | null;
  channel: string;
  state: "called" | "sent" | "delivered" | "seen" | "answered" | "failed" | "silent";
  called_at: string;
  sent_after_s: number | null;
  delivered_after_s: number | null;
  seen_after_s: number | null;
  answered_after_s: number | null;
  error: string | null;
}

export interface ScheduleBody {
  name: string;
  division_code: string;
  channels?: (string)[];
  window_s?: number;
  weekdays: (number)[];
  at: string;
}

export interface ScheduleView {
  id: string;
  name: string;
  division_code: string;
  channels: (string)[];
  window_s: number;
  weekdays: (number)[];
  at: string;
  enabled: boolean;
  last_run_on: string | null;
  next_run_at: string | null;
  set_by: string;
  set_at: string;
}

export interface Scope {
  kind: "person" | "console" | "device" | "integrator" | "wall";
  role: "operator" | "shift_leader" | "admin" | "responder" | "wall" | null;
  unit_id: string | null;
  device_id: string | null;
  division_codes: (string)[];
}

export interface SelectionView {
  code: string;
  distance_m: number | null;
  rank: number;
  substitute_for: string | null;
  on_call: boolean;
  backup_for: string | null;
  requirement: number | null;
  offer: "claim" | "enough" | null;
}

export interface ShortfallView {
  slot: number;
  unit_kind: string;
  role: "lead" | "support" | "notify";
  reason: string;
  count: number;
}

export interface Snapshot {
  type: "snapshot";
  cursor: string;
  incidents: (IncidentView)[];
  units: (LiveUnit)[];
  modes: (ModeView)[];
  drills: (DrillView)[];
  alarms: (AuditAlarm)[];
}

export interface StageView {
  action: "send" | "lead";
  requirement: number;
  unit_kind: string;
  role: "lead" | "support" | "notify";
  slots: (number)[];
  mandatory: boolean;
  trigger: TriggerView;
  due_at: string | null;
}

export interface Timeline {
  items: (TimelineEntry)[];
}

export interface TimelineEntry {
  at: string;
  recorded_at: string;
  actor: ActorView;
  event: string;
  assignment_id: string | null;
  unit: UnitView | null;
  facts: Record<string, unknown>;
}

export interface TotalView {
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

export interface TriggerView {
  after_s?: number | null;
  event?: "confirmed" | "lead_silent" | "lead_acknowledged" | "lead_arrived" | "lead_fed_back" | "shortfall" | null;
  tag?: string | null;
}

export interface TypeView {
  zh: string;
  en: string;
  severity: "I" | "II" | "III" | "IV" | "NONE";
  urgency: "critical" | "urgent" | "normal" | "routine";
}

export interface UnitList {
  items: (ListedUnit)[];
  after: string | null;
}

export interface UnitView {
  id: string;
  code: string | null;
  name: string | null;
  name_en: string | null;
  kind: string | null;
  agency: string | null;
}

export interface Welcome {
  type: "welcome";
  server_time: string;
  heartbeat_s: number;
  resume: "snapshot" | "replayed" | "reset";
  scope: Scope;
}
