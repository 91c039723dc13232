"""A download that renews a certificate

Revision: 0012
Follows: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('enrolment', sa.Column('renews', sa.String(length=40), nullable=True))
    op.create_index('ix_enrolment_renews', 'enrolment', ['renews'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_enrolment_renews', table_name='enrolment')
    op.drop_column('enrolment', 'renews')
