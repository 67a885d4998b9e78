"""Messages to customers, the outbox, and the first looks that are waited for"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        _of_customer("messages"),
        sa.PrimaryKeyConstraint("customer_id", "message_id", name=op.f("pk_messages")),
        sa.UniqueConstraint("customer_id", "once", name=op.f("uq_messages_customer_id_once")),
    )
    op.create_index(
        "ix_messages_unread", "messages", ["customer_id"], postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_table(
        "mails",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _of_customer("mails"),
        sa.PrimaryKeyConstraint("customer_id", "mail_id", name=op.f("pk_mails")),
    )
    op.create_index(op.f("ix_mails_due_at"), "mails", ["due_at"])
    op.create_table(
        "no_mail",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        _of_customer("no_mail"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_no_mail")),
    )
    op.create_table(
        "awaited_looks",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        _of_customer("awaited_looks"),
        sa.PrimaryKeyConstraint("customer_id", "organisation_id", name=op.f("pk_awaited_looks")),
    )
    op.create_index(
        "ix_grants_ending",
        "grants",
        ["expires_at", "grant_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_grants_ending", "grants")
    for table in ("awaited_looks", "no_mail", "mails", "messages"):
        op.drop_table(table)


def _of_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"],
        ["customers.customer_id"],
        name=op.f(f"fk_{table}_customer_id_customers"),
        ondelete="CASCADE",
    )
