"""JSON as it goes into the database and comes back."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ccx_broker.kit.jsons import dumps, loads

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**300), 2**300) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(values)
def test_what_is_written_is_read_again_here_and_elsewhere(value: Any) -> None:
    assert loads(dumps(value)) == value
    assert loads(dumps(value).encode()) == value
    assert json.loads(dumps(value)) == value
    assert loads(json.dumps(value)) == value


def test_whole_numbers_stay_whole_whatever_their_size() -> None:
    assert dumps([2**64, -(2**200)]) == f"[{2**64},{-(2**200)}]"
    assert [type(number) for number in loads(f"[{2**64},7]")] == [int, int]


def test_ids_and_times_become_text() -> None:
    one = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    moment = datetime(2026, 3, 2, 17, 0, 0, 5, tzinfo=UTC)
    said = loads(dumps({"id": one, "at": moment}))
    assert UUID(said["id"]) == one
    assert datetime.fromisoformat(said["at"]) == moment
