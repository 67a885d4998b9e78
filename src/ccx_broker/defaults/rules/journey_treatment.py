"""journey.<step>.treatment: how much help the customer wants at a step, by which help is used and which waved away.

Who wants to be left alone while buying mostly wants that elsewhere too: what a customer did at the other
steps goes into what is expected of this one, beside what other customers do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word

MESSAGES = {
    "discover": word(
        "When you were looking for something, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "buy": word(
        "When you were buying, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "pay": word(
        "When you were paying, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "deliver": word(
        "When something was on its way, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "use": word(
        "When you were using what you had bought, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "return": word(
        "When something had to go back, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "recover": word(
        "When something had gone wrong, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
    "relate": word(
        "When you were asked to stay in touch, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
}
TOLD = {
    "do_it_for_me": word("let it be done for you"),
    "guide_me": word("let a guide help you"),
    "leave_me_alone": word("waved the help away"),
}
_kind = named("kind", ("do_it_for_me", "guide_me"))


@dataclass(frozen=True)
class Treatment(Preferred):
    """Half-life 365 days. `kinship` says how many choices at this step all those at the others are worth."""

    elsewhere: Sequence[Choices] = ()
    kinship: float = 2.0

    def prior(self, about: About) -> dict[str, float]:
        """Return the prior of customers in general, drawn towards what this one does at other steps."""
        general = super().prior(about)
        found = dict.fromkeys(self.told, 0.0)
        for memory in self.elsewhere:
            for option, count in memory.counts(about.states.get(memory.name)).items():
                found[option] += count
        total = sum(found.values())
        if not total:
            return general
        # As many choices as were seen elsewhere, but never more than `kinship`.
        worth = self.kinship * total / (total + self.kinship)
        return {option: weight + worth * found[option] / total for option, weight in general.items()}


def _memory(step: str) -> Choices:
    here = named("step", (step,))

    def used(observation: Observation) -> Sequence[str]:
        return _kind(observation) if here(observation) else ()

    def dismissed(observation: Observation) -> Sequence[str]:
        return ("leave_me_alone",) if here(observation) else ()

    reads = {"Help Used": used, "Help Dismissed": dismissed}
    return Choices(f"journey.{step}.treatment", reads, Decay(365))


_MEMORIES = {step: _memory(step) for step in MESSAGES}

JOURNEY_TREATMENTS = tuple(
    Treatment(
        key=memory.name,
        memory=memory,
        told=TOLD,
        usual={"do_it_for_me": 0.2, "guide_me": 0.4, "leave_me_alone": 0.4},
        message=MESSAGES[step],
        elsewhere=tuple(other for other in _MEMORIES.values() if other is not memory),
    )
    for step, memory in _MEMORIES.items()
)
