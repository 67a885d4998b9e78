"""What customers taught together: sums over many of them, and fitted numbers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "populations",
        sa.Column("population_id", sa.Uuid(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("population_id", name=op.f("pk_populations")),
    )


def downgrade() -> None:
    op.drop_table("populations")
