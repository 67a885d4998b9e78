"""support.human_or_bot: whom the customer would like to talk to, by whom they ask for and when they leave the bot."""

from ccx_broker.defaults.rules.choice import Choices, named, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.kinds import NO, YES, KindOfCustomer, yes
from ccx_broker.words import word

_to_human = {"human": f"human:{YES}", "bot": f"human:{NO}"}
_asked = named("from", _to_human)
_resolved = named("by", ("bot",))
_escalated = named("to", ("human",))

SUPPORT_HUMAN_OR_BOT = KindOfCustomer(
    key="support.human_or_bot",
    memory=Choices(
        "support.human_or_bot",
        {
            "Support Requested": lambda seen: [_to_human[whom] for whom in _asked(seen)],
            "Support Resolved": suffixed(_resolved, f":{YES}"),
            "Support Escalated": lambda seen: [f"bot:{NO}" for _ in _escalated(seen)],
        },
        Decay(365),
    ),
    answers={
        "human": {"human": yes(0.88), "bot_first": yes(0.12), "either": yes(0.5)},
        "bot": {"human": yes(0.15), "bot_first": yes(0.75), "either": yes(0.5)},
    },
    usual={"human": 0.4, "bot_first": 0.25, "either": 0.35},
    message=word(
        "You asked for a person %(human_yes)s of %(human_of)s times, and the machine could help you"
        " in %(bot_yes)s of %(bot_of)s talks, between %(since)s and %(until)s."
    ),
)
