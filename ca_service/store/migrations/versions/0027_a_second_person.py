"""What one administrator proposes and another one confirms: roles, resets, acts on keys

Revision: 0027
Follows: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'proposal',
        sa.Column('id', sa.String(length=40), primary_key=True),
        sa.Column('kind', sa.String(length=40), nullable=False),
        sa.Column('subject', sa.String(length=80), nullable=False),
        sa.Column('unit_code', sa.String(length=20), nullable=False),
        sa.Column('ground', sa.Text(), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('proposed_by', sa.String(length=80), nullable=False),
        sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('content', sa.Text(), nullable=False),
        sa.Column('secret_hash', sa.String(length=200), nullable=False),
        sa.Column('decided_by', sa.String(length=80), nullable=True),
        sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('decision_reason', sa.Text(), nullable=False),
        sa.Column('used_by', sa.String(length=80), nullable=True),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index('ix_proposal_status', 'proposal', ['status'])
    op.create_index('ix_proposal_proposed_at', 'proposal', ['proposed_at'])
    still_open = sa.text("status IN ('proposed', 'released')")
    op.create_index(
        'ix_proposal_open', 'proposal', ['subject', 'kind'], unique=True, sqlite_where=still_open,
        postgresql_where=still_open,
    )


def downgrade() -> None:
    op.drop_table('proposal')
