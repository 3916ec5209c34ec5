"""The first whole loop: directory, rulesets, work, timers, outbox, audit, access.

Revision: 0001
"""

from alembic import op

revision = "0001"
down_revision = None

DIRECTORY = """
CREATE TABLE directory_version (one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL);
INSERT INTO directory_version VALUES (true, 1);
CREATE TABLE agency (code text PRIMARY KEY CHECK (length(code) <= 64), name text NOT NULL, name_en text NOT NULL);
CREATE TABLE unit_kind (code text PRIMARY KEY CHECK (length(code) <= 64), name text NOT NULL, name_en text NOT NULL,
  exclusive boolean NOT NULL DEFAULT false, sensitive boolean NOT NULL DEFAULT false);
CREATE TABLE place_kind (code text PRIMARY KEY CHECK (length(code) <= 64), name text NOT NULL, name_en text NOT NULL);
CREATE TABLE division (code text PRIMARY KEY CHECK (length(code) <= 20), name text NOT NULL, name_en text NOT NULL,
  parent_code text, level text NOT NULL, area_class text NOT NULL,
  longitude double precision NOT NULL, latitude double precision NOT NULL, valid_from date, valid_to date);
CREATE TABLE clock_profile (code text PRIMARY KEY CHECK (length(code) <= 64), deliver_s double precision NOT NULL,
  urge_s double precision NOT NULL, acknowledge_s double precision NOT NULL, depart_s double precision,
  arrive_s json, feedback_s double precision, close_s double precision NOT NULL, remind_s double precision NOT NULL);
CREATE TABLE incident_type (code text PRIMARY KEY CHECK (length(code) <= 64), name text NOT NULL, name_en text NOT NULL,
  class text NOT NULL, severity text NOT NULL, urgency text NOT NULL,
  clock_profile text NOT NULL REFERENCES clock_profile(code), sensitive boolean NOT NULL DEFAULT false);
CREATE TABLE unit (id uuid PRIMARY KEY, code text NOT NULL UNIQUE CHECK (length(code) <= 64),
  kind text NOT NULL REFERENCES unit_kind(code), agency text NOT NULL REFERENCES agency(code),
  name text NOT NULL, name_en text NOT NULL, division_code text NOT NULL,
  longitude double precision NOT NULL, latitude double precision NOT NULL, phone text, rank integer NOT NULL DEFAULT 100,
  superior_id uuid REFERENCES unit(id) DEFERRABLE INITIALLY DEFERRED, capabilities text[] NOT NULL DEFAULT '{}',
  jurisdiction text[] NOT NULL DEFAULT '{}', schedule json, on_call json);
CREATE TABLE unit_state (unit_id uuid PRIMARY KEY REFERENCES unit(id) ON DELETE CASCADE,
  duty text NOT NULL DEFAULT 'available' CHECK (duty IN ('available', 'off_duty', 'out_of_service')),
  duty_reason text, committed_to uuid, longitude double precision, latitude double precision,
  position_at timestamptz, version bigint NOT NULL DEFAULT 1);
CREATE TABLE place (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, kind text NOT NULL REFERENCES place_kind(code),
  name text NOT NULL, name_en text NOT NULL, address text NOT NULL, division_code text NOT NULL,
  longitude double precision NOT NULL, latitude double precision NOT NULL, phone text, notes text);
CREATE TABLE device (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, place_id uuid NOT NULL REFERENCES place(id),
  name text NOT NULL, name_en text NOT NULL, trigger_mode text NOT NULL CHECK (trigger_mode IN ('press', 'hold', 'double')),
  hold_ms integer NOT NULL DEFAULT 1000, silent boolean NOT NULL DEFAULT false, choices text[] NOT NULL DEFAULT '{}',
  default_incident_type text NOT NULL REFERENCES incident_type(code), phone text,
  merge_window_s integer NOT NULL DEFAULT 1800 CHECK (merge_window_s >= 0));
CREATE TABLE device_state (device_id uuid PRIMARY KEY REFERENCES device(id) ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'enrolled' CHECK (state IN ('enrolled', 'active', 'silent', 'fault', 'revoked')),
  incident_id uuid, merge_until timestamptz, false_alarm_count integer NOT NULL DEFAULT 0,
  last_check_in_at timestamptz, last_press_at timestamptz, battery_percent smallint, tamper boolean NOT NULL DEFAULT false);
CREATE TABLE ruleset (version integer PRIMARY KEY, body json NOT NULL, published_at timestamptz NOT NULL DEFAULT now(),
  published_by text NOT NULL, note text);
"""

WORK = """
CREATE TABLE incident_serial (prefix text PRIMARY KEY, last integer NOT NULL);
CREATE TABLE incident (id uuid PRIMARY KEY, number text NOT NULL UNIQUE, source_id uuid, source_reference text,
  version integer NOT NULL DEFAULT 1,
  status text NOT NULL CHECK (status IN ('received', 'dispatched', 'in_progress', 'resolved', 'closed', 'cancelled',
    'merged', 'transferred', 'suspended')),
  incident_type text NOT NULL, channel text NOT NULL, place json, place_id uuid, location json, division_code text NOT NULL,
  area_class text NOT NULL, address text, description text, caller json, severity text NOT NULL, urgency text NOT NULL,
  tags text[] NOT NULL DEFAULT '{}', exercise text NOT NULL DEFAULT 'actual', sensitive boolean NOT NULL DEFAULT false,
  disclosed boolean NOT NULL DEFAULT false, device_id uuid, call_count integer NOT NULL DEFAULT 1, shortfalls json NOT NULL DEFAULT '[]',
  pending_slots smallint[] NOT NULL DEFAULT '{}', unit_ids uuid[] NOT NULL DEFAULT '{}',
  lead_unit_id uuid, opened_at timestamptz NOT NULL, closed_at timestamptz, disposition text, merged_into uuid, updated_by text NOT NULL);
CREATE INDEX incident_open ON incident (id) WHERE status NOT IN ('closed', 'cancelled', 'merged', 'transferred');
CREATE INDEX incident_source ON incident (source_id, id) WHERE source_id IS NOT NULL;
CREATE TABLE decision (incident_id uuid PRIMARY KEY REFERENCES incident(id) ON DELETE CASCADE, body text NOT NULL);
CREATE TABLE call (id uuid PRIMARY KEY, incident_id uuid NOT NULL REFERENCES incident(id) ON DELETE CASCADE,
  channel text NOT NULL, device_id uuid, source_id uuid, outcome text NOT NULL CHECK (outcome IN ('opened', 'joined')),
  body json NOT NULL, occurred_at timestamptz, recorded_at timestamptz NOT NULL);
CREATE INDEX call_incident ON call (incident_id);
CREATE TABLE assignment (id uuid PRIMARY KEY, incident_id uuid NOT NULL REFERENCES incident(id) ON DELETE CASCADE,
  unit_id uuid NOT NULL, role text NOT NULL CHECK (role IN ('lead', 'support', 'notify')), mandatory boolean NOT NULL,
  slot smallint NOT NULL,
  status text NOT NULL CHECK (status IN ('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene', 'completed',
    'declined', 'returned', 'revoked', 'reassigned')),
  version integer NOT NULL DEFAULT 1, selection json NOT NULL, issued_at timestamptz NOT NULL, deliver_by timestamptz,
  urge_by timestamptz, acknowledge_by timestamptz, depart_by timestamptz, arrive_by timestamptz, feedback_by timestamptz,
  close_by timestamptz, delivered_at timestamptz, seen_at timestamptz, acknowledged_at timestamptz, en_route_at timestamptz,
  on_scene_at timestamptz, fed_back_at timestamptz, completed_at timestamptz, ended_at timestamptz, excused_at timestamptz,
  steps_done text[] NOT NULL DEFAULT '{}', reason text, feedback json, backup_for uuid, updated_by text NOT NULL);
CREATE INDEX assignment_incident ON assignment (incident_id);
CREATE INDEX assignment_ended ON assignment (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX assignment_unit_open ON assignment (unit_id, incident_id)
  WHERE status IN ('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene');
CREATE UNIQUE INDEX assignment_one_lead ON assignment (incident_id)
  WHERE role = 'lead' AND status IN ('issued', 'delivered', 'acknowledged', 'en_route', 'on_scene');
CREATE TABLE timer (subject_id uuid PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('assignment', 'incident', 'device')),
  urgency smallint NOT NULL DEFAULT 2, due_at timestamptz NOT NULL);
CREATE INDEX timer_due ON timer (due_at);
CREATE TABLE outbox (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  id uuid NOT NULL UNIQUE, incident_id uuid, unit_ids uuid[] NOT NULL DEFAULT '{}', division_code text, device_id uuid,
  source_id uuid, change text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX outbox_xid ON outbox (xid, seq);
CREATE INDEX outbox_recorded ON outbox (recorded_at);
CREATE TABLE epoch (one boolean PRIMARY KEY DEFAULT true CHECK (one), epoch text NOT NULL, database_identity text NOT NULL,
  pruned_xid bigint NOT NULL DEFAULT 0);
CREATE TABLE audit (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  change_id uuid, recorded_at timestamptz NOT NULL DEFAULT now(), occurred_at timestamptz, actor json NOT NULL,
  incident_id uuid, events json NOT NULL);
CREATE INDEX audit_incident ON audit (incident_id, seq);
CREATE TABLE idempotency (scope text NOT NULL, key text NOT NULL CHECK (length(key) <= 200), body_hash bytea NOT NULL,
  change_id uuid, assignments text, answer text, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (scope, key),
  CHECK (num_nonnulls(change_id, answer) = 1));
CREATE INDEX idempotency_created ON idempotency (created_at);
CREATE TABLE delivery_attempt (id uuid PRIMARY KEY, assignment_id uuid, incident_id uuid NOT NULL, channel text NOT NULL,
  recipient text NOT NULL, body text NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'seen', 'failed_temporary',
    'failed_permanent', 'expired')),
  attempts smallint NOT NULL DEFAULT 0, next_at timestamptz NOT NULL, provider_id text, error text,
  created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz);
CREATE INDEX delivery_due ON delivery_attempt (next_at) WHERE state IN ('queued', 'failed_temporary', 'sending');
CREATE INDEX delivery_incident ON delivery_attempt (incident_id);
"""

ACCESS = """
CREATE TABLE person (id uuid PRIMARY KEY, login text NOT NULL UNIQUE CHECK (length(login) <= 64), name text NOT NULL,
  role text NOT NULL CHECK (role IN ('operator', 'shift_leader', 'admin', 'responder', 'wall')),
  unit_id uuid REFERENCES unit(id), division_codes text[] NOT NULL DEFAULT '{}', password_hash text NOT NULL,
  disabled_at timestamptz, CHECK (role <> 'responder' OR unit_id IS NOT NULL));
CREATE TABLE session (token_hash bytea PRIMARY KEY, id uuid NOT NULL UNIQUE, person_id uuid NOT NULL REFERENCES person(id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL);
CREATE TABLE api_key (id uuid PRIMARY KEY, token_hash bytea NOT NULL UNIQUE, name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('integrator', 'device', 'console', 'wall')), unit_id uuid REFERENCES unit(id) ON DELETE CASCADE,
  device_id uuid REFERENCES device(id) ON DELETE CASCADE, division_codes text[] NOT NULL DEFAULT '{}', created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz, revoked_at timestamptz,
  CHECK ((kind = 'console') = (unit_id IS NOT NULL)), CHECK ((kind = 'device') = (device_id IS NOT NULL)));
"""

FUNCTIONS = """
CREATE FUNCTION refuse_lost_claim(wanted bigint, got bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF wanted <> got THEN
    RAISE EXCEPTION 'unit_claim_lost' USING ERRCODE = 'UD001';
  END IF;
  RETURN true;
END $$;
"""


def upgrade() -> None:
    """Create everything."""
    for part in (DIRECTORY, WORK, ACCESS, FUNCTIONS):
        for statement in _statements(part):
            op.execute(statement)


def downgrade() -> None:
    """Drop everything: there is nothing before this."""
    op.execute("DROP FUNCTION refuse_lost_claim(bigint, bigint)")
    for table in [
        "api_key",
        "session",
        "person",
        "delivery_attempt",
        "idempotency",
        "audit",
        "epoch",
        "outbox",
        "timer",
        "assignment",
        "call",
        "decision",
        "incident",
        "incident_serial",
        "ruleset",
        "device_state",
        "device",
        "place",
        "unit_state",
        "unit",
        "incident_type",
        "clock_profile",
        "division",
        "place_kind",
        "unit_kind",
        "agency",
        "directory_version",
    ]:
        op.execute(f"DROP TABLE {table}")


def _statements(part: str) -> list[str]:
    return [part] if "$$" in part else [text for text in part.split(";\n") if text.strip()]
