"""The life of a certificate: history, orders, confirmation

Revision: 0007
Follows: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True))
    # Who was active or frozen before counts as confirmed: until now a release made no difference.
    op.execute("UPDATE certificate SET confirmed_at = created_at WHERE status IN ('active', 'frozen', 'revoked')")
    op.create_table('certificate_event',
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('ground', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('crl_reason', sa.SmallInteger(), nullable=True),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['serial'], ['certificate.serial'], ),
    sa.PrimaryKeyConstraint('serial', 'seq')
    )
    op.create_table('status_order',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('act', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('ordered_by', sa.String(length=80), nullable=False),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirm_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('confirmed_by', sa.String(length=60), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['serial'], ['certificate.serial'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('status_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_status_order_unit_code'), ['unit_code'], unique=False)
        batch_op.create_index('ix_status_order_waiting', ['status', 'confirm_by'], unique=False)


def downgrade() -> None:
    op.drop_table('status_order')
    op.drop_table('certificate_event')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_column('reminded_at')
        batch_op.drop_column('confirmed_at')
