"""Customers and their sessions, and what an address, a password and a name may be."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ccx_broker.words import say

FRESH_FOR = timedelta(minutes=5)
"""So long after a proof of who is there may what leads into the account be changed."""

PASSWORD_LENGTH = range(8, 129)  # NIST SP 800-63B §5.1.1.2: a length, and no rules of composition
EMAIL_LONGEST = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
NAME_LONGEST = 100

# What guessers try first (NIST SP 800-63B §5.1.1.2 asks for such a list); all are long enough to pass otherwise.
COMMON_PASSWORDS = frozenset(
    [
        "password",
        "password1",
        "password12",
        "password123",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword1",
        "12345678",
        "123456789",
        "1234567890",
        "12345678910",
        "87654321",
        "987654321",
        "0987654321",
        "11111111",
        "111111111",
        "00000000",
        "000000000",
        "22222222",
        "88888888",
        "99999999",
        "12341234",
        "12121212",
        "11223344",
        "1q2w3e4r",
        "1q2w3e4r5t",
        "1qaz2wsx",
        "q1w2e3r4",
        "qwertyui",
        "qwertyuiop",
        "qwerty12",
        "qwerty123",
        "qwerty1234",
        "qwertz123",
        "asdfghjkl",
        "asdfasdf",
        "zxcvbnm1",
        "abcd1234",
        "abc12345",
        "abcdefgh",
        "aa123456",
        "a1234567",
        "iloveyou",
        "iloveyou1",
        "ilovegod",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "batman123",
        "starwars",
        "trustno1",
        "whatever",
        "computer",
        "internet",
        "letmein1",
        "letmein123",
        "welcome1",
        "welcome123",
        "changeme",
        "changeme123",
        "admin123",
        "administrator",
        "michelle",
        "jennifer",
        "jonathan",
        "corvette",
        "mercedes",
        "liverpool",
        "chocolate",
        "butterfly",
        "dragon123",
        "monkey123",
    ]
)


@dataclass(frozen=True)
class Customer:
    """The person. `email` is a label of theirs, not a name by which anybody is found (decision 0006)."""

    customer_id: UUID
    email: str
    name: str
    created_at: datetime


@dataclass(frozen=True)
class SignedInSession:
    """One place where a customer is signed in; times are UTC. `proved_at` is when they last showed that it is them."""

    customer: Customer
    session_id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    proved_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether who sits there has just shown who they are: a session left open on a table has not."""
        return now - self.proved_at < FRESH_FOR


@dataclass(frozen=True)
class StoredSession:
    """A session as it lies in the store: with what proves its token, and whether it was ended."""

    session: SignedInSession
    token_hash: bytes
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Neither ended nor expired at `now`."""
        return self.revoked_at is None and now < self.session.expires_at


@dataclass(frozen=True)
class NewSession:
    """What a sign-in gives: the only time the token is seen. `new_device` if none of this name was there before."""

    token: str
    session: SignedInSession
    new_device: bool


def normal_email(typed: str) -> str:
    """Return an address as it is compared: without surrounding spaces, in lower case, in one Unicode form."""
    return unicodedata.normalize("NFC", typed.strip()).lower()


def email_problem(email: str) -> str | None:
    """Say what is wrong with a normalised address, or None. Whether it exists, only a message to it can tell."""
    if len(email) > EMAIL_LONGEST:
        return say("is longer than %(most)d characters", most=EMAIL_LONGEST)
    if not re.fullmatch(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+", email):
        return say("is not an e-mail address such as name@example.org")
    return None


def normal_password(typed: str) -> str:
    """Return a password in one Unicode form, so that every keyboard's é is the same (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", typed)


def password_problem(password: str, email: str) -> str | None:
    """Say why a normalised password can't be chosen, or None."""
    if len(password) < PASSWORD_LENGTH.start:
        return say("is shorter than %(least)d characters", least=PASSWORD_LENGTH.start)
    if len(password) not in PASSWORD_LENGTH:
        return say("is longer than %(most)d characters", most=PASSWORD_LENGTH.stop - 1)
    if password.casefold() in COMMON_PASSWORDS:
        return say("is one of those that everybody tries first; a few unrelated words are better")
    if password.casefold() in (email, email.partition("@")[0]):
        return say("is the e-mail address; choose something that nobody else knows")
    return None


def normal_name(typed: str) -> str:
    """Return a name with single spaces and none around it."""
    return " ".join(typed.split())


def name_problem(name: str) -> str | None:
    """Say what is wrong with a normalised name, or None."""
    if not name:
        return say("is empty; write what you would like to be called")
    if len(name) > NAME_LONGEST:
        return say("is longer than %(most)d characters", most=NAME_LONGEST)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return say("holds a character that can't be written")
    return None
