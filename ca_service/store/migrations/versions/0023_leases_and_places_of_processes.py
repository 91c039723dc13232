"""Who of many workers does what is done once, and where each process runs

Revision: 0023
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'lease',
        sa.Column('name', sa.String(length=80), primary_key=True),
        sa.Column('holder', sa.String(length=40), nullable=False),
        sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    )
    # Processes of before the upgrade have ended; those of after it say where they run.
    op.execute("DELETE FROM pulse")
    with op.batch_alter_table('pulse', schema=None) as batch_op:
        batch_op.add_column(sa.Column('place', sa.String(length=120), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('pulse', schema=None) as batch_op:
        batch_op.drop_column('place')
    op.drop_table('lease')
