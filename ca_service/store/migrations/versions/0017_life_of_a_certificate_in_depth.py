"""Hand-overs, certificates due for replacement, merged units in the account feed, compromises of a CA

Revision: 0017
Follows: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_OPEN = sa.text("status IN ('seeking', 'paired')")
_STANDS = sa.text("status != 'withdrawn'")
_OUTDATED = sa.text('outdated_at IS NOT NULL')


def upgrade() -> None:
    op.create_table('transfer_case',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('change_id', sa.String(length=40), nullable=False),
    sa.Column('application_id', sa.String(length=40), nullable=True),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('opened_by', sa.String(length=80), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sa.String(length=80), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['application_id'], ['application.id'], ),
    sa.ForeignKeyConstraint(['change_id'], ['change_case.id'], ),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('id')
    )
    for column in ('unit_code', 'change_id', 'application_id', 'status'):
        op.create_index(f'ix_transfer_case_{column}', 'transfer_case', [column], unique=False)
    op.create_index('ix_transfer_open', 'transfer_case', ['holder_id'], unique=True,
                    sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table('compromise',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('issuer', sa.String(length=40), nullable=False),
    sa.Column('ground', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=40), nullable=False),
    sa.Column('declared_by', sa.String(length=80), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(length=80), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['issuer'], ['issuer.name'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_compromise_standing', 'compromise', ['issuer'], unique=True,
                    sqlite_where=_STANDS, postgresql_where=_STANDS)
    op.add_column('certificate', sa.Column('outdated_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('certificate', sa.Column('outdated_by', sa.String(length=40), server_default='', nullable=False))
    op.add_column('account_event', sa.Column('from_unit', sa.String(length=20), server_default='', nullable=False))
    # Until now the mark stood with the unit's case alone. The last case counts.
    case = (
        "FROM unit_step s JOIN unit_case c ON c.id = s.case_id "
        "WHERE s.effect = 'certificate-outdated' AND s.subject = certificate.serial AND c.status = 'done' "
        "ORDER BY c.decided_at DESC LIMIT 1"
    )
    op.execute(
        f"UPDATE certificate SET outdated_at = (SELECT c.decided_at {case}), "
        f"outdated_by = coalesce((SELECT c.id {case}), '') WHERE serial IN "
        "(SELECT subject FROM unit_step WHERE effect = 'certificate-outdated')"
    )
    op.create_index('ix_certificate_outdated', 'certificate', ['outdated_at'], unique=False,
                    sqlite_where=_OUTDATED, postgresql_where=_OUTDATED)


def downgrade() -> None:
    op.drop_index('ix_certificate_outdated', 'certificate')
    op.drop_column('account_event', 'from_unit')
    for name in ('outdated_by', 'outdated_at'):
        op.drop_column('certificate', name)
    op.drop_table('compromise')
    op.drop_table('transfer_case')
