"""What the customer decides about behaviour: events that were learnt from, and shops that are not to be"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    # Of what came before, nobody noted whether it taught anything: it did, unless it is only a marker.
    op.add_column("events", sa.Column("learnt", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute("UPDATE events SET learnt = false WHERE name = ''")
    op.alter_column("events", "learnt", server_default=None)
    # Nor the offset of its time as it was written: without a time zone it is read as UTC from now on.
    op.add_column("events", sa.Column("utc_offset", sa.SmallInteger(), nullable=False, server_default="0"))
    op.alter_column("events", "utc_offset", server_default=None)
    op.create_table(
        "muted_sources",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("muted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_muted_sources_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "organisation_id", name=op.f("pk_muted_sources")),
    )


def downgrade() -> None:
    op.drop_table("muted_sources")
    op.drop_column("events", "utc_offset")
    op.drop_column("events", "learnt")
