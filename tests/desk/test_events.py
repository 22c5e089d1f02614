"""What an event keeps of its data: everything that a database can hold, and a sign where it cannot."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.desk.events import GENESIS, Change, chain, storable, verify

texts = st.text(st.characters(codec=None), max_size=8)
plain = st.recursive(st.none() | st.integers(-9, 9) | texts, lambda inner: st.dictionaries(texts, inner, max_size=3))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Zoë \U0001f600 \\ud800", "Zoë \U0001f600 \\ud800"),
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        (("x", MappingProxyType({"y\0": 1})), ["x", {"y\ufffd": 1}]),
    ],
)
def test_what_no_database_holds_is_replaced_and_all_else_is_kept(given: object, kept: object) -> None:
    [event] = chain("T-1", 0, GENESIS, [Change("noted", {"it": given})], 0, "test")
    assert event.data == {"it": kept} and verify([event]) is None


@given(data=st.dictionaries(texts, plain, max_size=3))
def test_any_data_is_kept_as_a_look_at_each_of_its_strings_would_have_it(data: dict[str, object]) -> None:
    [event] = chain("T-1", 0, GENESIS, [Change("noted", data)], 0, "test")
    assert event.data == storable(data)
