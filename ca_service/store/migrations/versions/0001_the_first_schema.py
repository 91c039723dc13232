"""The first schema

Revision: 0001
Follows: 
"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account_event',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('change_id', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    op.create_table('audit_entry',
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.String(length=32), nullable=False),
    sa.Column('tag', sa.String(length=60), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('via', sa.String(length=20), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('previous', sa.LargeBinary(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('seq')
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_subject'), ['subject'], unique=False)

    op.create_table('head',
    sa.Column('name', sa.String(length=20), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('issuer',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('certificate', sa.LargeBinary(), nullable=False),
    sa.Column('key_label', sa.String(length=60), nullable=False),
    sa.Column('signed_by', sa.String(length=40), nullable=False),
    sa.Column('status_version', sa.BigInteger(), nullable=False),
    sa.Column('crl_number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('message',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('channel', sa.String(length=40), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_status'), ['status'], unique=False)

    op.create_table('unit',
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('parent_code', sa.String(length=20), nullable=True),
    sa.Column('area_code', sa.String(length=12), nullable=False),
    sa.Column('school_type', sa.String(length=3), nullable=True),
    sa.ForeignKeyConstraint(['parent_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('code')
    )
    with op.batch_alter_table('unit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unit_name'), ['name'], unique=False)
        batch_op.create_index(batch_op.f('ix_unit_parent_code'), ['parent_code'], unique=False)

    op.create_table('batch',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('sheet_sha256', sa.String(length=64), nullable=False),
    sa.Column('scan_sha256', sa.String(length=64), nullable=False),
    sa.Column('uploaded_by', sa.String(length=60), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('unit_code', 'sheet_sha256')
    )
    op.create_table('certificate',
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('key_sha256', sa.String(length=64), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_after', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tbs', sa.LargeBinary(), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=True),
    sa.Column('holder_id', sa.String(length=40), nullable=True),
    sa.Column('medium_serial', sa.String(length=40), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.SmallInteger(), nullable=True),
    sa.Column('crl_entry', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('serial')
    )
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificate_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_holder_id'), ['holder_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_key_sha256'), ['key_sha256'], unique=False)
        batch_op.create_index('ix_certificate_status', ['issuer', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificate_unit_code'), ['unit_code'], unique=False)

    op.create_table('crl',
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('status_version', sa.BigInteger(), nullable=False),
    sa.Column('this_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tbs', sa.LargeBinary(), nullable=False),
    sa.Column('der', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('issuer', 'number')
    )
    op.create_table('holder',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('external_id', sa.String(length=80), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('user_type', sa.String(length=40), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('id_number_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pushed_sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('external_id')
    )
    with op.batch_alter_table('holder', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_holder_id_number_hash'), ['id_number_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_holder_unit_code'), ['unit_code'], unique=False)

    op.create_table('parcel',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('from_unit', sa.String(length=20), nullable=False),
    sa.Column('to_unit', sa.String(length=20), nullable=False),
    sa.Column('courier_number', sa.String(length=60), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('sent_by', sa.String(length=60), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_by', sa.String(length=60), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['from_unit'], ['unit.code'], ),
    sa.ForeignKeyConstraint(['to_unit'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('staff',
    sa.Column('login', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('roles', sa.String(length=200), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('login')
    )
    op.create_table('status_log',
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('issuer', 'version')
    )
    op.create_table('application',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('batch_id', sa.String(length=40), nullable=False),
    sa.Column('row_number', sa.Integer(), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('user_type', sa.String(length=40), nullable=False),
    sa.Column('school_type', sa.String(length=20), nullable=False),
    sa.Column('address', sa.String(length=300), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('id_number_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('at_unit', sa.String(length=20), nullable=False),
    sa.Column('entered_by', sa.String(length=60), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('approved_sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('batch_id', 'row_number')
    )
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_application_id_number_hash'), ['id_number_hash'], unique=False)
        batch_op.create_index('ix_application_queue', ['at_unit', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_application_unit_code'), ['unit_code'], unique=False)

    op.create_table('change_case',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('opinion', sa.Text(), nullable=False),
    sa.Column('transferred', sa.Boolean(), nullable=False),
    sa.Column('scan_sha256', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('submitted_by', sa.String(length=60), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('certificate_act', sa.String(length=40), nullable=True),
    sa.Column('decided_by', sa.String(length=60), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision_reason', sa.Text(), nullable=False),
    sa.Column('executed_by', sa.String(length=60), nullable=True),
    sa.Column('executed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('change_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_case_holder_id'), ['holder_id'], unique=False)

    op.create_table('medium',
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('model', sa.String(length=60), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('at_unit', sa.String(length=20), nullable=False),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=True),
    sa.Column('parcel_id', sa.String(length=40), nullable=True),
    sa.Column('binding_key', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['at_unit'], ['unit.code'], ),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['parcel_id'], ['parcel.id'], ),
    sa.PrimaryKeyConstraint('serial')
    )
    with op.batch_alter_table('medium', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_medium_at_unit'), ['at_unit'], unique=False)
        batch_op.create_index(batch_op.f('ix_medium_holder_id'), ['holder_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_medium_parcel_id'), ['parcel_id'], unique=False)

    op.create_table('custody',
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=40), nullable=False),
    sa.Column('from_place', sa.String(length=60), nullable=False),
    sa.Column('to_place', sa.String(length=60), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['serial'], ['medium.serial'], ),
    sa.PrimaryKeyConstraint('serial', 'seq')
    )
    op.create_table('enrolment',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('medium_serial', sa.String(length=40), nullable=False),
    sa.Column('reference_hash', sa.String(length=64), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('tries_left', sa.Integer(), nullable=False),
    sa.Column('issued_by', sa.String(length=60), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('session_hash', sa.String(length=64), nullable=True),
    sa.Column('session_expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('nonce', sa.LargeBinary(), nullable=True),
    sa.Column('challenge', sa.LargeBinary(), nullable=True),
    sa.Column('key_sha256', sa.String(length=64), nullable=True),
    sa.Column('certificate_serial', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['medium_serial'], ['medium.serial'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('reference_hash'),
    sa.UniqueConstraint('session_hash')
    )
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_enrolment_holder_id'), ['holder_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('enrolment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_enrolment_holder_id'))

    op.drop_table('enrolment')
    op.drop_table('custody')
    with op.batch_alter_table('medium', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_medium_parcel_id'))
        batch_op.drop_index(batch_op.f('ix_medium_holder_id'))
        batch_op.drop_index(batch_op.f('ix_medium_at_unit'))

    op.drop_table('medium')
    with op.batch_alter_table('change_case', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_case_holder_id'))

    op.drop_table('change_case')
    with op.batch_alter_table('application', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_application_unit_code'))
        batch_op.drop_index('ix_application_queue')
        batch_op.drop_index(batch_op.f('ix_application_id_number_hash'))

    op.drop_table('application')
    op.drop_table('status_log')
    op.drop_table('staff')
    op.drop_table('parcel')
    with op.batch_alter_table('holder', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_holder_unit_code'))
        batch_op.drop_index(batch_op.f('ix_holder_id_number_hash'))

    op.drop_table('holder')
    op.drop_table('crl')
    with op.batch_alter_table('certificate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificate_unit_code'))
        batch_op.drop_index('ix_certificate_status')
        batch_op.drop_index(batch_op.f('ix_certificate_key_sha256'))
        batch_op.drop_index(batch_op.f('ix_certificate_holder_id'))
        batch_op.drop_index(batch_op.f('ix_certificate_created_at'))

    op.drop_table('certificate')
    op.drop_table('batch')
    with op.batch_alter_table('unit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unit_parent_code'))
        batch_op.drop_index(batch_op.f('ix_unit_name'))

    op.drop_table('unit')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_status'))

    op.drop_table('message')
    op.drop_table('issuer')
    op.drop_table('head')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entry_subject'))

    op.drop_table('audit_entry')
    op.drop_table('account_event')
