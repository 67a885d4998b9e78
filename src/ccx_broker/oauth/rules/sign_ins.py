"""When a sign-in is too old for what an application asks. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
"""OpenID Connect Core §3.1.2.1."""

GOES_ON = timedelta(minutes=30)
"""How long one may take, after having been sent to sign in, until the request is answered."""


def must_sign_in_again(
    prompt: Collection[str],
    max_age: int | None,
    auth_time: datetime,
    since: datetime | None,
    now: datetime,
) -> bool:
    """Say whether the customer has to prove anew who they are.

    `since`: when they were sent to do so for this very request. Reading the consent page takes its time,
    which is not held against who has just signed in for it.
    """
    if since is not None and since <= auth_time and now - since <= GOES_ON:
        return False
    if "login" in prompt or "select_account" in prompt:
        return True
    return max_age is not None and now - auth_time > timedelta(seconds=max_age)
