"""A planned successor of an issuing CA waits until it is activated

Revision: 0025
Follows: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('issuer', schema=None) as batch_op:
        batch_op.add_column(sa.Column('waiting', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('issuer', schema=None) as batch_op:
        batch_op.drop_column('waiting')
