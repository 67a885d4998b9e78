"""Which of a few options does a customer prefer? Learnt from what they chose, again and again.

Memory: how often each option was chosen, decayed. The shares in which a customer chooses have a Dirichlet
posterior; what it starts from are the shares of other customers, and how much these differ from each
other (the method of moments; Minka, "Estimating a Dirichlet distribution", 2000). A guess is right where
the option is truly the one most chosen.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.contest import leads
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Cell, Guess, State
from ccx_broker.defaults.rules.learner import NoModels
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.words import word

Reader = Callable[[Observation], Sequence[str]]
"""Tells which options an event speaks for; most speak for one or for none."""

OTHERS = word("On average, other customers choose that %(share)s of the time.")
ALL = "all"


def named(property_: str, options: Iterable[str]) -> Reader:
    """Return a reader of the option that a property names, `Safe place` and `safe-place` as `safe_place`."""
    known = frozenset(options)

    def read(observation: Observation) -> Sequence[str]:
        value = observation.properties.get(property_)
        if not isinstance(value, str):
            return ()
        plain = value.casefold().replace("-", "_").replace(" ", "_")
        return (plain,) if plain in known else ()

    return read


def always(option: str) -> Reader:
    """Return a reader for an event that speaks for `option` by its name alone."""
    return lambda _: (option,)


def suffixed(reader: Reader, end: str) -> Reader:
    """Return a reader that puts `end` behind whatever `reader` reads."""
    return lambda observation: [option + end for option in reader(observation)]


@dataclass(frozen=True)
class Choices:
    """Remembers how often each option was chosen; `reads` has a reader for each event's name."""

    name: str
    reads: Mapping[str, Reader]
    decay: Decay
    cap: int = 16

    @property
    def listens(self) -> frozenset[str]:
        """Return the names of the events that it learns from."""
        return frozenset(self.reads)

    def start(self) -> State:
        """Return the state of a customer of whom no choice is known."""
        return tally.empty()

    def update(self, state: State, observation: Observation) -> State:
        """Count the option that the event speaks for."""
        options = self.reads[observation.name](observation)
        if not options:
            return state
        return tally.add(state, options, observation, self.decay, tries=1, cap=self.cap)

    def counts(self, state: State | None) -> dict[str, float]:
        """Return the decayed counts by option, as of the latest choice."""
        return {} if state is None else {name: count for name, _, count in tally.ranked(state, self.decay)}


@dataclass(frozen=True)
class Preferred(NoModels):
    """Guesses the option that a customer prefers.

    `told` says each option in a sentence; `usual` are its shares among customers and `strength` says how
    many choices these are worth, both until other customers have taught better.
    """

    key: str
    memory: Choices
    told: Mapping[str, str]
    usual: Mapping[str, float]
    message: str
    strength: float = 2.0

    def conclude(self, about: About) -> Guess | None:
        """Return the option that is most probably the preferred one."""
        state = about.states.get(self.memory.name)
        if state is None or not state["n"]:
            return None
        counts, prior = self.memory.counts(state), self.prior(about)
        weights = {option: counts.get(option, 0.0) + prior[option] for option in self.told}
        best = max(weights, key=lambda option: weights[option])
        chance = leads(weights.pop(best), list(weights.values()))
        return Guess(best, honest(chance), self.evidence(state, best, about))

    def prior(self, about: About) -> dict[str, float]:
        """Return what the customer's own choices are added to: pseudo-counts by option."""
        shares = about.typical.get("shares", self.usual)
        strength = about.typical.get("strength", self.strength)
        return {option: max(strength * shares[option], 0.01) for option in self.told}

    def evidence(self, state: State, option: str, about: About) -> dict[str, Any]:
        """Return why, in words and numbers."""
        times = state["of"].get(option, (0, 0))[0]
        return told_of(
            self.message,
            state,
            about.typical.get("shares", {}).get(option),
            option=self.told[option],
            times=times,
        )

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the customer's shares, and how alike two of their choices are."""
        state = states.get(self.memory.name)
        if state is None:
            return {}
        times = [state["of"].get(option, (0, 0))[0] for option in self.told]
        total = sum(times)
        if total < 2:
            return {}
        alike = sum(n * (n - 1) for n in times) / (total * (total - 1))
        return {ALL: [*(n / total for n in times), alike]}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return the average shares, and how many choices of a customer's own they are worth."""
        cell = cells.get(ALL)
        if cell is None:
            return {}
        *shares, alike = (total / cell.customers for total in cell.sums)
        return {
            "shares": dict(zip(self.told, shares, strict=True)),
            "strength": strength(shares, alike),
        }


def strength(shares: Sequence[float], alike: float) -> float:
    """Return the sum of the parameters of the Dirichlet distribution from which customers' shares come.

    `alike` is the chance that two choices of one customer are the same: with parameters that sum to s it is
    (1 + s · Σ share²) / (1 + s). Bounded, since few customers determine it badly.
    """
    by_chance = sum(share * share for share in shares)
    spread = alike - by_chance
    return min(max((1 - alike) / spread, 0.3), 20.0) if spread > 0 else 20.0


def told_of(
    message: str, state: State, typical: float | None, others: str = OTHERS, **values: Any
) -> dict[str, Any]:
    """Return evidence about a tally: the sentence, its numbers, and what is typical where that is known."""
    counted: dict[str, Any] = {"of": state["n"], "from": state["first"], "to": state["last"]}
    numbers = {name: value for name, value in values.items() if not isinstance(value, str)}
    values |= {"of": state["n"], "since": state["first"], "until": state["last"]}
    said = words.say(message, **values)
    if typical is not None:
        also = words.say(others, **words.shares({"share": typical}))
        said |= {"sentence": f"{said['sentence']} {also['sentence']}", "also": also}
        counted["typical_share"] = round(typical, 3)
    return {**said, **numbers, **counted}
