"""The live loop: the same incidents with the source away, the process killed anywhere, and a stop in between."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akira.live import Live, every
from akira.live_clock import Ticker
from pipeline.ports import Batch, Disconnected, Reject
from pipeline.records import SCHEMAS, empty
from pipeline.run import Step, every_minutes
from tests.run.minutes import MinuteWatch
from tests.run.notebook import Killed, Notebook

LATENESS_MS = 10_000
T0 = 1_760_000_040_000
ROWS = 400


def rows(first: int, end: int) -> pl.DataFrame:
    """Calls number `first` to `end`, two seconds apart, a few out of order."""
    numbers = range(first, end)
    arrivals = [T0 + (n + 3 * (n % 3)) * 2000 for n in numbers]
    columns = {"call_id": [f"c{n}" for n in numbers], "emitted_at": arrivals, "ended_at": arrivals}
    schema = SCHEMAS["cdr"]
    return pl.concat([empty("cdr"), pl.DataFrame(columns, schema_overrides=schema)], how="diagonal").select(
        list(schema)
    )


class Stream:
    """An endless topic that had `ROWS` calls so far; now and then it is away, and a call in 50 is a reject."""

    def __init__(self, rng: random.Random, away: float = 0.0) -> None:
        self.rng, self.away, self.closed = rng, away, False

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        at = positions.get("calls[0]", 0)
        while at < ROWS:
            if self.rng.random() < self.away:
                raise Disconnected("calls are away", wait_s=0.0)
            end = min(at + self.rng.randrange(1, 40), ROWS)
            rejects = tuple(Reject("calls[0]", n, None, "not_json", "JSON", "?") for n in range(at, end) if n % 50 == 7)
            yield Batch("cdr", rows(at, end), rejects, {"calls[0]": end})
            at = end

    def close(self) -> None:
        self.closed = True


class Letters:
    """Dead letters, away for the first `away` tries."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.lines: list[int | None] = []

    def write(self, rejects: tuple[Reject, ...]) -> None:
        if self.away:
            self.away -= 1
            raise Disconnected("letters are away", wait_s=0.0)
        self.lines += [reject.line for reject in rejects]


class Silent:
    """Somebody to tell; stops the loop after so many steps."""

    def __init__(self, stop: threading.Event | None = None, after: int = 0) -> None:
        self.stop, self.left, self.waits = stop, after, 0

    def away(self, hint: str, wait_s: float) -> None:
        self.waits += 1

    def stepped(self, step: Step) -> None:
        self.left -= 1
        if self.stop is not None and self.left == 0:
            self.stop.set()


def live(journal: Notebook, rng: random.Random, *, away: float = 0.0, letters: Letters | None = None) -> Live:
    """A loop from the journal's checkpoint on, which drains the stream."""
    kept = journal.checkpoint
    watch = MinuteWatch.restore(kept.snapshot, LATENESS_MS) if kept else MinuteWatch(LATENESS_MS)
    stop = threading.Event()
    return Live(
        Stream(rng, away), watch, journal, letters or Letters(), Silent(), stop, 60.0, every_minutes(2), drain=True
    )


def resume(journal: Notebook, loop: Live) -> None:
    loop.run(journal.checkpoint.positions if journal.checkpoint else {})


def undisturbed() -> list[tuple[str, str]]:
    journal = Notebook()
    resume(journal, live(journal, random.Random(0)))
    return journal.told()


EXPECTED = undisturbed()


def test_every_minute_and_record_is_there() -> None:
    assert sum(int(summary.split()[0]) for _, summary in EXPECTED) == ROWS
    assert len(EXPECTED) >= ROWS * 2 // 60


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_killed_anywhere_nothing_is_lost_or_doubled(seed: int) -> None:
    rng = random.Random(seed)
    journal, letters, deaths = Notebook(lambda: rng.random() < 0.08), Letters(), 0
    while True:
        try:
            resume(journal, live(journal, rng, away=0.1, letters=letters))
            break
        except Killed:
            deaths += 1
            if deaths > 200:
                journal.dies = lambda: False
    assert journal.told() == EXPECTED
    assert set(letters.lines) == {n for n in range(ROWS) if n % 50 == 7}


@given(st.integers(0, 2**32), st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_a_stop_keeps_the_open_minutes_for_the_next_start(seed: int, steps: int) -> None:
    rng, journal = random.Random(seed), Notebook()
    first = live(journal, rng)
    stopped = Live(**{**vars(first), "drain": False, "told": Silent(first.stop, steps)})
    resume(journal, stopped)
    assert journal.checkpoint is not None
    assert stopped.source.closed  # type: ignore[attr-defined]
    resume(journal, live(journal, rng))
    assert journal.told() == EXPECTED
    assert journal.doubled == 0, "a clean stop leaves nothing to do again"


def test_rejects_are_safe_before_the_batch_goes_on() -> None:
    journal, letters = Notebook(), Letters(away=3)
    loop = live(journal, random.Random(1), letters=letters)
    resume(journal, loop)
    assert letters.lines == [n for n in range(ROWS) if n % 50 == 7]
    assert journal.told() == EXPECTED


def test_without_waiting_a_source_that_is_away_ends_the_run() -> None:
    journal = Notebook()
    loop = Live(**{**vars(live(journal, random.Random(1), away=1.0)), "wait": False})
    with pytest.raises(Disconnected, match="calls are away"):
        loop.run({})
    impatient = Live(**{**vars(live(journal, random.Random(1), letters=Letters(away=1))), "wait": False})
    with pytest.raises(Disconnected, match="letters are away"):
        impatient.run({})


def test_silence_ticks_once_a_minute_and_records_stop_it() -> None:
    ticker = Ticker(15.0, now_s=100.0)
    clock = T0 + 30_000
    assert ticker.tick(None, False, 1000.0) is None, "no clock before the first record"
    assert ticker.tick(clock, True, 1000.0) is None
    ticks = [ticker.tick(clock, False, 1000.0 + s) for s in range(0, 181)]
    at = [s for s, tick in enumerate(ticks) if tick is not None]
    assert at == [45, 105, 165], "the minute's rest and the patience, then every minute"
    assert [tick.clock_ms for tick in ticks if tick] == [T0 + 60_000, T0 + 120_000, T0 + 180_000]
    assert ticker.tick(clock, True, 1200.0) is None
    assert ticker.tick(clock, False, 1201.0) is None


def test_checkpoints_wait_for_both_clocks() -> None:
    assert not every(5, 0.0)(T0, T0 + 299_999)
    assert every(5, 0.0)(T0, T0 + 300_000)
    assert not every(5, 3600.0)(T0, T0 + 10_000_000)
