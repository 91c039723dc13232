"""Each unit with every unit above it

Revision: 0002
Follows: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_FILL = """
INSERT INTO unit_lineage (unit_code, above_code, depth)
WITH RECURSIVE climb(unit_code, above_code, depth) AS (
    SELECT code, code, 0 FROM unit
    UNION ALL
    SELECT climb.unit_code, unit.parent_code, climb.depth + 1
    FROM climb JOIN unit ON unit.code = climb.above_code
    WHERE unit.parent_code IS NOT NULL
)
SELECT unit_code, above_code, depth FROM climb
"""


def upgrade() -> None:
    op.create_table('unit_lineage',
    sa.Column('unit_code', sa.String(length=20), nullable=False),
    sa.Column('above_code', sa.String(length=20), nullable=False),
    sa.Column('depth', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['above_code'], ['unit.code'], ),
    sa.ForeignKeyConstraint(['unit_code'], ['unit.code'], ),
    sa.PrimaryKeyConstraint('unit_code', 'above_code')
    )
    with op.batch_alter_table('unit_lineage', schema=None) as batch_op:
        batch_op.create_index('ix_unit_lineage_above', ['above_code', 'unit_code'], unique=False)
    op.execute(_FILL)


def downgrade() -> None:
    op.drop_table('unit_lineage')
