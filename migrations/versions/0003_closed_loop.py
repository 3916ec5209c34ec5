"""The closed loop: who has a task on which channel, changes that need a new acknowledgement, who is there to see it.

Revision: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

UP = """
ALTER TABLE incident ADD revision integer NOT NULL DEFAULT 1, ADD settled_version integer NOT NULL DEFAULT 1;
ALTER TABLE assignment ADD min_ack_revision integer NOT NULL DEFAULT 1, ADD acknowledged_revision integer,
  ADD change_by timestamptz;
UPDATE assignment SET acknowledged_revision = 1 WHERE acknowledged_at IS NOT NULL;
UPDATE incident SET settled_version = version;
ALTER TABLE delivery_attempt RENAME attempts TO attempt;
ALTER TABLE delivery_attempt ADD message_id uuid, ADD unit_id uuid,
  ADD recipient_kind text NOT NULL DEFAULT 'duty_phone'
    CHECK (recipient_kind IN ('duty_phone', 'on_call', 'subscription', 'none')),
  ADD reason text NOT NULL DEFAULT 'not_delivered', ADD urgency smallint NOT NULL DEFAULT 2,
  ADD source text NOT NULL DEFAULT '', ADD exercise text NOT NULL DEFAULT 'actual',
  ADD sent_at timestamptz, ADD delivered_at timestamptz, ADD seen_at timestamptz;
UPDATE delivery_attempt SET message_id = id, attempt = greatest(attempt, 1),
  sent_at = CASE WHEN state = 'sent' THEN finished_at END;
UPDATE delivery_attempt SET state = 'failed_permanent', finished_at = clock_timestamp() WHERE state = 'failed_temporary';
ALTER TABLE delivery_attempt ALTER message_id SET NOT NULL, ALTER attempt SET DEFAULT 1;
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery_attempt (channel, urgency, next_at) WHERE state = 'queued';
CREATE INDEX delivery_recent ON delivery_attempt (channel, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX delivery_sending ON delivery_attempt (next_at) WHERE state = 'sending';
CREATE TABLE ladder (code text PRIMARY KEY CHECK (length(code) <= 64), agency text REFERENCES agency(code),
  urgency text CHECK (urgency IN ('critical', 'urgent', 'normal', 'routine')), channels text[] NOT NULL DEFAULT '{}',
  next_channel_s double precision NOT NULL DEFAULT 15 CHECK (next_channel_s > 0), limits json NOT NULL DEFAULT '{}',
  escalate text[] NOT NULL DEFAULT '{next_unit,superior,shift_leader}', steps json NOT NULL DEFAULT '{}',
  silent_s double precision NOT NULL DEFAULT 180 CHECK (silent_s > 0), UNIQUE NULLS NOT DISTINCT (agency, urgency));
CREATE TABLE process (id uuid PRIMARY KEY, started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seen_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE console_presence (process_id uuid NOT NULL REFERENCES process(id) ON DELETE CASCADE,
  unit_id uuid NOT NULL, gone_at timestamptz, changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (process_id, unit_id));
CREATE INDEX console_presence_changed ON console_presence (changed_at);
"""

DOWN = """
DROP TABLE console_presence;
DROP TABLE process;
DROP TABLE ladder;
DROP INDEX delivery_due;
DROP INDEX delivery_sending;
DROP INDEX delivery_recent;
ALTER TABLE delivery_attempt DROP message_id, DROP unit_id, DROP recipient_kind, DROP reason, DROP urgency,
  DROP source, DROP exercise, DROP sent_at, DROP delivered_at, DROP seen_at, ALTER attempt SET DEFAULT 0;
ALTER TABLE delivery_attempt RENAME attempt TO attempts;
CREATE INDEX delivery_due ON delivery_attempt (next_at) WHERE state IN ('queued', 'failed_temporary', 'sending');
ALTER TABLE assignment DROP min_ack_revision, DROP acknowledged_revision, DROP change_by;
ALTER TABLE incident DROP revision, DROP settled_version;
"""


def upgrade() -> None:
    """Add what the closed loop needs."""
    _run(UP)


def downgrade() -> None:
    """Take it away again: ladders and who was there are lost."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
