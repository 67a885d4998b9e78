from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.disclosure.rules import Disclosed, Facts, Reason, Refused, decide, proof_to_spend
from ccx_broker.oauth.rules.proofs import Flawed, Proof
from ccx_broker.profile.catalogue import CATALOGUE
from tests.disclosure.examples import (
    CUSTOMERS_TOKEN,
    GRANT,
    KEYS,
    NOW,
    OTHER_SHOP,
    OWN_TOKEN,
    READ_OWN,
    READ_SUBJECT,
    default,
    stated,
)

SECOND = timedelta(seconds=1)


def keys_of(facts: Facts) -> list[str]:
    outcome = decide(facts, CATALOGUE.inferable)
    assert isinstance(outcome, Disclosed), outcome
    return [held.key for held in outcome.values]


@pytest.mark.parametrize("facts", [READ_OWN, READ_SUBJECT])
def test_a_live_token_under_a_live_grant_reads_what_has_a_value(facts: Facts) -> None:
    assert keys_of(facts) == ["buy.store", "buy.day_time"]


MINE = Proof("mine", b"1", NOW)
BOUND = replace(CUSTOMERS_TOKEN, jkt=MINE.jkt)

REFUSALS = {
    Reason.TOKEN_UNKNOWN: replace(READ_OWN, token=None, customer_id=None, grant=None),
    Reason.TOKEN_REVOKED: replace(READ_OWN, token=replace(CUSTOMERS_TOKEN, revoked_at=NOW - SECOND)),
    Reason.TOKEN_EXPIRED: replace(READ_OWN, token=replace(CUSTOMERS_TOKEN, expires_at=NOW)),
    Reason.TOKEN_FOR_ANOTHER: replace(READ_OWN, token=replace(CUSTOMERS_TOKEN, audience="other")),
    Reason.PROOF_MISSING: replace(READ_OWN, token=BOUND),
    Reason.PROOF_FLAWED: replace(READ_OWN, token=BOUND, proof=Flawed("The signature is wrong.")),
    Reason.PROOF_OF_ANOTHER_KEY: replace(READ_OWN, token=BOUND, proof=replace(MINE, jkt="theirs")),
    Reason.PROOF_USED_BEFORE: replace(READ_OWN, token=BOUND, proof=MINE, fresh=False),
    Reason.TOKEN_HAS_NO_CUSTOMER: replace(READ_OWN, token=OWN_TOKEN),
    Reason.SCOPE_MISSING: replace(READ_SUBJECT, token=replace(OWN_TOKEN, scopes=("changes:read",))),
    Reason.SUBJECT_UNKNOWN: replace(READ_SUBJECT, owner=None, customer_id=None, grant=None),
    Reason.SUBJECT_OF_ANOTHER: replace(READ_SUBJECT, owner=OTHER_SHOP, grant=None),
    Reason.NO_LIVE_GRANT: replace(READ_SUBJECT, grant=None),
    Reason.GRANT_ENDED: replace(
        READ_OWN, grant=replace(GRANT, ended_at=NOW - SECOND, ended_reason="withdrawn")
    ),
    Reason.GRANT_EXPIRED: replace(READ_OWN, grant=replace(GRANT, expires_at=NOW)),
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_to_refuse_is_found(reason: Reason) -> None:
    outcome = decide(REFUSALS[reason], CATALOGUE.inferable)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason


def test_a_bound_token_is_good_with_a_new_proof_by_its_key() -> None:
    read = replace(READ_OWN, token=BOUND, proof=MINE)
    assert proof_to_spend(read) is MINE
    assert keys_of(read) == ["buy.store", "buy.day_time"]


@pytest.mark.parametrize("proof", [Flawed("The signature is wrong."), replace(MINE, jkt="theirs")])
def test_only_a_proof_that_fits_is_used_up(proof: Proof | Flawed) -> None:
    assert proof_to_spend(replace(READ_OWN, token=BOUND, proof=proof)) is None
    assert proof_to_spend(replace(READ_OWN, proof=proof)) is None


def test_a_token_that_is_bound_to_nothing_takes_no_proof() -> None:
    outcome = decide(replace(READ_OWN, proof=MINE), CATALOGUE.inferable)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.PROOF_OF_ANOTHER_KEY


def test_a_customers_token_is_no_key_to_other_customers() -> None:
    token = replace(CUSTOMERS_TOKEN, scopes=("preferences:read",))
    outcome = decide(replace(READ_SUBJECT, token=token), CATALOGUE.inferable)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.SCOPE_MISSING


def test_even_a_grant_that_was_looked_up_by_mistake_does_not_serve_another_organisation() -> None:
    outcome = decide(replace(READ_SUBJECT, owner=OTHER_SHOP), CATALOGUE.inferable)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Reason.SUBJECT_OF_ANOTHER


def test_guesses_stay_home_unless_the_grant_includes_them() -> None:
    without = replace(GRANT, include_defaults=False)
    assert keys_of(replace(READ_OWN, grant=without)) == ["buy.store"]


def test_no_to_profiling_silences_guesses_and_is_itself_not_told() -> None:
    said = {**READ_OWN.stated, "data.profiling": stated("data.profiling", "no")}
    assert keys_of(replace(READ_OWN, stated=said)) == ["buy.store"]


def test_a_stated_value_wins_and_a_dismissed_guess_is_gone() -> None:
    guesses = {
        "buy.store": default("buy.store", "999"),
        "buy.day_time": default("buy.day_time", {"day": "sat", "slot": None}, "dismissed"),
    }
    outcome = decide(replace(READ_OWN, defaults=guesses), CATALOGUE.inferable)
    assert isinstance(outcome, Disclosed)
    assert [(held.key, held.value, held.source) for held in outcome.values] == [
        ("buy.store", "367", "stated")
    ]


some_keys = st.lists(st.sampled_from([item.key for item in CATALOGUE.items]), unique=True)


@given(granted=some_keys, in_token=some_keys, said=some_keys, guessed=some_keys, include=st.booleans())
def test_nothing_leaves_that_was_not_granted_to_this_token(
    granted: list[str], in_token: list[str], said: list[str], guessed: list[str], include: bool
) -> None:
    facts = replace(
        READ_OWN,
        token=replace(CUSTOMERS_TOKEN, keys=tuple(in_token)),
        grant=replace(GRANT, keys=tuple(granted), include_defaults=include),
        stated={key: stated(key, "x") for key in said},
        defaults={key: default(key, "y") for key in guessed},
    )
    outcome = decide(facts, CATALOGUE.inferable)
    assert isinstance(outcome, Disclosed)
    assert {held.key for held in outcome.values} <= set(granted) & set(in_token) & (set(said) | set(guessed))
    assert set(granted) & set(in_token) & set(said) <= {held.key for held in outcome.values}
    for held in outcome.values:
        assert (held.source == "stated") == (held.key in said)
        if held.source == "default":
            item = CATALOGUE.get(held.key)
            assert include
            assert item is not None
            assert item.sensitivity == "ordinary"


@given(
    expires=st.integers(-3, 3),
    token_expires=st.integers(-3, 3),
    ended=st.none() | st.integers(-3, 3),
    revoked=st.none() | st.integers(-3, 3),
)
def test_nothing_leaves_outside_its_time(
    expires: int, token_expires: int, ended: int | None, revoked: int | None
) -> None:
    facts = replace(
        READ_OWN,
        token=replace(
            CUSTOMERS_TOKEN,
            expires_at=NOW + token_expires * SECOND,
            revoked_at=None if revoked is None else NOW + revoked * SECOND,
        ),
        grant=replace(
            GRANT,
            expires_at=NOW + expires * SECOND,
            ended_at=None if ended is None else NOW + ended * SECOND,
        ),
    )
    is_live = expires > 0 and token_expires > 0 and ended is None and revoked is None
    assert isinstance(decide(facts, CATALOGUE.inferable), Disclosed) == is_live


def test_the_examples_are_about_keys_of_the_catalogue() -> None:
    assert all(CATALOGUE.get(key) for key in KEYS)
