"""What an order's own fields and an event's context tell: currency, time zone, language, ways to get and pay."""

from datetime import timedelta
from typing import Any

import pytest

from ccx_broker.defaults.populations import BARS
from ccx_broker.defaults.rules import conclude_all, learn_from
from ccx_broker.defaults.rules.deliver_method import method_of
from ccx_broker.defaults.rules.language import tag_of
from ccx_broker.defaults.rules.observation import Observation, observe
from ccx_broker.defaults.rules.pay_method_order import kind_of
from ccx_broker.defaults.rules.population import View
from ccx_broker.profile.catalogue import check_value
from tests.defaults.examples import MONDAY_NOON, order


def orders(
    count: int, start: int = 0, context: dict[str, Any] | None = None, **said: Any
) -> list[Observation]:
    """Return an order a week that says this."""
    found = []
    for week in range(start, start + count):
        body = order()
        at = MONDAY_NOON + timedelta(weeks=week)
        observation = observe(
            "Order Completed", "shop", at, body["properties"] | said, body["context"] | (context or {})
        )
        assert observation is not None
        found.append(observation)
    return found


def told(history: list[Observation]) -> dict[str, Any]:
    offers = [o for o in conclude_all(learn_from({}, history), View(), BARS) if o.value is not None]
    for offer in offers:
        check_value(offer.key, offer.value)
    return {offer.key: offer for offer in offers}


def test_the_currency_of_the_orders_is_told_with_the_counts() -> None:
    offer = told(orders(9, currency="eur") + orders(2, 9, currency="USD"))["currency"]
    assert offer.value == "EUR"
    assert offer.evidence["sentence"] == (
        "9 of your 11 orders between 2 March 2026 and 11 May 2026 had their prices in EUR."
    )


@pytest.mark.parametrize("code", ["points", "", None, 5, "XXX"])
def test_what_is_no_currency_tells_nothing(code: object) -> None:
    assert "currency" not in told(orders(9, currency=code))


def test_who_moves_has_a_new_time_zone_after_a_season_not_after_a_holiday() -> None:
    home, away = {"timezone": "America/New_York"}, {"timezone": "Europe/Vienna"}
    assert told(orders(30, context=home) + orders(2, 30, context=away))["timezone"].value == home["timezone"]
    assert told(orders(30, context=home) + orders(26, 30, context=away))["timezone"].value == away["timezone"]


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "Nowhere/Land", None])
def test_the_clock_of_a_server_is_no_place(zone: str | None) -> None:
    assert "timezone" not in told(orders(9, context={"timezone": zone}))


def test_the_language_is_that_of_the_device() -> None:
    assert told(orders(9, context={"locale": "de_AT"}))["language"].value == "de-AT"
    assert "language" not in told(orders(9))


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("en_us.UTF-8", "en-US"),
        ("zh-hans", "zh-Hans"),
        ("de", "de"),
        ("es-419", "es-419"),
        ("C", None),
        ("x" * 9, None),
    ],
)
def test_languages_are_spelt_as_is_usual(locale: str, tag: str | None) -> None:
    assert tag_of(locale) == tag


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("Standard Shipping", "delivery"),
        ("next-day delivery", "delivery"),
        ("Click & Collect", "click_and_collect"),
        ("Store Pickup", "click_and_collect"),
        ("Ship to store", "click_and_collect"),
        ("Locker delivery", "locker"),
        ("in_store", "in_store"),
        ("POS", "in_store"),
        ("Post", "delivery"),
        ("teleport", None),
    ],
)
def test_a_shops_word_for_a_way_to_get_things_is_understood(name: str, way: str | None) -> None:
    assert method_of(name) == way


def test_how_things_come_is_told_by_how_they_came() -> None:
    offer = told(orders(12, shipping_method="Store Pickup") + orders(2, 12, shipping_method="Courier"))[
        "deliver.method"
    ]
    assert offer.value == "click_and_collect"
    assert "12 of 14 times" in offer.evidence["sentence"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Visa", "card"),
        ("Gift card", "gift_card"),
        ("apple_pay", "wallet"),
        ("SEPA direct debit", "direct_debit"),
        ("Bank transfer", "bank_transfer"),
        ("Cash", "cash"),
        ("COD", "cash"),
        ("Discount code", None),
        ("Klarna", "invoice"),
        ("shells", None),
    ],
)
def test_a_shops_word_for_a_way_to_pay_is_understood(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_ways_to_pay_are_ranked_as_far_as_their_order_is_sure() -> None:
    history = orders(24, payment_method="Visa") + orders(6, 24, payment_method="cash")
    assert told(history)["pay.method_order"].value[:1] == ["card"]
    even = told(orders(10, payment_method="Visa") + orders(10, payment_method="cash"))
    assert "pay.method_order" not in even


def test_little_is_no_reason_to_speak() -> None:
    few = orders(2, payment_method="Visa", context={"locale": "de"})
    assert not {"currency", "timezone", "language", "pay.method_order"} & told(few).keys()


def test_a_sensitive_word_in_an_orders_fields_is_not_seen() -> None:
    (observation,) = orders(1, payment_method="Wine club voucher")
    assert "payment_method" not in observation.properties
