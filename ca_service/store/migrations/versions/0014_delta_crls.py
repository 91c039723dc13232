"""Delta CRLs beside the complete ones, and why a list was refused

Revision: 0014
Follows: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('crl', sa.Column('delta_tbs', sa.LargeBinary(), nullable=True))
    op.add_column('crl', sa.Column('delta', sa.LargeBinary(), nullable=True))
    op.add_column('crl', sa.Column('refusal', sa.String(length=300), server_default='', nullable=False))


def downgrade() -> None:
    for name in ('refusal', 'delta', 'delta_tbs'):
        op.drop_column('crl', name)
