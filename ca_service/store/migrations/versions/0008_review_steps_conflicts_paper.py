"""Review steps, conflict cases, approvals bound to what was shown, the change form's paper

Revision: 0008
Follows: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('review_step',
    sa.Column('subject', sa.String(length=40), nullable=False),
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('event', sa.String(length=40), nullable=False),
    sa.Column('from_unit', sa.String(length=20), nullable=False),
    sa.Column('to_unit', sa.String(length=20), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('shown_sha256', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('subject', 'seq')
    )
    op.create_table('conflict_case',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('id_number_hash', sa.String(length=64), nullable=False),
    sa.Column('first_id', sa.String(length=40), nullable=False),
    sa.Column('second_id', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('at_unit', sa.String(length=20), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=60), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['first_id'], ['application.id'], ),
    sa.ForeignKeyConstraint(['second_id'], ['application.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('first_id', 'second_id')
    )
    with op.batch_alter_table('conflict_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_conflict_case_id_number_hash'), ['id_number_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_conflict_case_second_id'), ['second_id'], unique=False)
        batch_op.create_index('ix_conflict_queue', ['at_unit', 'status'], unique=False)
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.add_column(sa.Column('approved_path', sa.Text(), server_default='', nullable=False))
    with op.batch_alter_table('holder', schema=None) as batch_op:
        batch_op.add_column(sa.Column('approved_sha256', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('approved_in', sa.String(length=40), server_default='', nullable=False))
        batch_op.create_index(batch_op.f('ix_holder_name'), ['name'], unique=False)
    # Until now a reviewer decided wherever the case came from; what is open goes on at the centre.
    with op.batch_alter_table('change_case', schema=None) as batch_op:
        batch_op.add_column(sa.Column('at_unit', sa.String(length=20), server_default='150000', nullable=False))
        batch_op.add_column(sa.Column('approved_sha256', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('sealed', sa.LargeBinary(), nullable=True))
        batch_op.create_index('ix_change_queue', ['at_unit', 'status'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('change_case', schema=None) as batch_op:
        batch_op.drop_index('ix_change_queue')
        batch_op.drop_column('sealed')
        batch_op.drop_column('approved_sha256')
        batch_op.drop_column('at_unit')
    with op.batch_alter_table('holder', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_holder_name'))
        batch_op.drop_column('approved_in')
        batch_op.drop_column('approved_sha256')
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.drop_column('approved_path')
    op.drop_table('conflict_case')
    op.drop_table('review_step')
