"""What kind of customer is this? Learnt from how they answer to things of several sorts.

Where a value is never chosen as such (`relevant_only`, `problems_only`), it shows in what a customer takes
and leaves. Each kind of customer answers to each sort of thing in shares of its own; customers of one kind
differ as a Dirichlet distribution does. So the counts of answers have a Dirichlet-multinomial distribution
for each kind, and Bayes' rule gives the probability of the kind: a latent class model (Lazarsfeld & Henry,
1968) with overdispersion, which keeps many events from proving too much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Any

from ccx_broker.defaults.rules.chance import honest
from ccx_broker.defaults.rules.choice import ALL, Choices, told_of
from ccx_broker.defaults.rules.interface import About, Cell, Guess, State
from ccx_broker.defaults.rules.learner import NoModels
from ccx_broker.words import word

YES, NO = "yes", "no"
OTHERS = word("Of all customers, about %(share)s are like that.")

Answers = Mapping[str, float]
"""The shares of the answers to one sort of thing; they add up to 1."""


def yes(rate: float) -> Answers:
    """Return the shares of yes and no."""
    return {YES: rate, NO: 1 - rate}


@dataclass(frozen=True)
class KindOfCustomer(NoModels):
    """Guesses which of a key's values the customer's answers fit best.

    The memory counts answers as `sort:answer`. `answers` has, for each sort, the shares of the answers that
    customers of each kind give; `firmness` is how many answers these are worth in a customer; `usual` is how
    many customers are of each kind until others have taught better.
    """

    key: str
    memory: Choices
    answers: Mapping[str, Mapping[str, Answers]]
    usual: Mapping[str, float]
    message: str
    firmness: float = 8.0
    others_worth: float = 20.0

    def conclude(self, about: About) -> Guess | None:
        """Return the most probable kind."""
        state = about.states.get(self.memory.name)
        if state is None or not state["n"]:
            return None
        chances = self.chances(self.memory.counts(state), about.typical.get("shares", self.usual))
        best = max(chances, key=lambda kind: chances[kind])
        return Guess(best, honest(chances[best]), self.evidence(state, best, about))

    def chances(self, counts: Mapping[str, float], shares: Mapping[str, float]) -> dict[str, float]:
        """Return the probability of each kind."""
        logs = {kind: log(max(shares[kind], 1e-3)) for kind in self.usual}
        for sort, by_kind in self.answers.items():
            given = {name.partition(":")[2]: n for name, n in counts.items() if name.startswith(f"{sort}:")}
            if given:
                for kind, shares_of in by_kind.items():
                    logs[kind] += log_of_answers(given, shares_of, self.firmness)
        highest = max(logs.values())
        weights = {kind: exp(each - highest) for kind, each in logs.items()}
        total = sum(weights.values())
        return {kind: weight / total for kind, weight in weights.items()}

    def evidence(self, state: State, kind: str, about: About) -> dict[str, Any]:
        """Return why: how often what was taken, and by how many customers of each kind there are."""
        numbers: dict[str, int] = {}
        for sort, by_kind in self.answers.items():
            times = {a: state["of"].get(f"{sort}:{a}", (0, 0))[0] for a in by_kind[kind]}
            numbers |= {f"{sort}_{answer}": n for answer, n in times.items()}
            numbers[f"{sort}_of"] = sum(times.values())
        typical = about.typical.get("shares", {}).get(kind)
        return told_of(self.message, state, typical, others=OTHERS, **numbers)

    def census(self, states: Mapping[str, State]) -> Mapping[str, Sequence[float]]:
        """Return the probabilities of the kinds, by what is assumed of customers in general."""
        state = states.get(self.memory.name)
        if state is None or not state["n"]:
            return {}
        return {ALL: list(self.chances(self.memory.counts(state), self.usual).values())}

    def distil(self, cells: Mapping[str, Cell]) -> Mapping[str, Any]:
        """Return how many customers are of each kind; what was assumed counts as `others_worth` of them."""
        cell = cells.get(ALL)
        if cell is None:
            return {}
        behind = cell.customers + self.others_worth
        sums = zip(self.usual.items(), cell.sums, strict=True)
        return {
            "shares": {kind: (total + share * self.others_worth) / behind for (kind, share), total in sums}
        }


def log_of_answers(given: Mapping[str, float], shares: Answers, firmness: float) -> float:
    """Return the logarithm of the answers' Dirichlet-multinomial probability, but for what no kind changes."""
    found = lgamma(firmness) - lgamma(firmness + sum(given.values()))
    for answer, count in given.items():
        weight = firmness * shares[answer]
        found += lgamma(weight + count) - lgamma(weight)
    return found
