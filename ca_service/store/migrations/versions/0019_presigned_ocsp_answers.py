"""Pre-signed OCSP answers, shared by all responders

Revision: 0019
Follows: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'presign_run',
        sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('issuer', sa.String(length=40), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('signer', sa.String(length=40), nullable=False),
        sa.Column('scope', sa.String(length=80), nullable=False),
        sa.Column('version', sa.BigInteger(), nullable=False),
        sa.Column('reached', sa.BigInteger(), nullable=False),
        sa.Column('position', sa.String(length=40), nullable=False),
        sa.Column('answers', sa.BigInteger(), nullable=False),
        sa.Column('holder', sa.String(length=40), nullable=False),
        sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('touched_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('next_update', sa.DateTime(timezone=True), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(['issuer'], ['issuer.name']),
        sa.ForeignKeyConstraint(['signer'], ['certificate.serial']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('issuer', 'number', name='uq_presign_run_number'),
    )
    op.create_table(
        'ocsp_answer',
        sa.Column('cert_id', sa.LargeBinary(), nullable=False),
        sa.Column('run', sa.BigInteger(), nullable=False),
        sa.Column('version', sa.BigInteger(), nullable=False),
        sa.Column('this_update', sa.BigInteger(), nullable=False),
        sa.Column('next_update', sa.BigInteger(), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('cert_id'),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table('ocsp_answer')
    op.drop_table('presign_run')
