"""What is remembered of a customer, what is concluded from it, and what may be known when concluding.

    observation --Memory.update--> state --Estimator.conclude--> Guess --silence--> served, or not

Everything here and in the files beside it is pure: facts in, facts out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ccx_broker.defaults.rules.observation import Observation

# What a memory keeps, as JSON: text keys, whole numbers (of any size), text, lists, objects.
State = dict[str, Any]


Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


class Cell(NamedTuple):
    """What many customers have in common: how many they are, and the sums of what each contributed."""

    customers: int
    sums: tuple[float, ...]


class Guess(NamedTuple):
    """What an estimator would say of a key: the value, the probability that it is right, and why."""

    value: Any
    confidence: float
    evidence: Mapping[str, Any]


class Row(NamedTuple):
    """One example for a model to be fitted on: what was known then, and how it turned out."""

    model: str
    features: Sequence[float]
    outcome: float


@dataclass(frozen=True, slots=True)
class About:
    """All that a conclusion may rest on: the customer's own states, by memory, and what others taught.

    `typical` is what this key's estimator distilled from customers of other folds than this one's, so
    that nobody is part of their own prior; `models` are its fitted numbers. Both may be empty: a broker
    begins with no customers.
    """

    states: Mapping[str, State]
    typical: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Future:
    """What a customer did after the day at which a backtest stands: as states of those weeks alone.

    `until` is the end of what was observed of anybody.
    """

    states: Mapping[str, State]
    observations: Sequence[Observation]
    until: datetime


class Memory(Protocol):
    """Remembers what estimators need, and no more. Several estimators may draw on one memory.

    - **bounded**: a state never outgrows its cap, and an update costs the same at any length of history;
    - **order-free**: updates commute, so a late or repeated delivery of a batch changes nothing
      (beyond a cap, which of the rarest names were let go may depend on the order).
    """

    @property
    def name(self) -> str:
        """The name under which its state is kept."""
        ...

    @property
    def listens(self) -> frozenset[str]:
        """The names of the events that it learns from."""
        ...

    def start(self) -> State:
        """Return the state of a customer of whom nothing is known."""
        ...

    def update(self, state: State, observation: Observation) -> State:
        """Return the state after `observation`; `state` itself is left as it was."""
        ...


class Estimator(Protocol):
    """Guesses one key of the catalogue.

    Time that passes without news changes nothing: a conclusion is drawn as of the latest observation, and
    the evidence names that day. Whether a guess is good enough to be told is decided in `silence`.
    """

    @property
    def key(self) -> str:
        """The catalogue's key that it guesses."""
        ...

    @property
    def memory(self) -> Memory:
        """What it learns from. It may look into the other memories as well, if they are there."""
        ...

    def conclude(self, about: About) -> Guess | None:
        """Return the best guess with its honest probability; None only if there is nothing to go by."""
        ...


@runtime_checkable
class Learner(Estimator, Protocol):
    """An estimator that also learns from other customers: what is typical, and how sure it may be."""

    @property
    def models(self) -> Mapping[str, str]:
        """The models that it wants fitted: their names, and the kind of each (`fitting.KINDS`)."""
        ...

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return one customer's share in what is typical: numbers that can be summed, by cell."""
        ...

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return, as JSON, what is worth keeping of the cells: the `typical` of later conclusions."""
        ...

    def examples(self, about: About, future: Future) -> Iterable[Row]:
        """Return what a customer's past and what came after it teach the models.

        Asked again when models have been fitted, with those in `about.models`, as long as new ones appear:
        a model may rest on another.
        """
        ...


@runtime_checkable
class Measured(Estimator, Protocol):
    """An estimator whose quality is measured in finer predictions than the one value that it guesses."""

    def predictions(self, about: About, bar: float) -> Mapping[str, Mapping[str, Any]]:
        """Return the predictions by name, as `defaults-eval/1` wants them; `bar` is what `served` needs."""
        ...
