"""The outbox of first sign-ins, which the CA is told of

Revision: 0003
Follows: 0002

Sign-ins that are in the log already are in it too: the CA was not told of them yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "first_sign_ins",
        sa.Column("certificate_serial", sa.String(40), primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reported_at", _TIME, nullable=True, index=True),
    )
    op.execute(
        "INSERT INTO first_sign_ins (certificate_serial, at) SELECT certificate_serial, MIN(at) FROM log "
        "WHERE act = 'administrator:sign-in' AND certificate_serial IS NOT NULL GROUP BY certificate_serial"
    )


def downgrade() -> None:
    op.drop_table("first_sign_ins")
