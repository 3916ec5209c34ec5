"""Reports of tests of communication: what was sent has not arrived yet, and agencies stand in an order of their own.

Revision: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"

# Until now `delivered` of a message meant that its gateway had taken it; what became of it stands in the ledger.
UP = """
ALTER TABLE agency ADD rank integer NOT NULL DEFAULT 0;
ALTER TABLE communication_test_call ADD sent_at timestamptz, ADD seen_at timestamptz;
ALTER TABLE communication_test_call DROP CONSTRAINT communication_test_call_state_check;
ALTER TABLE communication_test_call ADD CONSTRAINT communication_test_call_state_check
  CHECK (state IN ('called', 'sent', 'delivered', 'seen', 'answered', 'failed', 'silent'));
UPDATE communication_test_call SET state = 'sent', sent_at = delivered_at, delivered_at = NULL
  WHERE state = 'delivered' AND channel NOT IN ('console', 'button');
UPDATE communication_test_call c SET state = CASE WHEN d.seen_at IS NULL THEN 'delivered' ELSE 'seen' END,
    delivered_at = d.delivered_at, seen_at = d.seen_at
  FROM (SELECT test_id, unit_id, channel, min(delivered_at) AS delivered_at, min(seen_at) AS seen_at FROM delivery_attempt
    WHERE test_id IS NOT NULL AND delivered_at IS NOT NULL GROUP BY test_id, unit_id, channel) d
  WHERE c.state = 'sent' AND c.test_id = d.test_id AND c.subject_id = d.unit_id AND c.channel = d.channel;
"""

DOWN = """
UPDATE communication_test_call SET state = 'delivered', delivered_at = coalesce(sent_at, delivered_at)
  WHERE state IN ('sent', 'delivered', 'seen') AND channel NOT IN ('console', 'button');
ALTER TABLE communication_test_call DROP CONSTRAINT communication_test_call_state_check;
ALTER TABLE communication_test_call ADD CONSTRAINT communication_test_call_state_check
  CHECK (state IN ('called', 'delivered', 'answered', 'failed', 'silent'));
ALTER TABLE communication_test_call DROP sent_at, DROP seen_at;
ALTER TABLE agency DROP rank;
"""


def upgrade() -> None:
    """Tell one from the other, also in the reports of tests that are over; the next load of a directory gives ranks."""
    _run(UP)


def downgrade() -> None:
    """Count what was sent as delivered again: what the receipts said is left in the ledger alone."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
