"""Keys with a value of a shape of its own: sizes, brands, the order of remedies, the price of a substitute."""

from collections.abc import Callable, Sequence
from math import exp
from random import Random
from typing import Any

import pytest

from ccx_broker.defaults.rules import ESTIMATORS, learn_from
from ccx_broker.defaults.rules.buy_substitution_max_uplift import BuySubstitutionMaxUplift
from ccx_broker.defaults.rules.discover_brands_avoid import AVOIDED, NOT_AVOIDED, DiscoverBrandsAvoid
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.population import Population, cells_of_others
from ccx_broker.defaults.rules.recover_remedy_order import TOLD, RecoverRemedyOrder, inverted
from tests.defaults.behaviour import daily, guessed, likeliest, one_of, outcome, served, shares

Event = tuple[str, dict[str, Any]]
Made = tuple[Any, Sequence[Observation]]


# discover.sizes


def kept(garment: str, size: Any) -> Event:
    return ("Size Kept", {"garment": garment, "size": size})


def back(garment: str, size: str, reason: str) -> Event:
    return ("Product Returned", {"garment": garment, "size": size, "reason": reason})


def test_the_size_kept_is_the_size_garment_by_garment() -> None:
    wardrobe = [kept("Shoes", 39)] * 3 + [kept("shirt", "M")] * 4 + [back("shirt", "S", "too small")] * 2
    found = guessed("discover.sizes", daily(wardrobe))
    assert found is not None
    assert found.value == {"shirt": "M", "shoes": "39"}
    assert found.confidence > 0.9
    assert found.evidence["sentence"] == (
        "Between 2 March 2026 and 10 March 2026 you kept 7 things in these sizes and sent 0 back."
    )


def test_what_goes_back_counts_against_a_size_only_if_it_did_not_fit() -> None:
    bought = [kept("shirt", "M")] * 3 + [kept("shirt", "L")] * 2
    misfit = daily(bought + [back("shirt", "M", "too_small")] * 3)
    dislike = daily(bought + [back("shirt", "M", "colour")] * 3)
    assert guessed("discover.sizes", misfit).value == {"shirt": "L"}  # type: ignore[union-attr]
    assert guessed("discover.sizes", dislike).value == {"shirt": "M"}  # type: ignore[union-attr]


def test_two_people_with_one_account_get_no_size() -> None:
    assert served("discover.sizes", daily([kept("shirt", "M"), kept("shirt", "XL")] * 6)) is None
    assert guessed("discover.sizes", daily([("Size Kept", {"garment": "shirt"})])) is None
    assert guessed("discover.sizes", daily([back("shirt", "M", "size")])) is None


def wearer(events: int) -> Callable[[Random], Made]:
    def make(random: Random) -> Made:
        own = shares(random, dict.fromkeys("SML", 1 / 3), 1.2)
        return {"shirt": likeliest(own)}, daily(kept("shirt", one_of(random, own)) for _ in range(events))

    return make


@pytest.mark.parametrize("events", [2, 6, 20])
def test_a_size_is_as_sure_as_it_is_right(events: int) -> None:
    found = outcome("discover.sizes", wearer(events), customers=600)
    assert found.confidence == pytest.approx(found.right, abs=0.06)
    assert found.told_right > 0.8


# discover.brands_avoid


def to_brand(brand: str, what: str) -> Event:
    event = {"hidden": "Brand Hidden", "away": "Recommendation Dismissed", "followed": "Product Clicked"}[
        what
    ]
    return (event, {"brand": brand})


def test_a_brand_that_was_hidden_is_avoided_and_one_waved_away_once_is_not() -> None:
    shown = [to_brand("Acme", "hidden")] * 2 + [to_brand("Best", "away"), to_brand("Best", "followed")]
    assert served("discover.brands_avoid", daily(shown)) == ["Acme"]
    once = daily([to_brand("Best", "away")])
    assert served("discover.brands_avoid", once) is None
    assert guessed("discover.brands_avoid", daily([to_brand("Best", "followed")])) is None


def test_a_brand_that_is_shown_again_and_bought_is_forgiven() -> None:
    again = [to_brand("Acme", "hidden"), ("Brand Shown Again", {"brand": "Acme"})]
    assert served("discover.brands_avoid", daily(again + [to_brand("Acme", "followed")] * 5)) is None


def brand_customer(events: int) -> Callable[[Random], Made]:
    of = DiscoverBrandsAvoid()

    def make(random: Random) -> Made:
        avoided = {f"brand {i}" for i in range(40) if random.random() < of.prior}
        done: list[Event] = []
        for i in range(40):
            brand = f"brand {i}"
            own = shares(random, AVOIDED if brand in avoided else NOT_AVOIDED, of.firmness)
            done += [to_brand(brand, one_of(random, own)) for _ in range(events)]
        random.shuffle(done)
        return avoided, daily(done)

    return make


def part_right(value: list[str], truth: set[str]) -> float:
    return sum(brand in truth for brand in value) / len(value)


@pytest.mark.parametrize("events", [2, 6])
def test_a_list_of_brands_is_as_sure_as_it_is_right(events: int) -> None:
    found = outcome("discover.brands_avoid", brand_customer(events), customers=200, is_right=part_right)
    assert found.confidence == pytest.approx(found.right, abs=0.07)
    assert found.told_right > 0.8


# recover.remedy_order


def took(remedy: str, *offered: str) -> Event:
    return ("Remedy Accepted", {"remedy": remedy, "offered": list(offered)})


def test_remedies_are_ranked_by_what_was_taken_before_what() -> None:
    rest = [remedy for remedy in TOLD if remedy != "replace"]
    taken = [took("replace", *TOLD)] * 10 + [took("refund", *rest)] * 10
    taken += [("Remedy Refused", {"offered": ["credit", "apology"]})] * 5
    found = guessed("recover.remedy_order", daily(taken))
    assert found is not None
    assert found.value == ["replace", "refund"]
    assert found.confidence > 0.75
    assert "you took a replacement 10 of 25 times" in found.evidence["sentence"]


def test_it_is_not_how_often_a_remedy_is_offered_that_counts() -> None:
    alone = [took("credit", "credit")] * 12
    both = [took("refund", "credit", "refund")] * 5
    found = guessed("recover.remedy_order", daily(alone + both))
    assert found is not None
    assert found.value[0] == "refund"


def test_one_complaint_ranks_nothing() -> None:
    assert served("recover.remedy_order", daily([took("refund", "refund", "credit")])) is None
    assert guessed("recover.remedy_order", daily([("Remedy Refused", {"remedy": "credit"})])) is None
    assert guessed("recover.remedy_order", daily([took("a pony", "a pony")])) is None


def complainer(events: int) -> Callable[[Random], Made]:
    def make(random: Random) -> Made:
        spread = RecoverRemedyOrder().spread
        worth = {remedy: exp(random.gauss(0, spread)) for remedy in TOLD}
        done = []
        for _ in range(events):
            offered = random.sample(list(TOLD), 3)
            # Luce's choice axiom, with nothing as one of the options.
            taken = one_of(random, {remedy: worth[remedy] for remedy in offered} | {"nothing": 1.0})
            if taken == "nothing":
                done.append(("Remedy Refused", {"offered": offered}))
            else:
                done.append(took(taken, *offered))
        return sorted(worth, key=lambda remedy: -worth[remedy]), daily(done)

    return make


def order_right(value: list[str], truth: list[str]) -> float:
    return float(value == truth[: len(value)])


@pytest.mark.parametrize("events", [4, 12, 40])
def test_an_order_is_as_sure_as_it_is_right(events: int) -> None:
    found = outcome("recover.remedy_order", complainer(events), customers=300, is_right=order_right)
    assert found.confidence == pytest.approx(found.right, abs=0.09)


def test_the_order_is_found_with_enough_remedies() -> None:
    found = outcome("recover.remedy_order", complainer(120), customers=80, is_right=order_right)
    assert found.told_right >= 0.8


def test_a_matrix_times_its_inverse_is_one() -> None:
    inverse = inverted([[4.0, 1.0], [1.0, 3.0]])
    assert [
        sum(a * b for a, b in zip(row, column, strict=True))
        for row, column in zip([[4, 1], [1, 3]], inverse, strict=True)
    ] == pytest.approx([1, 1])


# buy.substitution_max_uplift


def offer(uplift: float, taken: bool) -> Event:
    name = "Substitution Accepted" if taken else "Substitution Refused"
    return (name, {"price": 2 * (1 + uplift / 100), "original_price": 2, "kind": "similar"})


def test_the_limit_lies_between_what_was_taken_and_what_was_refused() -> None:
    history = [offer(5, True)] * 4 + [offer(12, True)] * 4 + [offer(24, False)] * 4 + [offer(40, False)] * 3
    found = guessed("buy.substitution_max_uplift", daily(history))
    assert found is not None
    assert 10 <= found.value <= 20
    assert found.confidence > 0.7
    assert "you took 8 dearer or equal substitutes and refused 7" in found.evidence["sentence"]
    assert "about 10 % above the price" in found.evidence["sentence"]
    refused = guessed("buy.substitution_max_uplift", daily([offer(10, False)] * 5))
    assert refused is not None
    assert "you refused all 5 substitutes" in refused.evidence["sentence"]


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"price": 3},
        {"price": "3", "original_price": 2},
        {"price": 3, "original_price": 0},
        {"price": True, "original_price": True},
    ],
)
def test_without_both_prices_no_limit_is_learnt(properties: dict[str, Any]) -> None:
    assert guessed("buy.substitution_max_uplift", daily([("Substitution Accepted", properties)])) is None


def limited(events: int) -> Callable[[Random], Made]:
    of = BuySubstitutionMaxUplift()

    def make(random: Random) -> Made:
        limit = min(5 * round(random.expovariate(1 / of.usual) / 5), 100)
        done = []
        for _ in range(events):
            uplift = random.choice(range(0, 65, 5))
            taken = 1 / (1 + exp((uplift - limit - 2.5) / of.width))
            chance = of.lapse / 2 + (1 - of.lapse) * taken
            done.append(offer(uplift, random.random() < chance))
        return limit, daily(done)

    return make


def near(value: float, truth: float) -> float:
    return float(abs(value - truth) <= 5)


@pytest.mark.parametrize("events", [2, 8, 30])
def test_a_limit_is_as_sure_as_it_is_right(events: int) -> None:
    found = outcome("buy.substitution_max_uplift", limited(events), customers=400, is_right=near)
    assert found.confidence == pytest.approx(found.right, abs=0.06)


def test_the_limit_is_found_with_enough_substitutes() -> None:
    found = outcome("buy.substitution_max_uplift", limited(40), customers=200, is_right=near)
    assert found.told_right >= 0.85


def test_how_much_others_accept_is_learnt_and_told() -> None:
    of, random = BuySubstitutionMaxUplift(), Random(2)
    made = []
    for i in range(200):
        uplifts = [random.choice(range(0, 65, 5)) for _ in range(20)]
        made.append((i % 4, learn_from({}, daily(offer(uplift, uplift <= 30) for uplift in uplifts))))
    cells = cells_of_others((fold, of.census(states)) for fold, states in made)
    typical = of.distil(cells[0])
    limits = typical["limits"]
    assert sum(limits) == pytest.approx(1, abs=0.01)
    assert max(limits) == limits[6]
    view = Population(200, ({of.key: typical},) * 4, {}).view(0)
    found = guessed(of.key, daily([offer(10, True)]), view)
    assert found is not None
    assert found.value == 30
    assert "On average, others accept up to" in found.evidence["sentence"]
    assert found.evidence["typical_share"] == pytest.approx(0.3, abs=0.02)


def test_all_of_these_are_estimators() -> None:
    keys = {estimator.key for estimator in ESTIMATORS}
    assert keys >= {
        "discover.sizes",
        "discover.brands_avoid",
        "recover.remedy_order",
        "buy.substitution_max_uplift",
    }
