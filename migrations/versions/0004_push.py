"""Web push: which browsers of a unit are told, and the key that this installation signs with.

Revision: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

# A subscription lasts as long as the key or session that made it, named by its hash.
UP = """
CREATE TABLE push_subscription (id uuid PRIMARY KEY, unit_id uuid NOT NULL REFERENCES unit(id) ON DELETE CASCADE,
  holder_kind text NOT NULL CHECK (holder_kind IN ('console', 'person')), holder_id uuid NOT NULL, token_hash bytea NOT NULL,
  endpoint text NOT NULL UNIQUE CHECK (length(endpoint) <= 2000), p256dh text NOT NULL, auth text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), renewed_at timestamptz NOT NULL DEFAULT now(), last_sent_at timestamptz,
  tested_at timestamptz, gone_at timestamptz);
CREATE INDEX push_subscription_unit ON push_subscription (unit_id) WHERE gone_at IS NULL;
CREATE TABLE push_key (one boolean PRIMARY KEY DEFAULT true CHECK (one), private_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now());
"""

DOWN = """
DROP TABLE push_key;
DROP TABLE push_subscription;
"""


def upgrade() -> None:
    """Add the tables of web push."""
    _run(UP)


def downgrade() -> None:
    """Take them away again: consoles subscribe anew when they are armed, with another key."""
    _run(DOWN)


def _run(part: str) -> None:
    for statement in part.split(";\n"):
        if statement.strip():
            op.execute(statement)
