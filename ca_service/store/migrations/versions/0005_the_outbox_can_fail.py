"""The outbox: claims, retries, failures

Revision: 0005
Follows: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('ix_message_status')
        # Messages of before belong to nobody's unit that is known: to the centre.
        batch_op.add_column(sa.Column('unit_code', sa.String(length=20), nullable=False, server_default='150000'))
        batch_op.add_column(sa.Column('due_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('attempts', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('failure', sa.String(length=200), nullable=False, server_default=''))
    op.execute('UPDATE message SET due_at = created_at')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.alter_column('due_at', existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column('unit_code', existing_type=sa.String(length=20), server_default=None)
        batch_op.alter_column('attempts', existing_type=sa.Integer(), server_default=None)
        batch_op.alter_column('failure', existing_type=sa.String(length=200), server_default=None)
        batch_op.create_index(batch_op.f('ix_message_unit_code'), ['unit_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_message_created_at'), ['created_at'], unique=False)
        batch_op.create_index('ix_message_due', ['status', 'due_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('ix_message_due')
        batch_op.drop_index(batch_op.f('ix_message_created_at'))
        batch_op.drop_index(batch_op.f('ix_message_unit_code'))
        for name in ('failure', 'claimed_at', 'attempts', 'due_at', 'unit_code'):
            batch_op.drop_column(name)
        batch_op.create_index('ix_message_status', ['status'], unique=False)
