"""Keys whose value shows in what is taken and what is left: kinds of customers, and the best channel."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from ccx_broker.defaults.rules import ESTIMATORS, learn_from
from ccx_broker.defaults.rules.kinds import KindOfCustomer
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import Population, cells_of_others
from ccx_broker.defaults.rules.rates import BestRate
from tests.defaults.behaviour import daily, guessed, one_of, outcome, served, shares

Event = tuple[str, dict[str, Any]]

KINDS = {e.key: e for e in ESTIMATORS if isinstance(e, KindOfCustomer)}
RATES = {e.key: e for e in ESTIMATORS if isinstance(e, BestRate)}

# What a customer does who answers so to a thing of this sort.
DONE: dict[str, Callable[[str, str], Event]] = {
    "buy.upsell": lambda sort, answer: (
        "Recommendation Clicked" if answer == "yes" else "Recommendation Dismissed",
        {"related": sort == "related"},
    ),
    "deliver.notify": lambda sort, answer: (
        "Notification Opened" if answer == "yes" else "Notification Muted",
        {"about": sort},
    ),
    "recover.proactive": lambda _, answer: (
        "Problem Notice Opened" if answer == "yes" else "Problem Notice Dismissed",
        {},
    ),
    "support.human_or_bot": lambda sort, answer: (
        ("Support Requested", {"from": "human" if answer == "yes" else "bot"})
        if sort == "human"
        else ("Support Resolved", {"by": "bot"})
        if answer == "yes"
        else ("Support Escalated", {"to": "human"})
    ),
    "buy.substitution": lambda sort, answer: (
        ("Substitution Chosen", {"choice": answer})
        if sort == "said"
        else ("Substitution Accepted" if answer == "yes" else "Substitution Refused", {"kind": sort})
    ),
}


def test_every_kind_has_its_events_here() -> None:
    assert DONE.keys() == KINDS.keys()
    for of in KINDS.values():
        assert sum(of.usual.values()) == pytest.approx(1)
        for by_kind in of.answers.values():
            assert by_kind.keys() == of.usual.keys()
            assert all(sum(answers.values()) == pytest.approx(1) for answers in by_kind.values())


def customer(key: str, events: int, firmness: float) -> Callable[[Random], tuple[str, Sequence[Observation]]]:
    """Return a maker of customers of a random kind, each with shares of answers of their own."""
    of = KINDS[key]

    def make(random: Random) -> tuple[str, Sequence[Observation]]:
        kind = one_of(random, of.usual)
        own = {sort: shares(random, by_kind[kind], firmness) for sort, by_kind in of.answers.items()}
        sorts = [random.choice(list(own)) for _ in range(events)]
        return kind, daily(DONE[key](sort, one_of(random, own[sort])) for sort in sorts)

    return make


@pytest.mark.parametrize("key", DONE)
def test_each_kind_is_found_with_enough_answers(key: str) -> None:
    of = KINDS[key]
    for kind in of.usual:
        typical = [
            DONE[key](sort, answer)
            for sort, by_kind in of.answers.items()
            for answer, share in by_kind[kind].items()
            for _ in range(round(10 * share))
        ]
        assert served(key, daily(typical)) == kind
    found = outcome(key, customer(key, 40, of.firmness))
    assert found.told_right >= 0.8
    assert found.told >= 0.6


@pytest.mark.parametrize("events", [2, 8, 30])
@pytest.mark.parametrize("key", DONE)
def test_a_kind_is_as_sure_as_it_is_right(key: str, events: int) -> None:
    found = outcome(key, customer(key, events, KINDS[key].firmness), customers=1000)
    assert found.confidence == pytest.approx(found.right, abs=0.05)


@pytest.mark.parametrize("key", DONE)
def test_customers_who_differ_more_or_less_than_assumed_do_little_harm(key: str) -> None:
    for firmness in (4.0, 16.0):
        found = outcome(key, customer(key, 15, firmness), customers=400)
        assert found.confidence == pytest.approx(found.right, abs=0.12)


@pytest.mark.parametrize("key", DONE)
def test_nothing_done_is_nothing_to_say_and_nonsense_is_not_read(key: str) -> None:
    assert guessed(key, []) is None
    of = KINDS[key]
    nonsense = [
        (name, dict.fromkeys(("kind", "about", "from", "by", "to", "choice"), "pigeon"))
        for name in of.memory.listens
    ]
    if key not in ("recover.proactive", "buy.upsell"):  # whose events say enough by their name
        assert guessed(key, daily(nonsense)) is None


def test_who_refuses_what_is_cheap_and_takes_what_is_similar_does_not_want_none() -> None:
    mixed = [("Substitution Refused", {"kind": "cheapest"})] * 6 + [
        ("Substitution Accepted", {"kind": "similar"})
    ] * 4
    assert served("buy.substitution", daily(mixed)) == "similar"


def test_who_says_ask_me_is_asked() -> None:
    assert served("buy.substitution", daily([("Substitution Chosen", {"choice": "ask"})] * 3)) == "ask"


def test_how_many_are_of_a_kind_is_learnt_from_others() -> None:
    key, random = "recover.proactive", Random(3)
    of = KINDS[key]
    made = []
    for i in range(300):
        rate = 0.2 if i % 10 else 0.85
        answers = ["yes" if random.random() < rate else "no" for _ in range(8)]
        made.append((i % 4, learn_from({}, daily(DONE[key]("notice", answer) for answer in answers))))
    cells = cells_of_others((fold, of.census(states)) for fold, states in made)
    typical = of.distil(cells[0])
    assert typical["shares"]["only_if_i_ask"] == pytest.approx(0.85, abs=0.08)
    view = Population(300, ({key: typical},) * 4, {}).view(0)
    once = daily([DONE[key]("notice", "no")])
    before, after = guessed(key, once), guessed(key, once, view)
    assert before is not None
    assert after is not None
    assert after.confidence > before.confidence
    assert "Of all customers, about" in after.evidence["sentence"]


# Channels


def messages(channel: str, sent: int, opened: int) -> list[Event]:
    return [("Message Delivered", {"channel": channel})] * sent + [
        ("Message Opened", {"channel": channel})
    ] * opened


def test_it_is_the_rate_that_counts_and_not_how_much_was_sent() -> None:
    found = guessed("contact.channel", daily(messages("email", 200, 10) + messages("push", 10, 9)))
    assert found is not None
    assert found.value == "push"
    assert "You answered to 9 of 10 messages in the app and to 10 of 200 others" in found.evidence["sentence"]


def test_a_shop_that_only_mails_does_not_prove_email() -> None:
    only = guessed("contact.channel", daily(messages("email", 30, 12)))
    tried = guessed(
        "contact.channel",
        daily(
            messages("email", 30, 12)
            + [e for c in ("sms", "push", "phone", "post") for e in messages(c, 10, 0)]
        ),
    )
    assert only is not None
    assert tried is not None
    assert only.confidence < 0.6
    assert tried.confidence > 0.9


def test_what_was_opened_without_having_been_sent_proves_nothing() -> None:
    opened = guessed("contact.channel", daily(messages("sms", 0, 20)))
    assert opened is not None
    assert opened.confidence < 0.3


def test_the_names_of_the_segment_spec_are_understood() -> None:
    events: list[Event] = [("Email Delivered", {}), ("Email Opened", {})] * 12
    events += [("Push Notification Received", {})] * 12 + [("Push Notification Tapped", {})] * 5
    events += [("Contact Missed", {"channel": c}) for c in ("phone", "sms", "post")] * 8
    assert served("contact.channel", daily(events)) == "email"
    spam: list[Event] = [("Email Marked as Spam", {}), ("Unsubscribed", {})] * 6
    assert served("contact.channel", daily(events + spam)) == "push"


def test_who_answers_nowhere_wants_no_contact() -> None:
    channels = RATES["contact.channel"].told
    ignored = [e for c in channels for e in [*messages(c, 30, 0), *[("Message Muted", {"channel": c})] * 6]]
    assert served("contact.channel", daily(ignored)) == "none"


def channel_customer(sent: int, channels: int) -> Callable[[Random], tuple[str, Sequence[Observation]]]:
    of = RATES["contact.channel"]

    def make(random: Random) -> tuple[str, Sequence[Observation]]:
        a, b = of.mean * of.strength, (1 - of.mean) * of.strength
        rates = {channel: random.betavariate(a, b) for channel in of.told}
        best = max(rates, key=lambda channel: rates[channel])
        tried = random.sample(list(rates), channels)
        events = [
            e for c in tried for e in messages(c, sent, sum(random.random() < rates[c] for _ in range(sent)))
        ]
        return (best if rates[best] >= of.least else "none"), daily(events)

    return make


@pytest.mark.parametrize(("sent", "channels"), [(3, 2), (10, 5), (40, 5), (10, 1)])
def test_a_channel_is_as_sure_as_it_is_right(sent: int, channels: int) -> None:
    found = outcome("contact.channel", channel_customer(sent, channels), customers=300)
    assert found.confidence == pytest.approx(found.right, abs=0.06)


def test_the_channel_is_found_with_enough_messages() -> None:
    found = outcome("contact.channel", channel_customer(40, 5), customers=200)
    assert found.right >= 0.85
    assert found.told_right >= 0.88


def test_what_is_usual_on_a_channel_is_learnt_from_others() -> None:
    of, random = RATES["contact.channel"], Random(5)
    made = []
    for i in range(300):
        rate = random.betavariate(0.6 * 5, 0.4 * 5)
        opened = sum(random.random() < rate for _ in range(12))
        made.append((i % 4, learn_from({}, daily(messages("sms", 12, opened)))))
    cells = cells_of_others((fold, of.census(states)) for fold, states in made)
    mean, strength = of.distil(cells[0])["sms"]
    assert mean == pytest.approx(0.6, abs=0.05)
    assert strength == pytest.approx(5, rel=0.4)


def test_the_format_is_that_of_the_links_followed_or_of_a_choice() -> None:
    def mails(form: str, sent: int, clicked: int) -> list[Event]:
        return [("Email Delivered", {"format": form})] * sent + [
            ("Email Link Clicked", {"format": form})
        ] * clicked

    assert served("contact.email_format", daily(mails("html", 20, 1) + mails("text", 20, 12))) == "text"
    assert served("contact.email_format", daily([("Email Format Chosen", {"format": "text"})])) == "text"
    assert served("contact.email_format", daily(mails("html", 10, 1))) is None
    assert guessed("contact.email_format", daily([("Email Delivered", {})])) is None


def format_customer(sent: int) -> Callable[[Random], tuple[str, Sequence[Observation]]]:
    of = RATES["contact.email_format"]

    def make(random: Random) -> tuple[str, Sequence[Observation]]:
        a, b = of.mean * of.strength, (1 - of.mean) * of.strength
        rates = {form: random.betavariate(a, b) for form in of.told}
        events: list[Event] = []
        for form, rate in rates.items():
            events += [("Email Delivered", {"format": form})] * sent
            clicked = sum(random.random() < rate for _ in range(sent))
            events += [("Email Link Clicked", {"format": form})] * clicked
        return max(rates, key=lambda form: rates[form]), daily(events)

    return make


@pytest.mark.parametrize("sent", [3, 25])
def test_a_format_is_as_sure_as_it_is_right(sent: int) -> None:
    found = outcome("contact.email_format", format_customer(sent), customers=400)
    assert found.confidence == pytest.approx(found.right, abs=0.06)
