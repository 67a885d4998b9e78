"""Keys that tokens are bound to, keys that applications sign with, and ids that are good for one use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0007"

BOUND = ("authorization_codes", "access_tokens", "refresh_tokens")


def upgrade() -> None:
    for table in BOUND:
        op.add_column(table, sa.Column("jkt", sa.Text(), nullable=True))
    op.create_table(
        "spent_ids",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_spent_ids")),
    )
    op.create_index(op.f("ix_spent_ids_expires_at"), "spent_ids", ["expires_at"])
    op.add_column("applications", sa.Column("auth_method", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("jwks", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("applications", sa.Column("dpop_bound", sa.Boolean(), nullable=True))
    # Applications that are there already go on as they did.
    op.execute(
        "UPDATE applications SET dpop_bound = false,"
        " auth_method = CASE WHEN secret_hash IS NULL THEN 'none' ELSE 'client_secret' END"
    )
    op.alter_column("applications", "auth_method", nullable=False)
    op.alter_column("applications", "dpop_bound", nullable=False)


def downgrade() -> None:
    for column in ("dpop_bound", "jwks", "auth_method"):
        op.drop_column("applications", column)
    op.drop_index(op.f("ix_spent_ids_expires_at"), table_name="spent_ids")
    op.drop_table("spent_ids")
    for table in BOUND:
        op.drop_column(table, "jkt")
