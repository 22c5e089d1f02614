"""The book of alerts on every database: the last occurrence of each, all or none of a delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import SQLAlchemyError

from connectors.alertmanager.book import Book, Known
from connectors.store.engine import Store


def test_the_last_occurrence_is_kept_and_what_is_over_is_left_out(store: Store) -> None:
    book = Book(store)
    one, two = Known("aa", 1, "D-000001", "main"), Known("bb", 2, "D-000002", "")
    book.put(one, two)
    again = replace(one, starts_ms=9, ended_ms=12)
    book.put(again)
    assert book.get("aa") == again and book.get("cc") is None and book.open() == [again, two]
    book.put(replace(two, over=True))
    assert book.open() == [again] and Book(store).get("bb") == replace(two, over=True)


def test_a_delivery_is_remembered_whole_or_not_at_all(store: Store) -> None:
    book = Book(store)
    with pytest.raises(SQLAlchemyError):
        book.put(Known("aa", 1, "D-000001", "main"), Known("bb", 2, None, ""))  # type: ignore[arg-type]
    assert book.get("aa") is None
