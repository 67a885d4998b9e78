"""Pushed requests, authorization details, grants found by their id, refresh tokens that may be repeated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

WITH_DETAILS = ("authorization_codes", "access_tokens", "refresh_tokens")


def upgrade() -> None:
    """Add them; every grant that there is becomes known by its id."""
    op.create_table(
        "pushed_requests",
        sa.Column("uri_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("uri_hash", name=op.f("pk_pushed_requests")),
    )
    op.create_table(
        "grant_owners",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_owners")),
    )
    op.execute(
        "INSERT INTO grant_owners (grant_id, organisation_id, customer_id) "
        "SELECT grant_id, organisation_id, customer_id FROM grants"
    )
    for table in WITH_DETAILS:
        op.add_column(table, sa.Column("details", postgresql.JSONB(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("parent_hash", sa.LargeBinary(), nullable=True))
    op.add_column(
        "refresh_tokens", sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(op.f("ix_refresh_tokens_grant_id"), "refresh_tokens", ["grant_id"])


def downgrade() -> None:
    """Take them back."""
    op.drop_index(op.f("ix_refresh_tokens_grant_id"), table_name="refresh_tokens")
    op.drop_column("refresh_tokens", "repeats")
    op.drop_column("refresh_tokens", "parent_hash")
    for table in WITH_DETAILS:
        op.drop_column(table, "details")
    op.drop_table("grant_owners")
    op.drop_table("pushed_requests")
