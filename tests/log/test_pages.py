"""Who looked: the page, what narrows it down, and the log as a file."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from ccx_broker.ledger.rules import Week
from ccx_broker.log.rules import WEEKS, chart
from tests.disclosure.support import Shared, new_shop, own_bearer, share, withdraw
from tests.oauth_support import Browser, SomeCustomer, authorise, new_customer
from tests.support import Broker

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday


def page(broker: Broker, customer: SomeCustomer, address: str = "/log") -> str:
    browser = Browser(broker)
    browser.sign_in(customer)
    browser.open(address)
    assert browser.page is not None
    assert browser.page.status_code == 200
    return browser.page.text


def read(http: httpx2.Client, shared: Shared) -> int:
    return http.get("/v1/preferences", headers=shared.bearer).status_code


@pytest.fixture
def looked_at(broker: Broker, http: httpx2.Client) -> Shared:
    """Two looks, and one refusal after the end."""
    shared = share(broker, http, ["buy.store", "contact.channel"])
    assert [read(http, shared), read(http, shared)] == [200, 200]
    withdraw(http, shared.customer)
    assert read(http, shared) == 401
    return shared


def test_an_empty_log_says_what_will_be_there(broker: Broker) -> None:
    assert "Nobody has looked yet" in page(broker, new_customer(broker))


def test_looks_and_refusals_are_told_in_plain_words(broker: Broker, looked_at: Shared) -> None:
    text = page(broker, looked_at.customer)
    assert text.count("saw 2 things") == 2
    assert "Which shop do you mostly go to?" in text
    assert "You had ended what you shared with it." in text
    assert "looked 2 times, refused once" in " ".join(text.split())
    assert "grant_ended" not in text


def test_the_log_is_narrowed_down_by_organisation_and_outcome(
    broker: Broker, http: httpx2.Client, looked_at: Shared
) -> None:
    customer, other = looked_at.customer, new_shop(broker)
    token = authorise(broker, other, customer, ("pref:buy",), ["buy.store"])
    read(http, Shared(customer, other, token))
    everything = http.get("/v1/me/disclosures", headers=customer.bearer).json()["items"]
    shops = {line["organisation"]["id"] for line in everything}
    assert (len(everything), len(shops)) == (4, 2)
    for shop in shops:
        query = f"organisation_id={shop}"
        found = http.get(f"/v1/me/disclosures?{query}", headers=customer.bearer).json()["items"]
        assert found == [line for line in everything if line["organisation"]["id"] == shop]
    refusals = http.get("/v1/me/disclosures?outcome=refused", headers=customer.bearer).json()["items"]
    assert refusals == [line for line in everything if line["outcome"] == "refused"]
    text = page(broker, customer, "/log?outcome=refused&organisation=")
    assert "got nothing" in text
    assert "saw" not in text.partition('class="timeline"')[2].partition("</ol>")[0]
    assert "nothing of this kind" in page(broker, customer, f"/log?organisation={uuid4()}")


def test_older_pages_are_reached_by_links(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    for _ in range(26):
        read(http, shared)
    browser = Browser(broker)
    browser.sign_in(shared.customer)
    browser.open("/log")
    assert browser.page is not None
    first = browser.page.text
    assert first.count("saw one thing") == 25
    browser.open(first.partition('href="/log?cursor=')[2].partition('"')[0].join(["/log?cursor=", ""]))
    assert browser.page.text.count("saw one thing") == 1


def test_the_whole_log_comes_as_a_table_and_as_json(
    broker: Broker, http: httpx2.Client, looked_at: Shared
) -> None:
    bearer = looked_at.customer.bearer
    listed = http.get("/v1/me/disclosures", headers=bearer).json()["items"]
    as_json = http.get("/v1/me/disclosures/export?format=json", headers=bearer)
    assert as_json.json() == listed
    table = http.get("/v1/me/disclosures/export?format=csv", headers=bearer)
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="ccx-log.csv"' in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["disclosure_id"] for row in rows] == [line["disclosure_id"] for line in listed]
    assert [row["outcome"] for row in rows] == ["refused", "disclosed", "disclosed"]
    assert rows[1]["keys"].split() == listed[1]["keys"]


def test_an_empty_log_is_an_empty_file(broker: Broker, http: httpx2.Client) -> None:
    bearer = new_customer(broker).bearer
    assert http.get("/v1/me/disclosures/export?format=json", headers=bearer).json() == []
    assert len(http.get("/v1/me/disclosures/export", headers=bearer).text.splitlines()) == 1
    assert http.get("/v1/me/disclosures/export").status_code == 401
    assert http.get("/v1/me/disclosures/export?format=pdf", headers=bearer).status_code == 422


def test_a_long_log_comes_whole_and_a_name_is_never_a_formula(
    broker: Broker, http: httpx2.Client, database_url: str
) -> None:
    shared = share(broker, http, ["buy.store"])
    read(http, shared)
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO disclosures SELECT customer_id, gen_random_uuid(), at, organisation_id, client_id,"
            " grant_id, outcome, reason, keys, purposes FROM disclosures, generate_series(1, 2499)"
            " WHERE customer_id = (SELECT customer_id FROM customers WHERE email = %s)",
            [shared.customer.email],
        )
        connection.execute(
            "UPDATE organisations SET name = '=HYPERLINK(1)' || organisation_id WHERE organisation_id ="
            " (SELECT organisation_id FROM applications WHERE client_id = %s)",
            [shared.shop.client_id],
        )
    table = http.get("/v1/me/disclosures/export", headers=shared.customer.bearer).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert len({row["disclosure_id"] for row in rows}) == 2500
    assert all(row["organisation"].startswith("'=HYPERLINK") for row in rows)


def test_reads_by_subject_are_there_too(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.store"])
    subject = http.get("/v1/preferences", headers=shared.bearer).json()["subject"]
    own = own_bearer(broker, shared.shop)
    http.get(f"/v1/customers/{subject}/preferences", headers=own).raise_for_status()
    assert page(broker, shared.customer).count("saw one thing") == 2


def test_the_chart_has_a_row_for_each_organisation_the_busiest_first() -> None:
    a, b, monday = UUID(int=1), UUID(int=2), date(2026, 11, 23)
    weeks = [Week(a, monday, 1, 0), Week(b, monday - timedelta(weeks=11), 150, 50)]
    busy, quiet = chart(weeks, NOW)
    assert (busy.organisation_id, busy.looks, busy.refusals, quiet.looks) == (b, 150, 50, 1)
    assert len(busy.bars) == WEEKS
    assert (busy.bars[0].height, busy.bars[0].refused_height, busy.bars[-1].height) == (100, 25, 0)
    assert quiet.bars[-1].monday == monday
    assert quiet.bars[-1].height >= 4, "one look must be seen beside two hundred"
    assert chart([], NOW) == []


def test_a_look_that_found_nothing_is_told_as_one(broker: Broker, http: httpx2.Client) -> None:
    shared = share(broker, http, ["buy.coupons"])
    assert read(http, shared) == 200
    assert "looked and found nothing" in page(broker, shared.customer)
