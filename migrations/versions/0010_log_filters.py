"""The log by organisation, and its refusals, as quick as the whole of it"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_index(
        "ix_disclosures_customer_id_organisation_id",
        "disclosures",
        ["customer_id", "organisation_id", "disclosure_id"],
    )
    op.create_index(
        "ix_disclosures_refused",
        "disclosures",
        ["customer_id", "disclosure_id"],
        postgresql_where=sa.text("outcome = 'refused'"),
    )


def downgrade() -> None:
    op.drop_index("ix_disclosures_refused", table_name="disclosures")
    op.drop_index("ix_disclosures_customer_id_organisation_id", table_name="disclosures")
