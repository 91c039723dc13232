"""The audit log is looked through by subject, actor, unit, act and time

Revision: 0016
Follows: 0015
"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_BY = ('subject', 'actor', 'unit_code', 'tag', 'at')


def upgrade() -> None:
    op.drop_index('ix_audit_entry_subject', table_name='audit_entry')
    for column in _BY:
        op.create_index(f'ix_audit_entry_{column}_seq', 'audit_entry', [column, 'seq'], unique=False)


def downgrade() -> None:
    for column in _BY:
        op.drop_index(f'ix_audit_entry_{column}_seq', table_name='audit_entry')
    op.create_index('ix_audit_entry_subject', 'audit_entry', ['subject'], unique=False)
