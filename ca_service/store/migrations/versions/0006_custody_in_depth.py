"""Custody: seals and differences of parcels, hand-overs and sheets, the state after each step

Revision: 0006
Follows: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_STATUS_AFTER = """
UPDATE custody SET status = CASE event
    WHEN 'initialise' THEN 'initialised' WHEN 'dispatch' THEN 'in-transit' WHEN 'receive' THEN 'at-unit'
    WHEN 'hand-over' THEN 'handed-over' WHEN 'activate' THEN 'in-use' WHEN 'hand-in' THEN 'returned'
    WHEN 'report-damaged' THEN 'damaged' WHEN 'report-lost' THEN 'lost' ELSE 'at-unit' END
"""
# Where the step led to a unit that unit is known; after other steps the token's present unit is the best there is.
_UNIT_AFTER = """
UPDATE custody SET at_unit = COALESCE(
    (SELECT code FROM unit WHERE unit.code = custody.to_place),
    (SELECT at_unit FROM medium WHERE medium.serial = custody.serial))
"""
_UNDERWAY = """
INSERT INTO parcel_item (parcel_id, serial, arrival)
SELECT parcel_id, serial, 'underway' FROM medium WHERE status = 'in-transit' AND parcel_id IS NOT NULL
"""


def upgrade() -> None:
    with op.batch_alter_table('medium', schema=None) as batch_op:
        batch_op.add_column(sa.Column('firmware', sa.String(length=60), nullable=False, server_default=''))
    with op.batch_alter_table('parcel', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seal_number', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('receipt_note', sa.String(length=300), nullable=False, server_default=''))
        batch_op.create_index(batch_op.f('ix_parcel_from_unit'), ['from_unit'], unique=False)
        batch_op.create_index(batch_op.f('ix_parcel_to_unit'), ['to_unit'], unique=False)
    with op.batch_alter_table('custody', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('at_unit', sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column('note', sa.String(length=300), nullable=False, server_default=''))
    op.execute(_STATUS_AFTER)
    op.execute(_UNIT_AFTER)
    with op.batch_alter_table('custody', schema=None) as batch_op:
        batch_op.alter_column('status', existing_type=sa.String(length=40), nullable=False)
        batch_op.alter_column('at_unit', existing_type=sa.String(length=20), nullable=False)
    op.create_table('parcel_item',
    sa.Column('parcel_id', sa.String(length=40), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('arrival', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['parcel_id'], ['parcel.id'], ),
    sa.ForeignKeyConstraint(['serial'], ['medium.serial'], ),
    sa.PrimaryKeyConstraint('parcel_id', 'serial')
    )
    op.execute(_UNDERWAY)
    op.create_table('dispatch_sheet',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('prepared_by', sa.String(length=60), nullable=False),
    sa.Column('prepared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('scan_sha256', sa.String(length=64), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('dispatch_sheet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dispatch_sheet_unit_code'), ['unit_code'], unique=False)
    op.create_table('hand_over',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('serial', sa.String(length=40), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('from_unit', sa.String(length=20), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('prepared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('handed_over_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sheet_id', sa.String(length=40), nullable=True),
    sa.Column('cancelled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['from_unit'], ['unit.code'], ),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['serial'], ['medium.serial'], ),
    sa.ForeignKeyConstraint(['sheet_id'], ['dispatch_sheet.id'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('hand_over', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_hand_over_serial'), ['serial'], unique=False)
        batch_op.create_index(batch_op.f('ix_hand_over_sheet_id'), ['sheet_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_hand_over_unit_code'), ['unit_code'], unique=False)


def downgrade() -> None:
    op.drop_table('hand_over')
    op.drop_table('dispatch_sheet')
    op.drop_table('parcel_item')
    with op.batch_alter_table('custody', schema=None) as batch_op:
        for name in ('note', 'at_unit', 'status'):
            batch_op.drop_column(name)
    with op.batch_alter_table('parcel', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_parcel_to_unit'))
        batch_op.drop_index(batch_op.f('ix_parcel_from_unit'))
        batch_op.drop_column('receipt_note')
        batch_op.drop_column('seal_number')
    with op.batch_alter_table('medium', schema=None) as batch_op:
        batch_op.drop_column('firmware')
