"""Organisations, their OAuth clients, and the pairwise names by which they know customers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ccx_broker.kit.db import Base


class OrganisationRow(Base):
    """Who asks. The trading name is what a customer reads, so no two may share one."""

    __tablename__ = "organisations"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    complaints: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    host: Mapped[str | None] = mapped_column(Text, unique=True)
    """Of one that nobody took in: the host whose documents name its applications."""

    __table_args__ = (Index("uq_organisations_name", func.lower(name), unique=True),)


class ApplicationRow(Base):
    """An organisation's OAuth client. `purposes` is `[{purpose, sentence, needs: [keys]}]`, `jwks` RFC 7517's."""

    __tablename__ = "applications"

    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisation_id"))
    name: Mapped[str] = mapped_column(Text)
    auth_method: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    dpop_bound: Mapped[bool]
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    registration_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    document_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RegistrationTokenRow(Base):
    """An initial access token (RFC 7591 §3), by which an organisation registers applications."""

    __tablename__ = "registration_tokens"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisation_id"))
    uses_left: Mapped[int | None]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CustomerSubjectRow(Base):
    """The name by which one organisation knows one customer (OpenID Connect Core §8.1, pairwise)."""

    __tablename__ = "customer_subjects"

    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text)


class SubjectRow(Base):
    """From that name back to the customer: a look-up table of its own, found by the subject."""

    __tablename__ = "subjects"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[UUID]
    customer_id: Mapped[UUID]
