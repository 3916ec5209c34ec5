"""Seals of the audit trail, and since when its transactions are counted as they are.

Revision: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"

UP = """
CREATE INDEX audit_commit ON audit (xid, seq);
CREATE TABLE audit_seal (number bigint PRIMARY KEY CHECK (number > 0), floor_seq bigint NOT NULL,
  from_xid xid8 NOT NULL, up_to_xid xid8, row_count bigint NOT NULL CHECK (row_count > 0), root bytea NOT NULL,
  previous bytea NOT NULL, sealed_at text NOT NULL, seal bytea NOT NULL UNIQUE);
CREATE TABLE audit_era (one boolean PRIMARY KEY DEFAULT true CHECK (one), place text NOT NULL,
  floor_seq bigint NOT NULL, began_xid xid8 NOT NULL DEFAULT pg_current_xact_id());
"""

DOWN = """
DROP TABLE audit_era;
DROP TABLE audit_seal;
DROP INDEX audit_commit;
"""


def upgrade() -> None:
    """Add seals."""
    for statement in UP.split(";"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """Take them away again: the trail itself stays."""
    for statement in DOWN.split(";"):
        if statement.strip():
            op.execute(statement)
