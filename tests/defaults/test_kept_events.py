"""What the database keeps of an event teaches what the event taught when it came."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from ccx_broker.defaults import events_store
from ccx_broker.defaults.rules.events import ReceivedEvent
from tests.defaults.examples import learn, product
from tests.defaults.test_forgetting import SLOW
from tests.defaults.test_service import NOW, SHOP, new_customer

offsets = st.integers(-14 * 60, 14 * 60)
odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1e16, 1e22, 1e23, 330.0, -0.0, 1.2345678901234567e18])
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)
named = {"store_id": odd, "total": odd, "affiliation": odd}
lines = st.fixed_dictionaries(
    {}, optional=dict.fromkeys([*product(), "own_brand", "discount", "coupon_discount", "sku"], odd)
)
bodies = st.fixed_dictionaries(
    {
        "properties": st.fixed_dictionaries(
            {"products": st.lists(lines, min_size=1, max_size=4)}, optional=named
        ),
        "context": st.fixed_dictionaries({}, optional={"timezone": odd | st.just("Asia/Tokyo")}),
    }
)


@settings(parent=SLOW, max_examples=200)
@given(
    body=bodies,
    offset=offsets,
    at=st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2027, 1, 1)),  # noqa: DTZ001
)
def test_what_is_kept_teaches_what_was_sent(
    session: Session, body: dict[str, Any], offset: int, at: datetime
) -> None:
    """The database has its own idea of numbers and of time zones; learning again may not depend on it."""
    customer_id = new_customer(session)
    sent_at = at.replace(tzinfo=timezone(timedelta(minutes=offset)))
    sent = ReceivedEvent(customer_id, SHOP, "m", "Order Completed", sent_at, body)
    learn(session, [sent], NOW)
    again = [event for chunk in events_store.counting_events(session, customer_id) for event in chunk]
    assert [event.observation() for event in again] == [o for o in [sent.observation()] if o]
