"""Indexes that hold all that the campaign board counts

Revision: 0015
Follows: 0014
"""

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_application_board', 'application', ['user_type', 'status', 'unit_code', 'at_unit', 'submitted_at']
    )
    op.create_index('ix_holder_board', 'holder', ['status', 'user_type', 'unit_code', 'id', 'registered_at'])
    op.create_index('ix_certificate_board', 'certificate', ['holder_id', 'status', 'created_at'])
    op.drop_index('ix_certificate_holder_id', 'certificate')


def downgrade() -> None:
    op.create_index('ix_certificate_holder_id', 'certificate', ['holder_id'])
    op.drop_index('ix_certificate_board', 'certificate')
    op.drop_index('ix_holder_board', 'holder')
    op.drop_index('ix_application_board', 'application')
