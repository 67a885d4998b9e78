"""buy.substitution: what to do if something is sold out, by which substitutes were taken or refused and by what the
customer said at the checkout.

Taken and refused are told apart by kind: who refuses cheap substitutes and takes similar ones does not
want none.
"""

from collections.abc import Mapping, Sequence

from ccx_broker.defaults.rules.choice import Choices, named, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.kinds import NO, YES, Answers, KindOfCustomer, yes
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word

KINDS = ("refuse", "similar", "cheapest", "ask")
_sort = named("kind", ("similar", "cheapest"))
_choice = named("choice", KINDS)


def _said(observation: Observation) -> Sequence[str]:
    return [f"said:{choice}" for choice in _choice(observation)]


def _says(kind: str) -> Answers:
    """Return what customers of a kind say: mostly what they are."""
    return {each: 0.79 if each == kind else 0.07 for each in KINDS}


_SAID: Mapping[str, Answers] = {kind: _says(kind) for kind in KINDS}

BUY_SUBSTITUTION = KindOfCustomer(
    key="buy.substitution",
    memory=Choices(
        "buy.substitution",
        {
            "Substitution Accepted": suffixed(_sort, f":{YES}"),
            "Substitution Refused": suffixed(_sort, f":{NO}"),
            "Substitution Chosen": _said,
        },
        Decay(365),
    ),
    answers={
        "similar": {"refuse": yes(0.07), "similar": yes(0.88), "cheapest": yes(0.6), "ask": yes(0.5)},
        "cheapest": {"refuse": yes(0.07), "similar": yes(0.25), "cheapest": yes(0.88), "ask": yes(0.4)},
        "said": _SAID,
    },
    usual={"refuse": 0.2, "similar": 0.4, "cheapest": 0.15, "ask": 0.25},
    message=word(
        "Between %(since)s and %(until)s you took %(similar_yes)s of %(similar_of)s similar and"
        " %(cheapest_yes)s of %(cheapest_of)s cheapest substitutes; %(said_of)s times you said at the checkout"
        " what you want."
    ),
)
