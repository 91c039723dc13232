"""Releases of locked tokens, and their sealed SO PINs

Revision: 0013
Follows: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('unblock_release',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('change_id', sa.String(length=40), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('tries_left', sa.Integer(), nullable=False),
    sa.Column('released_by', sa.String(length=80), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('session_hash', sa.String(length=64), nullable=True),
    sa.Column('session_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('nonce', sa.LargeBinary(), nullable=True),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['serial'], ['medium.serial'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('session_hash')
    )
    op.create_index('ix_unblock_release_serial', 'unblock_release', ['serial'], unique=False)
    op.create_index('ix_unblock_release_unit_code', 'unblock_release', ['unit_code'], unique=False)
    op.create_table('so_pin',
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('session_hash', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['serial'], ['medium.serial'], ),
    sa.PrimaryKeyConstraint('serial', 'seq')
    )


def downgrade() -> None:
    op.drop_table('so_pin')
    op.drop_table('unblock_release')
