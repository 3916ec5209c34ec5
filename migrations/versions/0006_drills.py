"""Drills: exercises that are announced, and tests of communication with a report of who answered.

Revision: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"

UP = """
CREATE TABLE drill (id uuid PRIMARY KEY, name text NOT NULL, division_code text NOT NULL, unit_ids uuid[] NOT NULL DEFAULT '{}',
  recipients json NOT NULL DEFAULT '[]', starts_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
  announced_by text NOT NULL, announced_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz, ended_by text,
  CHECK (ends_at > starts_at));
CREATE INDEX drill_standing ON drill (starts_at) WHERE ended_at IS NULL;
ALTER TABLE delivery_attempt DROP CONSTRAINT delivery_attempt_recipient_kind_check;
ALTER TABLE delivery_attempt ADD CONSTRAINT delivery_attempt_recipient_kind_check
  CHECK (recipient_kind IN ('duty_phone', 'on_call', 'subscription', 'drill', 'none'));
CREATE TABLE communication_schedule (id uuid PRIMARY KEY, name text NOT NULL, division_code text NOT NULL, channels text[] NOT NULL,
  window_s integer NOT NULL CHECK (window_s BETWEEN 10 AND 3600), weekdays smallint[] NOT NULL, at time NOT NULL,
  enabled boolean NOT NULL DEFAULT true, last_run_on date, set_by text NOT NULL, set_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE communication_test (id uuid PRIMARY KEY, name text NOT NULL, division_code text NOT NULL, channels text[] NOT NULL,
  window_s integer NOT NULL CHECK (window_s BETWEEN 10 AND 3600), started_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
  started_by text NOT NULL, schedule_id uuid REFERENCES communication_schedule(id) ON DELETE SET NULL, ended_at timestamptz);
CREATE INDEX communication_test_open ON communication_test (ends_at) WHERE ended_at IS NULL;
CREATE TABLE communication_test_call (test_id uuid NOT NULL REFERENCES communication_test(id) ON DELETE CASCADE,
  subject_kind text NOT NULL CHECK (subject_kind IN ('unit', 'device')), subject_id uuid NOT NULL, channel text NOT NULL,
  state text NOT NULL CHECK (state IN ('called', 'delivered', 'answered', 'failed', 'silent')), called_at timestamptz NOT NULL,
  delivered_at timestamptz, answered_at timestamptz, error text, PRIMARY KEY (test_id, subject_id, channel));
ALTER TABLE delivery_attempt ALTER incident_id DROP NOT NULL, ADD test_id uuid;
CREATE INDEX delivery_test ON delivery_attempt (test_id) WHERE test_id IS NOT NULL;
"""

DOWN = """
DELETE FROM delivery_attempt WHERE incident_id IS NULL;
ALTER TABLE delivery_attempt DROP test_id, ALTER incident_id SET NOT NULL;
DROP TABLE communication_test_call;
DROP TABLE communication_test;
DROP TABLE communication_schedule;
UPDATE delivery_attempt SET recipient_kind = 'none' WHERE recipient_kind = 'drill';
ALTER TABLE delivery_attempt DROP CONSTRAINT delivery_attempt_recipient_kind_check;
ALTER TABLE delivery_attempt ADD CONSTRAINT delivery_attempt_recipient_kind_check
  CHECK (recipient_kind IN ('duty_phone', 'on_call', 'subscription', 'none'));
DROP TABLE drill;
"""


def upgrade() -> None:
    """Add the tables of drills and communication tests."""
    _run(UP)


def downgrade() -> None:
    """Take them away again: which drills were held and who answered is lost."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
