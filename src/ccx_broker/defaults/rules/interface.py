"""What every estimator is: a state that observations are folded into, and a conclusion drawn from it."""

from typing import Any, Protocol

from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.profile.rules import Offer

# What an estimator remembers, as JSON: text keys, whole numbers (of any size), text, lists, objects.
State = dict[str, Any]


class Estimator(Protocol):
    """Learns one key of the catalogue.

    An estimator is a frozen dataclass whose fields are its parameters (half-life, prior, thresholds), so
    that another prior is another instance: `replace(estimator, prior=…)`. It promises:

    - **bounded**: a state never outgrows its cap, and an update costs the same at any length of history;
    - **order-free**: updates commute, so a late or repeated delivery of a batch changes nothing
      (beyond a cap, which of the rarest names were let go may depend on the order);
    - **silent** where it has seen too little or can't tell: `conclude` then returns None;
    - **pure**: a conclusion depends on the state alone. Time that passes without news changes nothing:
      it is drawn as of the latest observation, and the evidence names that day.
    """

    @property
    def key(self) -> str:
        """The catalogue's key that it learns."""
        ...

    def start(self) -> State:
        """Return the state of a customer of whom nothing is known."""
        ...

    def update(self, state: State, observation: Observation) -> State:
        """Return the state after `observation`; `state` itself is left as it was."""
        ...

    def conclude(self, state: State) -> Offer | None:
        """Return the value to offer, with the probability that it is right and why; None is silence."""
        ...
