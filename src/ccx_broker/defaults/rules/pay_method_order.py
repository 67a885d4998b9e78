"""pay.method_order: how the customer likes to pay, the usual way first, by how they paid.

Memory: how often each kind was used, decayed with a half-life of a year: cards expire, habits last. Of two
kinds the one used more often is preferred with the probability that its true share is the larger one (Beta
posterior). The list goes on as long as its whole order is probable enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ccx_broker.defaults.rules import tally, words
from ccx_broker.defaults.rules.chance import beta_above, honest, leading
from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.interface import About, Guess
from ccx_broker.defaults.rules.observation import ORDER, Observation
from ccx_broker.defaults.rules.sensitive import plain
from ccx_broker.words import word

TOLD = {
    "card": word("by card"),
    "bank_transfer": word("by bank transfer"),
    "direct_debit": word("by direct debit"),
    "wallet": word("with a wallet"),
    "invoice": word("on invoice"),
    "instalments": word("in instalments"),
    "gift_card": word("with a gift card"),
    "cash": word("in cash"),
}

# Beginnings of words; a space ends one. The first that fits: a gift card is no card, Apple Pay is a wallet whatever card is in it.
WORDS = (
    ("gift_card", ("gift", "voucher", "store credit")),
    ("instalments", ("instalment", "installment", "klarna slice", "affirm", "afterpay", "pay later in")),
    ("invoice", ("invoice", "pay later", "on account", "klarna")),
    ("wallet", ("wallet", "apple pay", "applepay", "google pay", "googlepay", "paypal", "alipay", "wechat")),
    ("direct_debit", ("direct debit", "sepa debit", "debit order", "ach ")),
    (
        "bank_transfer",
        ("transfer", "wire ", "bank", "ideal ", "sofort", "giropay", "eps ", "pix ", "prepayment"),
    ),
    ("card", ("card", "credit", "debit", "visa", "mastercard", "amex", "american express", "maestro")),
    ("cash", ("cash", "cod ")),
)


def kind_of(name: str) -> str | None:
    """Return which kind a shop's name for a way to pay means, or None."""
    text = f" {plain(name)} "
    return next((kind for kind, known in WORDS if any(f" {each}" in text for each in known)), None)


def _paid(observation: Observation) -> Sequence[str]:
    said = observation.properties.get("payment_method")
    kind = kind_of(said) if isinstance(said, str) else None
    return (kind,) if kind else ()


@dataclass(frozen=True)
class PayMethodOrder:
    """`independence`: one payment is worth less than an independent draw, since a shop offers what it has."""

    key: str = field(default="pay.method_order", init=False)
    memory: Choices = field(default=Choices("pay.method_order", {ORDER: _paid}, Decay(365)))
    prior: float = 0.5
    independence: float = 0.5
    least: int = 5
    sure: float = 0.75

    def conclude(self, about: About) -> Guess | None:
        """Return the kinds in their order, as far as it is sure enough; at least the first."""
        state = about.states[self.memory.name]
        if state["n"] < self.least:
            return None
        used = tally.ranked(state, self.memory.decay)
        counts = [count * self.independence for *_, count in used]
        chance, listed = leading([*counts, 0.0], self.prior), 1
        for above, below in pairwise([*counts[1:], 0.0]):
            longer = chance * beta_above(above + self.prior, below + self.prior, 0.5)
            if longer < self.sure:
                break
            chance, listed = longer, listed + 1
        value = [name for name, *_ in used[:listed]]
        times = {name: many for name, many, _ in used[:listed]}
        said = words.say(
            "Between %(since)s and %(until)s you paid %(how)s %(times)s of %(of)s times; recent ones count more.",
            since=state["first"],
            until=state["last"],
            how=TOLD[value[0]],
            times=times[value[0]],
            of=state["n"],
        )
        evidence = {**said, "times": times, "of": state["n"], "from": state["first"], "to": state["last"]}
        return Guess(value, honest(chance), evidence)
