"""Receipts of messages: what a browser proves with a token, what a gateway reports with a key of its own kind.

Revision: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"

UP = """
ALTER TABLE delivery_attempt ADD receipt_token uuid;
CREATE UNIQUE INDEX delivery_receipt ON delivery_attempt (receipt_token) WHERE receipt_token IS NOT NULL;
CREATE INDEX delivery_provider ON delivery_attempt (channel, provider_id) WHERE provider_id IS NOT NULL;
ALTER TABLE api_key DROP CONSTRAINT api_key_kind_check;
ALTER TABLE api_key ADD CONSTRAINT api_key_kind_check
  CHECK (kind IN ('integrator', 'device', 'console', 'wall', 'gateway'));
"""

DOWN = """
DELETE FROM api_key WHERE kind = 'gateway';
ALTER TABLE api_key DROP CONSTRAINT api_key_kind_check;
ALTER TABLE api_key ADD CONSTRAINT api_key_kind_check CHECK (kind IN ('integrator', 'device', 'console', 'wall'));
DROP INDEX delivery_provider;
DROP INDEX delivery_receipt;
ALTER TABLE delivery_attempt DROP receipt_token;
"""


def upgrade() -> None:
    """Add them."""
    _run(UP)


def downgrade() -> None:
    """Take them away again: keys of gateways are lost, messages under way can prove nothing."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
