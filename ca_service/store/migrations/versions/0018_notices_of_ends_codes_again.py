"""When a holder is next told that the certificate ends; who asked for another release code

Revision: 0018
Follows: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('certificate', sa.Column('end_notice_at', sa.DateTime(timezone=True), nullable=True))
    # A moment long past: the worker finds it and sets the next one by the configured window.
    op.execute("UPDATE certificate SET end_notice_at = confirmed_at WHERE confirmed_at IS NOT NULL")
    # Behind the dates: an index that is there already takes each of them by itself.
    op.create_index('ix_certificate_end_notice_at', 'certificate', ['end_notice_at'], unique=False)
    op.add_column('unblock_release', sa.Column('asked_by', sa.String(length=80), nullable=True))
    op.add_column('unblock_release', sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('unblock_release', 'asked_at')
    op.drop_column('unblock_release', 'asked_by')
    op.drop_index('ix_certificate_end_notice_at', table_name='certificate')
    op.drop_column('certificate', 'end_notice_at')
