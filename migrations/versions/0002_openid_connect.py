"""OpenID Connect: signing keys, what an ID token says, whom a token is for, where a logout may lead"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.add_column("authorization_codes", sa.Column("nonce", sa.Text(), nullable=True))
    op.add_column("authorization_codes", sa.Column("auth_time", sa.DateTime(timezone=True), nullable=True))
    # What there is was given out for the only API there was.
    op.add_column("access_tokens", sa.Column("audience", sa.Text(), nullable=False, server_default="api"))
    op.alter_column("access_tokens", "audience", server_default=None)
    op.add_column(
        "applications",
        sa.Column(
            "post_logout_redirect_uris", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"
        ),
    )
    op.alter_column("applications", "post_logout_redirect_uris", server_default=None)


def downgrade() -> None:
    op.drop_column("applications", "post_logout_redirect_uris")
    op.drop_column("access_tokens", "audience")
    op.drop_column("authorization_codes", "auth_time")
    op.drop_column("authorization_codes", "nonce")
    op.drop_table("signing_keys")
