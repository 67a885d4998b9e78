"""States as plain text, uncompressed: only the estimators read them"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("ALTER TABLE estimator_states ALTER COLUMN state TYPE text USING state::text")
    op.execute("ALTER TABLE estimator_states ALTER COLUMN state SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE estimator_states ALTER COLUMN state SET STORAGE EXTENDED")
    op.execute("ALTER TABLE estimator_states ALTER COLUMN state TYPE jsonb USING state::jsonb")
