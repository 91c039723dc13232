"""Each change of status carries its clock; what was measured of its way out; which processes live

Revision: 0020
Follows: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Changes from before carry no clock: when they were committed is not known, and they are not measured.
    op.add_column('status_log', sa.Column('at', sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        'lag',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('issuer', sa.String(length=40), sa.ForeignKey('issuer.name'), nullable=False),
        sa.Column('reach', sa.String(length=40), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seconds', sa.Float(), nullable=False),
        sa.Column('changes', sa.Integer(), nullable=False),
    )
    op.create_index('ix_lag_seen_at', 'lag', ['seen_at'])
    op.create_table(
        'pulse',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('part', sa.String(length=20), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table('pulse')
    op.drop_index('ix_lag_seen_at', table_name='lag')
    op.drop_table('lag')
    op.drop_column('status_log', 'at')
