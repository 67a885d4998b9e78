"""Mail over a real server: to the right address, in the right words, once, and again if it has to be."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session, sessionmaker

from ccx_broker.accounts import store as accounts
from ccx_broker.inbox.letters import letter
from ccx_broker.inbox.mailing import GIVE_UP, deliver, give_up
from ccx_broker.inbox.rules import TITLES
from ccx_broker.kit.ids import new_id
from ccx_broker.kit.language import language
from ccx_broker.messages import service as messages
from ccx_broker.messages import store
from ccx_broker.messages.rules import Kind, Mail
from ccx_broker.profile import service as profile
from tests.inbox.mail_support import ISSUER, NOW, SENDER, Letterbox, forget_mails, letterbox, somebody, tell


@pytest.fixture
def box(sessions: sessionmaker[Session]) -> Iterator[Letterbox]:
    forget_mails(sessions)
    with letterbox() as opened:
        yield opened


def test_a_mail_is_short_plain_and_names_nobody(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    assert deliver(sessions, box.post, NOW) == 1
    (mail,) = box.to(customer.email)
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (
        f"CCX <{SENDER}>",
        customer.email,
        "auto-generated",
    )
    assert mail["Subject"] == "You share with somebody new"
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content()
    assert f"{ISSUER}/messages" in text
    assert text.count("http") == 2
    assert "Ada" not in text
    assert len(text) < 500


def test_a_mail_is_in_the_stated_language(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    with sessions.begin() as session:
        profile.set_preference(
            session, customer.customer_id, "language", value="de", rank="want", note=None, now=NOW
        )
    tell(sessions, customer, "passkey_added")
    deliver(sessions, box.post, NOW)
    (mail,) = box.to(customer.email)
    assert mail["Content-Language"] == "de"
    assert mail["Subject"] == language("de")(TITLES["passkey_added"]) != TITLES["passkey_added"]


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("code", ["en", "de"])
def test_every_kind_can_be_mailed(kind: Kind, code: str) -> None:
    mail = Mail(new_id(), new_id(), kind, None, NOW)
    written = letter(mail, "ada@example.org", language(code), sender=SENDER, issuer=ISSUER)
    assert written is not None
    assert written["Message-ID"] == f"<{mail.mail_id}@ccx.example.org>"
    assert "%(" not in written.get_content()


@pytest.mark.parametrize(
    "address",
    ["a,victim@example.org", "ada@example.org\r\nBcc: x@y.z", "<ada@example.org>", "a b@example.org", ""],
)
def test_an_address_that_is_more_than_one_gets_nothing(address: str) -> None:
    mail = Mail(new_id(), new_id(), "grant_given", None, NOW)
    assert letter(mail, address, language("en"), sender=SENDER, issuer=ISSUER) is None


def test_a_changed_address_is_told_to_both(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    old = f"{uuid4().hex}@example.org"
    tell(sessions, customer, "email_changed", also_to=old)
    deliver(sessions, box.post, NOW)
    assert [len(box.to(address)) for address in (customer.email, old)] == [1, 1]
    assert "If that was not you" in " ".join(box.to(old)[0].get_content().split())


def test_who_wants_no_mail_gets_only_warnings(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    with sessions.begin() as session:
        store.choose_mail(session, customer.customer_id, False)
    tell(sessions, customer, "first_look")
    tell(sessions, customer, "new_device")
    deliver(sessions, box.post, NOW)
    (mail,) = box.to(customer.email)
    assert mail["Subject"] == TITLES["new_device"]
    assert deliver(sessions, box.post, NOW + timedelta(days=1)) == 0
    with sessions.begin() as session:
        store.choose_mail(session, customer.customer_id, True)
    tell(sessions, customer, "first_look")
    assert deliver(sessions, box.post, NOW) == 1


def test_a_message_that_is_taken_back_is_not_mailed(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    with sessions() as session:
        messages.tell(session, customer.customer_id, "passkey_added", NOW)
        session.rollback()
    assert deliver(sessions, box.post, NOW) == 0


def test_two_processes_send_each_mail_once(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customers = [somebody(sessions) for _ in range(9)]
    for _ in range(5):
        for customer in customers:
            tell(sessions, customer)
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: deliver(sessions, box.post, NOW), range(4)))
    assert sum(sent) == 45
    for customer in customers:
        assert (
            len({mail["Message-ID"] for mail in box.to(customer.email)}) == len(box.to(customer.email)) == 5
        )


def test_an_address_gets_ten_mails_an_hour_whoever_signed_up_with_it(
    sessions: sessionmaker[Session], box: Letterbox
) -> None:
    one = somebody(sessions)
    with sessions.begin() as session:
        another = replace(one, customer_id=new_id(), email=one.email.upper())
        accounts.add_customer(session, another)
    for customer in (one, another) * 6:
        tell(sessions, customer)
    assert deliver(sessions, box.post, NOW) == 10
    assert deliver(sessions, box.post, NOW + timedelta(minutes=30)) == 0
    assert deliver(sessions, box.post, NOW + timedelta(minutes=61)) == 2


def test_a_server_that_is_away_costs_no_mail(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    with letterbox() as gone:
        away = gone.post
    with pytest.raises(ConnectionRefusedError):
        deliver(sessions, away, NOW)
    assert deliver(sessions, box.post, NOW) == 1


def test_a_mail_that_is_refused_for_now_is_tried_again_ever_more_rarely(
    sessions: sessionmaker[Session], box: Letterbox
) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    box.answer = "451 later"
    tried, at, waits = NOW, NOW, []
    while len(waits) < 9:
        with sessions.begin() as session:
            if store.is_mail_due(session, at):
                waits.append(at - tried)
                tried = at
        deliver(sessions, box.post, at)
        at += timedelta(minutes=5)
    minutes = [wait // timedelta(minutes=1) for wait in waits]
    assert minutes == [0, 5, 10, 20, 40, 80, 160, 320, 360]
    box.answer = "250 OK"
    assert deliver(sessions, box.post, at + timedelta(hours=6)) == 1


def test_a_mail_that_is_refused_for_good_is_dropped(sessions: sessionmaker[Session], box: Letterbox) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    box.answer = "550 no such person"
    deliver(sessions, box.post, NOW)
    box.answer = "250 OK"
    assert deliver(sessions, box.post, NOW + timedelta(days=1)) == 0


def test_a_mail_whose_sender_died_goes_out_again_with_the_same_id(
    sessions: sessionmaker[Session], box: Letterbox
) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    with sessions.begin() as session:
        (claimed,) = store.claim_mails(session, NOW, 10, timedelta(minutes=5), timedelta(hours=6))
    assert deliver(sessions, box.post, NOW) == 0
    assert deliver(sessions, box.post, NOW + timedelta(minutes=5)) == 1
    assert str(claimed.mail_id) in box.to(customer.email)[0]["Message-ID"]


def test_a_mail_is_given_up_after_three_days_and_its_message_stays(
    sessions: sessionmaker[Session], box: Letterbox
) -> None:
    customer = somebody(sessions)
    tell(sessions, customer)
    give_up(sessions, NOW + GIVE_UP)
    with sessions.begin() as session:
        assert store.is_mail_due(session, NOW)
    give_up(sessions, NOW + GIVE_UP + timedelta(seconds=1))
    assert deliver(sessions, box.post, NOW + GIVE_UP) == 0
    with sessions.begin() as session:
        assert store.unread(session, customer.customer_id, 10) == 1
