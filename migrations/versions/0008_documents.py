"""Clients that are named by the address of a document, of organisations that are named by its host"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("host", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_organisations_host"), "organisations", ["host"])
    op.add_column("applications", sa.Column("document_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("applications", "document_until")
    op.drop_constraint(op.f("uq_organisations_host"), "organisations", type_="unique")
    op.drop_column("organisations", "host")
