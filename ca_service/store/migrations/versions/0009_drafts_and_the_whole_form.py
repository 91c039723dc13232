"""Drafts, the whole form, batches that can be undone, names that can be looked up

Revision: 0009
Follows: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_STANDS = sa.text("status = 'taken'")
# The form of names as ca_service/domain/units.py had them at this revision.
_NAME_FORM = {0xFF01 + i: 0x21 + i for i in range(94)} | {ord("（"): "(", ord("）"): ")"}


def upgrade() -> None:
    op.create_table('draft',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('sheet_name', sa.String(length=100), nullable=False),
    sa.Column('scan_name', sa.String(length=100), nullable=False),
    sa.Column('uploaded_by', sa.String(length=60), nullable=False),
    sa.Column('uploaded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_draft_uploaded_by', 'draft', ['uploaded_by'], unique=False)
    op.create_index('ix_draft_uploaded_at', 'draft', ['uploaded_at'], unique=False)
    op.create_table('draft_part',
    sa.Column('draft_id', sa.String(length=40), nullable=False),
    sa.Column('part', sa.String(length=20), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], ),
    sa.PrimaryKeyConstraint('draft_id', 'part')
    )
    _batches()
    op.add_column('application', sa.Column('wants_certificate', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column('application', sa.Column('existing_account', sa.String(length=60), nullable=False, server_default=''))
    op.add_column('application', sa.Column('remarks', sa.Text(), nullable=False, server_default=''))
    op.add_column('application', sa.Column('mended_by', sa.String(length=60), nullable=False, server_default=''))
    op.add_column('application', sa.Column('scan_sha256', sa.String(length=64), nullable=False, server_default=''))
    _name_keys()


def _batches() -> None:
    # The unique constraint of 0001 has no name of its own: PostgreSQL gave it one, SQLite's is found by its columns.
    naming = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}
    with op.batch_alter_table('batch', naming_convention=naming) as batch:
        batch.add_column(sa.Column('status', sa.String(length=40), nullable=False, server_default='taken'))
        batch.add_column(sa.Column('source', sa.String(length=40), nullable=False, server_default='sheet'))
        batch.add_column(sa.Column('sheet_name', sa.String(length=100), nullable=False, server_default=''))
        batch.add_column(sa.Column('report_sha256', sa.String(length=64), nullable=False, server_default=''))
        batch.drop_constraint('batch_unit_code_sheet_sha256_key', type_='unique')
    op.create_index('ix_batch_uploaded_at', 'batch', ['uploaded_at'], unique=False)
    op.create_index(
        'ix_batch_sheet', 'batch', ['unit_code', 'sheet_sha256'], unique=True,
        sqlite_where=_STANDS, postgresql_where=_STANDS,
    )


def _name_keys() -> None:
    op.add_column('unit', sa.Column('name_key', sa.String(length=300), nullable=False, server_default=''))
    unit = sa.table('unit', sa.column('code', sa.String), sa.column('name', sa.String), sa.column('name_key', sa.String))
    connection = op.get_bind()
    rows = [
        {'of': code, 'key': "".join(name.translate(_NAME_FORM).split()).casefold()}
        for code, name in connection.execute(sa.select(unit.c.code, unit.c.name))
    ]
    if rows:
        fill = unit.update().where(unit.c.code == sa.bindparam('of')).values(name_key=sa.bindparam('key'))
        connection.execute(fill, rows)
    op.create_index('ix_unit_name_key', 'unit', ['name_key'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_unit_name_key', table_name='unit')
    op.drop_column('unit', 'name_key')
    for name in ('scan_sha256', 'mended_by', 'remarks', 'existing_account', 'wants_certificate'):
        op.drop_column('application', name)
    op.drop_index('ix_batch_sheet', table_name='batch')
    op.drop_index('ix_batch_uploaded_at', table_name='batch')
    with op.batch_alter_table('batch') as batch:
        for name in ('report_sha256', 'sheet_name', 'source', 'status'):
            batch.drop_column(name)
        batch.create_unique_constraint('batch_unit_code_sheet_sha256_key', ['unit_code', 'sheet_sha256'])
    op.drop_table('draft_part')
    op.drop_table('draft')
