"""Keys whose value a customer chooses again and again: the one truly preferred is found, and honestly so."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from ccx_broker.defaults.rules import ESTIMATORS
from ccx_broker.defaults.rules.choice import Preferred, strength
from ccx_broker.defaults.rules.contest import beats, in_order, leads
from ccx_broker.defaults.rules.interface import About
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import Population, View, cells_of_others
from tests.defaults.behaviour import daily, guessed, likeliest, one_of, outcome, served, shares

CHOSEN: dict[str, Callable[[str], tuple[str, dict[str, Any]]]] = {
    "pay.receipt": lambda option: ("Receipt Chosen", {"method": option}),
    "deliver.place": lambda option: ("Delivery Placed", {"place": option}),
    "deliver.speed_vs_price": lambda option: ("Delivery Option Chosen", {"option": option}),
    "deliver.packaging": lambda option: ("Packaging Chosen", {"packaging": option}),
    "return.method": lambda option: ("Return Started", {"method": option}),
    "journey.buy.treatment": lambda option: (
        ("Help Dismissed", {"step": "buy", "kind": "guide_me"})
        if option == "leave_me_alone"
        else ("Help Used", {"step": "buy", "kind": option})
    ),
}
OF = {e.key: e for e in ESTIMATORS if isinstance(e, Preferred)}


def customer(key: str, events: int) -> Callable[[Random], tuple[str, Sequence[Observation]]]:
    """Return a maker of customers as the estimator assumes them, before it has learnt from others."""
    of = OF[key]

    def make(random: Random) -> tuple[str, Sequence[Observation]]:
        own = shares(random, of.usual, of.strength)
        return likeliest(own), daily(CHOSEN[key](one_of(random, own)) for _ in range(events))

    return make


@pytest.mark.parametrize("key", CHOSEN)
def test_what_is_preferred_is_found_with_enough_choices(key: str) -> None:
    for option in OF[key].told:
        mostly = [option, option, option, next(o for o in OF[key].told if o != option), option] * 3
        assert served(key, daily(CHOSEN[key](each) for each in mostly)) == option
    found = outcome(key, customer(key, 25))
    assert found.right >= 0.88
    assert found.told_right >= 0.9


@pytest.mark.parametrize("events", [1, 4, 12])
@pytest.mark.parametrize("key", CHOSEN)
def test_a_guess_is_as_sure_as_it_is_right(key: str, events: int) -> None:
    found = outcome(key, customer(key, events), customers=600)
    assert found.confidence == pytest.approx(found.right, abs=0.05)


@pytest.mark.parametrize("key", CHOSEN)
def test_without_choices_and_with_mixed_ones_nothing_is_told(key: str) -> None:
    assert guessed(key, []) is None
    some = [CHOSEN[key](option) for option in OF[key].told] * 2
    assert served(key, daily(some)) is None
    stranger = [(name, {**properties, **dict.fromkeys(properties, "pigeon")}) for name, properties in some]
    assert guessed(key, daily(stranger)) is None


def test_options_are_read_however_they_are_written() -> None:
    parcels = [("Delivery Placed", {"place": place}) for place in ("Safe place", "safe-place", "SAFE_PLACE")]
    guess = guessed("deliver.place", daily(parcels))
    assert guess is not None
    assert (guess.value, guess.evidence["times"]) == ("safe_place", 3)
    assert guess.evidence["sentence"] == (
        "3 of your 3 parcels between 2 March 2026 and 4 March 2026 were left in a safe place."
    )


def test_what_others_choose_is_learnt_and_told() -> None:
    random = Random(7)
    of = OF["pay.receipt"]
    truth = {"email": 0.1, "paper": 0.05, "app": 0.8, "none": 0.05}
    made = []
    for i in range(400):
        own = shares(random, truth, 4.0)
        made.append((i % 4, learnt(daily(CHOSEN["pay.receipt"](one_of(random, own)) for _ in range(8)))))
    cells = cells_of_others((fold, of.census(states)) for fold, states in made)
    typical = of.distil(cells[0])
    assert typical["shares"] == pytest.approx(truth, abs=0.05)
    assert typical["strength"] == pytest.approx(4.0, rel=0.4)
    view = Population(400, ({"pay.receipt": typical},) * 4, {}).view(0)
    once = daily([CHOSEN["pay.receipt"]("app")])
    before, after = guessed("pay.receipt", once), guessed("pay.receipt", once, view)
    assert before is not None
    assert after is not None
    assert after.confidence > before.confidence
    assert after.evidence["sentence"].endswith("On average, other customers choose that 81 % of the time.")


def learnt(observations: Sequence[Observation]) -> dict[str, Any]:
    from ccx_broker.defaults.rules import learn_from

    return learn_from({}, observations)


def test_the_other_steps_of_the_journey_help_a_little_and_never_overrule() -> None:
    key = "journey.pay.treatment"
    alone = [("Help Dismissed", {"step": step}) for step in ("buy", "use", "deliver", "discover")] * 5
    once = [("Help Dismissed", {"step": "pay"})]
    here, helped = guessed(key, daily(once)), guessed(key, daily(alone + once))
    assert here is not None
    assert helped is not None
    assert helped.value == "leave_me_alone"
    assert helped.confidence > here.confidence
    often = [("Help Used", {"step": "pay", "kind": "guide_me"})] * 8
    assert served(key, daily(alone + often)) == "guide_me"
    assert guessed(key, daily(alone)) is None


@pytest.mark.parametrize(
    ("parameters", "exact"),
    [((3.5, 0.5), 0.967), ((1.5, 0.5, 0.5, 0.5), 0.6178), ((10, 8, 0.3), 0.6867), ((0.2, 0.2, 0.2), 1 / 3)],
)
def test_the_chance_to_lead_is_that_of_a_dirichlet_distribution(
    parameters: tuple[float, ...], exact: float
) -> None:
    assert leads(parameters[0], parameters[1:]) == pytest.approx(exact, abs=0.004)  # by 400,000 draws


@pytest.mark.parametrize(
    ("first", "rivals", "above", "exact"),
    [
        ((3, 2), [(1, 20)], 0.0, 0.9981),
        ((30, 20), [(20, 30), (1, 2)], 0.5, 0.7745),
        ((0.5, 0.5), [(0.5, 0.5)] * 3, 0.0, 0.25),
    ],
)
def test_the_chance_to_be_best_is_that_of_beta_distributions(
    first: tuple[float, float], rivals: list[tuple[float, float]], above: float, exact: float
) -> None:
    assert beats(first, rivals, above) == pytest.approx(exact, abs=0.005)


def test_orders_share_the_certainty_among_them() -> None:
    from itertools import permutations

    orders = [in_order(order, 3) for order in permutations((5.0, 3.0, 2.0))]
    assert sum(orders) == pytest.approx(1, abs=0.02)
    assert orders[0] == max(orders)


def test_how_alike_customers_are_is_found_from_pairs_of_choices() -> None:
    assert strength([0.5, 0.5], (1 + 3 * 0.5) / 4) == pytest.approx(3)
    assert strength([0.5, 0.5], 0.5) == strength([0.5, 0.5], 0.4) == 20
    assert strength([0.5, 0.5], 1.0) == 0.3


def test_a_prior_is_never_nothing() -> None:
    about = About({}, {"shares": {"email": 1.0, "paper": 0.0, "app": 0.0, "none": 0.0}, "strength": 2.0})
    assert min(OF["pay.receipt"].prior(about).values()) > 0
    assert View().typical == {}
