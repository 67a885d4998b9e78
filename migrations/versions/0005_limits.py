"""Failures at the OAuth endpoints, counted for all processes together"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "oauth_failures",
        sa.Column("bucket", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_oauth_failures")),
    )


def downgrade() -> None:
    op.drop_table("oauth_failures")
