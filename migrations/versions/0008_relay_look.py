"""The relay's last good look of each process, where everybody can see it.

Revision: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"

UP = """
ALTER TABLE process ADD name text, ADD relay_looked_at timestamptz, ADD relay_behind_since timestamptz;
"""

DOWN = """
ALTER TABLE process DROP name, DROP relay_looked_at, DROP relay_behind_since;
"""


def upgrade() -> None:
    """Add what a process says of its relay."""
    op.execute(UP)


def downgrade() -> None:
    """Take it away again."""
    op.execute(DOWN)
