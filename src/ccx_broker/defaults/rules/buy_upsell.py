"""buy.upsell: may something more be suggested? By what is done with suggestions that go with a purchase,
and with those that don't."""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.kinds import NO, YES, KindOfCustomer, yes
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word


def _sort(observation: Observation) -> Sequence[str]:
    """Return what is suggested: `related` unless the shop says that it is not."""
    return ("other",) if observation.properties.get("related") is False else ("related",)


BUY_UPSELL = KindOfCustomer(
    key="buy.upsell",
    memory=Choices(
        "buy.upsell",
        {
            "Recommendation Clicked": suffixed(_sort, f":{YES}"),
            "Recommendation Dismissed": suffixed(_sort, f":{NO}"),
        },
        Decay(180),
    ),
    answers={
        "related": {"welcome": yes(0.75), "relevant_only": yes(0.65), "never": yes(0.08)},
        "other": {"welcome": yes(0.6), "relevant_only": yes(0.1), "never": yes(0.04)},
    },
    usual={"welcome": 0.25, "relevant_only": 0.45, "never": 0.3},
    message=word(
        "You took up %(related_yes)s of %(related_of)s suggestions that went with what you bought,"
        " and %(other_yes)s of %(other_of)s others, between %(since)s and %(until)s."
    ),
)
