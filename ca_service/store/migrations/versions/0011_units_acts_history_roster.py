"""Units that end, their cases and history; the roster of responsible persons

Revision: 0011
Follows: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_OPEN_CASE = sa.text("status = 'proposed'")
_CURRENT = sa.text('ended_at IS NULL')


def upgrade() -> None:
    # Plain ADD COLUMN: a batch would build the table anew, which SQLite refuses while others refer to it.
    op.add_column('unit', sa.Column('credit_code', sa.String(length=18), nullable=True))
    op.add_column('unit', sa.Column('status', sa.String(length=40), server_default='open', nullable=False))
    op.add_column('unit', sa.Column('successor_code', sa.String(length=20), nullable=True))
    op.add_column('unit', sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True))
    op.create_table('unit_case',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('act', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('target_code', sa.String(length=20), nullable=False),
    sa.Column('area_code', sa.String(length=12), nullable=False),
    sa.Column('stop_people', sa.Boolean(), nullable=False),
    sa.Column('return_applications', sa.Boolean(), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('plan_sha256', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('proposed_by', sa.String(length=80), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_reason', sa.Text(), nullable=False),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_unit_case_unit_code', 'unit_case', ['unit_code'], unique=False)
    op.create_index('ix_unit_case_status', 'unit_case', ['status'], unique=False)
    op.create_index('ix_unit_case_open', 'unit_case', ['unit_code'], unique=True,
                    sqlite_where=_OPEN_CASE, postgresql_where=_OPEN_CASE)
    op.create_table('unit_event',
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('before', sa.Text(), nullable=False),
    sa.Column('after', sa.Text(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('confirmed_by', sa.String(length=80), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('case_id', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('unit_code', 'seq')
    )
    op.create_table('unit_step',
    sa.Column('case_id', sa.String(length=40), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('effect', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=80), nullable=False),
    sa.Column('now', sa.String(length=200), nullable=False),
    sa.Column('to', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['unit_case.id'], ),
    sa.PrimaryKeyConstraint('case_id', 'seq')
    )
    op.create_index('ix_unit_step_subject', 'unit_step', ['subject'], unique=False)
    op.create_table('responsible_person',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('duty', sa.String(length=40), nullable=False),
    sa.Column('place', sa.SmallInteger(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('office', sa.String(length=100), nullable=False),
    sa.Column('post', sa.String(length=100), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('entered_by', sa.String(length=80), nullable=False),
    sa.Column('entered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_responsible_person_unit_code', 'responsible_person', ['unit_code'], unique=False)
    op.create_index('ix_responsible_current', 'responsible_person', ['unit_code', 'duty', 'place'], unique=True,
                    sqlite_where=_CURRENT, postgresql_where=_CURRENT)


def downgrade() -> None:
    op.drop_table('responsible_person')
    op.drop_table('unit_step')
    op.drop_table('unit_event')
    op.drop_table('unit_case')
    for column in ('closed_at', 'successor_code', 'status', 'credit_code'):
        op.drop_column('unit', column)
