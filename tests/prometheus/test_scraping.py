"""From pages to the topic: every sample once, through outages of the page and of the broker."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
import pytest

from akira.scraping import Scraping
from pipeline.ports import Batch, Disconnected, Reject
from pipeline.records import SIP_SCHEMA

REJECT = Reject("page", 3, None, "not_exposition", "a number", "x")


class Page:
    """Ten pages; the fourth is away once."""

    def __init__(self) -> None:
        self.at, self.closed, self.was_away = 0, False, False

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        while self.at < 10:
            if self.at == 3 and not self.was_away:
                self.was_away = True
                raise Disconnected("page of sw1: answered 503", 0.0)
            row = (self.at * 1000, 1000, "sw1", None, "switch", None, "invites", float(self.at))
            frame = pl.DataFrame([row], schema=SIP_SCHEMA, orient="row")
            self.at += 1
            yield Batch("sip", frame, (REJECT,) if self.at == 5 else ())
        raise Disconnected("no more", 0.01)

    def close(self) -> None:
        self.closed = True


class Topic:
    """Away at the second and third try; stops the run when it has all."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop, self.tries, self.got = stop, 0, list[tuple[str, dict]]()

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        self.tries += 1
        if self.tries in (2, 3):
            raise Disconnected("broker away", 0.0)
        self.got += [(key, json.loads(value)) for key, value in messages]
        if len(self.got) == 10:
            self.stop.set()


class Letters:
    def __init__(self) -> None:
        self.kept: list[Reject] = []

    def write(self, rejects: tuple[Reject, ...]) -> None:
        self.kept += rejects


def test_every_sample_reaches_the_topic_once_and_outages_are_said_once() -> None:
    stop, page, letters, said = threading.Event(), Page(), Letters(), list[str]()
    topic, faults = Topic(stop), list[BaseException]()
    Scraping({"sw1": page}, topic, letters, lambda _, hint: said.append(hint), faults.append).run(stop)
    assert [key for key, _ in topic.got] == ["sw1"] * 10
    assert [record["value"] for _, record in topic.got] == [float(n) for n in range(10)]
    assert topic.got[0][1] | {"metric": "invites", "interval_s": 1.0} == topic.got[0][1]
    assert letters.kept == [REJECT] and page.closed and faults == []
    assert said[:4] == ["broker away", "", "page of sw1: answered 503", ""]


def test_a_bug_ends_it_and_is_told() -> None:
    class Broken(Page):
        def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
            raise ZeroDivisionError
            yield

    stop, faults = threading.Event(), list[BaseException]()

    def failed(fault: BaseException) -> None:
        faults.append(fault)
        stop.set()

    Scraping({"sw1": Broken()}, Topic(stop), Letters(), lambda *_: None, failed).run(stop)
    assert [type(fault) for fault in faults] == [ZeroDivisionError]


def test_without_a_page_the_command_says_what_is_missing(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from akira.commands.scrape import command
    from akira.errors import OperatorError

    (tmp_path / "akira.toml").write_text("")
    with pytest.raises(OperatorError, match="no metrics page") as wrong:
        command(tmp_path / "akira.toml")
    assert "[[scrape]]" in wrong.value.hint
