"""A download that renews a certificate

Revision: tokens
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = 'tokens'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('enrolment', sa.Column('renews', sa.String(length=40), nullable=True))
    op.create_index('ix_enrolment_renews', 'enrolment', ['renews'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_enrolment_renews', table_name='enrolment')
    op.drop_column('enrolment', 'renews')
