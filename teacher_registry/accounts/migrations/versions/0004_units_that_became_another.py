"""The former units of a holder whose certificates still speak, for the unit that they became

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("standings", sa.Column("former_units", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("standings", "former_units")
