"""Sign-in of the staff: sessions, second factors, counted tries, one person one account of the three

Revision: 0010
Follows: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('person_hash', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('must_identify', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('second_factor', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('password_set_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('holder_id', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('signed_in_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_staff_person_hash'), ['person_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_holder_id'), ['holder_id'], unique=True)

    op.execute(
        "UPDATE staff SET must_identify = true "
        "WHERE roles IN ('ca-administrator', 'security-administrator', 'auditor')"
    )
    op.create_table('sign_in_try',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    with op.batch_alter_table('sign_in_try', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_try_since'), ['since'], unique=False)

    op.create_table('staff_passkey',
    sa.Column('id', sa.String(length=400), nullable=False),
    sa.Column('login', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['login'], ['staff.login'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('staff_passkey', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_passkey_login'), ['login'], unique=False)

    op.create_table('staff_recovery_code',
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('login', sa.String(length=60), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['login'], ['staff.login'], ),
    sa.PrimaryKeyConstraint('code_hash')
    )
    with op.batch_alter_table('staff_recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_recovery_code_login'), ['login'], unique=False)

    op.create_table('staff_session',
    sa.Column('id_hash', sa.String(length=64), nullable=False),
    sa.Column('login', sa.String(length=60), nullable=False),
    sa.Column('method', sa.String(length=40), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('agent', sa.String(length=120), nullable=False),
    sa.Column('challenge', sa.LargeBinary(), nullable=True),
    sa.Column('certificate', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['login'], ['staff.login'], ),
    sa.PrimaryKeyConstraint('id_hash')
    )
    with op.batch_alter_table('staff_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_session_login'), ['login'], unique=False)
        batch_op.create_index(batch_op.f('ix_staff_session_started_at'), ['started_at'], unique=False)

    op.create_table('staff_totp',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('login', sa.String(length=60), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['login'], ['staff.login'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('staff_totp', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_totp_login'), ['login'], unique=False)


def downgrade() -> None:
    for table in ('sign_in_try', 'staff_passkey', 'staff_recovery_code', 'staff_session', 'staff_totp'):
        op.drop_table(table)
    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_holder_id'))
        batch_op.drop_index(batch_op.f('ix_staff_person_hash'))
        for column in ('signed_in_at', 'holder_id', 'password_set_at', 'second_factor', 'must_identify', 'person_hash'):
            batch_op.drop_column(column)
