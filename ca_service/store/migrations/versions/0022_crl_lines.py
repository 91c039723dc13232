"""Sharded CRLs, what became of each number, overrides of the gate, alarms

Revision: 0022
Follows: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.add_column(sa.Column('shard', sa.Integer(), nullable=True))
        batch_op.create_index('ix_certificate_shard', ['issuer', 'shard', 'status'], unique=False)
    _lines()
    op.create_table('crl_shard',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=False),
    sa.Column('url', sa.String(length=1000), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_index(op.f('ix_crl_shard_issuer'), 'crl_shard', ['issuer'], unique=False)
    op.create_table('crl_override',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('differences', sa.Text(), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('proposed_by', sa.String(length=80), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('number', sa.BigInteger(), nullable=True),
    sa.Column('status_version', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_crl_override_name'), 'crl_override', ['name'], unique=False)
    op.create_table('crl_alarm',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', 'number', 'kind')
    )


_BLOBS = 'tbs', 'der', 'delta_tbs', 'delta'
_KEPT = 'number, issuer, status_version, this_update, next_update, tbs, der, delta_tbs, delta, refusal'


def _lines() -> None:
    """The key becomes the line and the number; the lists of before are the complete ones of their issuer."""
    _set_aside()
    op.create_table('crl',
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('shard', sa.Integer(), nullable=True),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('status_version', sa.BigInteger(), nullable=False),
    sa.Column('this_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled', sa.DateTime(timezone=True), nullable=True),
    sa.Column('scheduled', sa.Boolean(), nullable=False),
    *(sa.Column(name, sa.LargeBinary(), nullable=name != 'tbs') for name in _BLOBS),
    sa.Column('refusal', sa.String(length=300), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('name', 'number')
    )
    # Until now a list left out what had expired seven days before it: the same in the words of today.
    postgresql = op.get_bind().dialect.name == 'postgresql'
    settled = "this_update - interval '7 days'" if postgresql else "datetime(this_update, '-7 days') || '.000000'"
    became = "CASE WHEN der IS NOT NULL THEN 'published' WHEN refusal <> '' THEN 'refused' ELSE 'reserved' END"
    op.execute(f"INSERT INTO crl (name, status, settled, scheduled, {_KEPT})"
               f" SELECT issuer, {became}, {settled}, true, {_KEPT} FROM crl_before")
    op.drop_table('crl_before')
    op.create_index('ix_crl_status', 'crl', ['name', 'status', 'number'], unique=False)
    op.create_index('ix_crl_current', 'crl', ['name', 'next_update'], unique=False)


def _set_aside() -> None:
    op.rename_table('crl', 'crl_before')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER INDEX crl_pkey RENAME TO crl_before_pkey')


def downgrade() -> None:
    for table in ('crl_alarm', 'crl_override', 'crl_shard'):
        op.drop_table(table)
    op.drop_index('ix_crl_current', 'crl')
    op.drop_index('ix_crl_status', 'crl')
    _set_aside()
    op.create_table('crl',
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('status_version', sa.BigInteger(), nullable=False),
    sa.Column('this_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_update', sa.DateTime(timezone=True), nullable=False),
    *(sa.Column(name, sa.LargeBinary(), nullable=name != 'tbs') for name in _BLOBS),
    sa.Column('refusal', sa.String(length=300), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('issuer', 'number')
    )
    op.execute(f'INSERT INTO crl ({_KEPT}) SELECT {_KEPT} FROM crl_before WHERE shard IS NULL')
    op.drop_table('crl_before')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index('ix_certificate_shard')
        batch_op.drop_column('shard')
