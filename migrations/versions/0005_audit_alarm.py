"""The auditor's alarms, when the kit for the hours without the service was written last, and paper records once.

Revision: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"

UP = """
CREATE TABLE audit_alarm (id uuid PRIMARY KEY, code text NOT NULL CHECK (length(code) <= 64), count bigint NOT NULL,
  worst_s double precision, limit_s double precision NOT NULL, raised_at timestamptz NOT NULL, cleared_at timestamptz);
CREATE UNIQUE INDEX audit_alarm_standing ON audit_alarm (code) WHERE cleared_at IS NULL;
CREATE TABLE kit (place text PRIMARY KEY CHECK (length(place) <= 200), expected_at timestamptz NOT NULL DEFAULT now(),
  tried_at timestamptz NOT NULL, written_at timestamptz);
CREATE UNIQUE INDEX incident_paper ON incident (source_reference) WHERE channel = 'back_entry';
"""

DOWN = """
DROP INDEX incident_paper;
DROP TABLE kit;
DROP TABLE audit_alarm;
"""


def upgrade() -> None:
    """Add them."""
    _run(UP)


def downgrade() -> None:
    """Take them away again: alarms that stand are forgotten, the next audit raises them anew."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
