"""Erasure after retention: cases, holds on records, what is left to do; the hash of certificates that were erased

Revision: 0026
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


# What belongs to a person is found by these; the tables are never read as a whole.
_INDEXES = (
    ('hand_over', 'holder_id'), ('unblock_release', 'holder_id'), ('status_order', 'serial'),
    ('transfer_case', 'holder_id'),
)


def upgrade() -> None:
    for table, column in _INDEXES:
        op.create_index(f'ix_{table}_{column}', table, [column])
    op.add_column('certificate', sa.Column('der_sha256', sa.String(length=64), server_default='', nullable=False))
    op.create_table(
        'erasure',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('ground', sa.Text(), nullable=False),
        sa.Column('seen', sa.String(length=64), nullable=False),
        sa.Column('proposed_by', sa.String(length=80), nullable=False),
        sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('decided_by', sa.String(length=80), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decision_reason', sa.Text(), nullable=False),
    )
    op.create_index('ix_erasure_status', 'erasure', ['status'])
    op.create_table(
        'erasure_line',
        sa.Column('erasure_id', sa.String(length=40), sa.ForeignKey('erasure.id'), primary_key=True),
        sa.Column('holder_id', sa.String(length=40), sa.ForeignKey('holder.id'), primary_key=True),
        sa.Column('unit_code', sa.String(length=20), nullable=False),
        sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('facts', sa.Text(), nullable=False),
        sa.Column('sha256', sa.String(length=64), nullable=False),
    )
    op.create_index('ix_erasure_line_holder_id', 'erasure_line', ['holder_id'])
    op.create_table(
        'records_hold',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('holder_id', sa.String(length=40), sa.ForeignKey('holder.id'), nullable=False),
        sa.Column('unit_code', sa.String(length=20), nullable=False),
        sa.Column('reason', sa.String(length=300), nullable=False),
        sa.Column('set_by', sa.String(length=80), nullable=False),
        sa.Column('set_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('lifted_by', sa.String(length=80), nullable=True),
        sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('lift_reason', sa.String(length=300), nullable=False),
    )
    op.create_index('ix_records_hold_holder_id', 'records_hold', ['holder_id'])
    stands = sa.text('lifted_at IS NULL')
    op.create_index(
        'ix_records_hold_standing', 'records_hold', ['holder_id'], unique=True, sqlite_where=stands,
        postgresql_where=stands,
    )
    op.create_table(
        'erasure_chore',
        sa.Column('kind', sa.String(length=40), primary_key=True),
        sa.Column('name', sa.String(length=80), primary_key=True),
        sa.Column('erasure_id', sa.String(length=40), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    for table in ('erasure_chore', 'records_hold', 'erasure_line', 'erasure'):
        op.drop_table(table)
    for table, column in _INDEXES:
        op.drop_index(f'ix_{table}_{column}', table_name=table)
    op.drop_column('certificate', 'der_sha256')
