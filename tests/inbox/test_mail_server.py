"""Mail from a running broker, and over connections that are safe or not."""

import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.inbox.mailing import deliver
from tests.inbox.mail_support import NOW, SENDER, Letterbox, forget_mails, letterbox, somebody, tell
from tests.oauth_support import SomeCustomer, new_customer
from tests.support import Broker, free_port, start_broker


def waiting(database_url: str, customer: SomeCustomer) -> int:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM mails WHERE customer_id = %s", (UUID(customer.customer_id),)
        ).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.slow
def test_a_running_broker_mails_by_itself_and_once(
    database_url: str, sessions: sessionmaker[Session]
) -> None:
    forget_mails(sessions)
    with (
        letterbox() as box,
        start_broker(database_url, CCX_SMTP_URL=box.url, CCX_MAIL_FROM=SENDER) as broker,
    ):
        customer = new_customer(broker)
        httpx2.post(
            f"{broker.url}/v1/me/recovery-codes", headers=customer.bearer, timeout=30
        ).raise_for_status()
        deadline = time.monotonic() + 120
        while waiting(database_url, customer) and time.monotonic() < deadline:
            time.sleep(0.2)
        broker.cli("notify")
        (mail,) = box.to(customer.email)
        assert f"{broker.url}/messages" in mail.get_content()


def test_the_command_says_that_the_mail_server_is_away(broker: Broker, http: httpx2.Client) -> None:
    customer = new_customer(broker)
    http.post("/v1/me/recovery-codes", headers=customer.bearer).raise_for_status()
    settings = {"CCX_SMTP_URL": f"smtp://ada:hidden@127.0.0.1:{free_port()}", "CCX_MAIL_FROM": SENDER}
    away = Broker(broker.url, broker.environment | settings, broker.process)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        away.cli("notify")
    assert "The mail server does not take mail" in caught.value.stderr
    assert "hidden" not in caught.value.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    began = datetime.now(UTC) - timedelta(hours=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def safe_box(sessions: sessionmaker[Session], certificate: tuple[Path, Path]) -> Iterator[Letterbox]:
    """A server that takes mail only over TLS and with a password."""
    forget_mails(sessions)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"ccx", b"p@ss word"))

    with letterbox(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=known
    ) as box:
        box.scheme = "smtp://ccx:p%40ss%20word@localhost:{}?starttls"
        yield box


def test_mail_goes_over_tls_and_with_a_password(
    sessions: sessionmaker[Session],
    safe_box: Letterbox,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    customer = somebody(sessions)
    tell(sessions, customer)
    assert deliver(sessions, safe_box.post, NOW) == 1
    assert len(safe_box.to(customer.email)) == 1


def test_nothing_is_handed_to_a_server_that_nobody_vouches_for(
    sessions: sessionmaker[Session], safe_box: Letterbox
) -> None:
    tell(sessions, somebody(sessions))
    with pytest.raises(ssl.SSLCertVerificationError):
        deliver(sessions, safe_box.post, NOW)
    assert safe_box.arrived == []


def test_nothing_is_handed_over_without_the_tls_that_was_asked_for(sessions: sessionmaker[Session]) -> None:
    tell(sessions, somebody(sessions))
    with letterbox() as box:
        box.scheme = "smtp://ccx:secret@localhost:{}?starttls"
        with pytest.raises(smtplib.SMTPNotSupportedError):
            deliver(sessions, box.post, NOW)
    assert box.arrived == []
