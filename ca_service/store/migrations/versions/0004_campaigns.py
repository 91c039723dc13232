"""Campaigns and first sign-ins

Revision: 0004
Follows: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('campaign',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('forms_due', sa.Date(), nullable=False),
    sa.Column('push_due', sa.Date(), nullable=False),
    sa.Column('tokens_due', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('first_sign_in',
    sa.Column('holder_id', sa.String(length=40), nullable=False),
    sa.Column('system', sa.String(length=60), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['holder_id'], ['holder.id'], ),
    sa.PrimaryKeyConstraint('holder_id')
    )


def downgrade() -> None:
    op.drop_table('first_sign_in')
    op.drop_table('campaign')
