"""Destinations by the longest prefix, and what the directory does not know."""

from __future__ import annotations

import polars as pl

from pipeline.directory import Customer, Destination, Directory, Switch
from pipeline.intake import resolve, strangers
from pipeline.records import CDR_SCHEMA

NAMED = {"UK": ("44",), "UK-Mobile": ("447", "+4479"), "London": ("4420",), "Special": ("447700900123",)}
DIRECTORY = Directory(
    customers=(Customer(id="alfa"),),
    destinations=tuple(Destination(name=name, prefixes=prefixes) for name, prefixes in NAMED.items()),
    switches=(Switch(id="sw1"),),
)


def calls(*dialed: str | None, **columns: object) -> pl.DataFrame:
    return pl.DataFrame([{"dialed": number, **columns} for number in dialed], schema=CDR_SCHEMA)


def test_the_longest_prefix_wins() -> None:
    numbers = ("4412", "447700900124", "+447700900123", "442012", "44", "4", "", None, "331")
    found = resolve(calls(*numbers), DIRECTORY)["destination"].to_list()
    assert found == ["UK", "UK-Mobile", "Special", "London", "UK", None, None, None, None]


def test_a_number_shorter_than_a_prefix_does_not_match_it() -> None:
    assert resolve(calls("447700900"), DIRECTORY)["destination"].to_list() == ["UK-Mobile"]


def test_what_the_record_says_stays() -> None:
    assert resolve(calls("4420", destination="Elsewhere"), DIRECTORY)["destination"].to_list() == ["Elsewhere"]


def test_no_prefixes_and_no_calls_are_no_trouble() -> None:
    assert resolve(calls("44"), Directory())["destination"].to_list() == [None]
    assert resolve(calls(), DIRECTORY).is_empty()


def test_the_empty_prefix_takes_the_rest() -> None:
    rest = Directory(destinations=(Destination(name="Rest", prefixes=("",)), Destination(name="UK", prefixes=("44",))))
    assert resolve(calls("44", "1"), rest)["destination"].to_list() == ["UK", "Rest"]


def test_strangers_are_counted_where_the_directory_speaks() -> None:
    frame = pl.concat(
        [
            calls("44", customer="alfa", switch="sw1", destination="UK", terminator="t1"),
            calls("44", "44", customer="beta", switch="sw2", destination="UK"),
        ]
    )
    assert strangers(frame, DIRECTORY) == {"customer": {"beta": 2}, "switch": {"sw2": 2}}
    assert strangers(frame, Directory()) == {}
