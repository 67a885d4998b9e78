"""What was learnt and not concluded from yet: conclusions are drawn a moment after a batch"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE estimator_states ADD COLUMN unconcluded text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE estimator_states ALTER COLUMN unconcluded DROP DEFAULT")
    op.execute(
        "CREATE INDEX ix_estimator_states_unconcluded ON estimator_states (customer_id)"
        " WHERE unconcluded <> '{}'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_estimator_states_unconcluded")
    op.execute("ALTER TABLE estimator_states DROP COLUMN unconcluded")
