"""Hand-overs between two information administrators of a unit

Revision: 0018
Follows: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0014'
branch_labels = None
depends_on = None

_OPEN = sa.text("status IN ('seeking', 'paired')")


def upgrade() -> None:
    op.create_table('transfer_case',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('change_id', sa.String(length=40), nullable=False),
    sa.Column('application_id', sa.String(length=40), nullable=True),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('opened_by', sa.String(length=80), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sa.String(length=80), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], ),
    sa.ForeignKeyConstraint(['change_id'], ['change_case.id'], ),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    for column in ('unit_code', 'change_id', 'application_id', 'status'):
        op.create_index(f'ix_transfer_case_{column}', 'transfer_case', [column], unique=False)
    op.create_index('ix_transfer_open', 'transfer_case', ['holder_id'], unique=True,
                    sqlite_where=_OPEN, postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_table('transfer_case')
