"""A simulated carrier as a live source: its history at once, then its records as they come, in present time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Final

import polars as pl

from akira.feeding import PIECE_S
from akira.simulate.calendar import HOUR_MS
from akira.simulate.carrier import Carrier, Stretch
from akira.simulate.scenario import Event, Scenario, parse
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, KINDS, MINUTE_MS, SCHEMAS, Kind

SEED: Final = 2
SHOW_H: Final = 10
"""The hour of the first fault day at which the faults begin."""
LEAD_MS: Final = 45_000
"""From the start to the first fault at least: the watch learns meanwhile."""
NAME: Final = "simulated carrier"
_TIMES: Final[dict[Kind, list[str]]] = {
    kind: [n for n in SCHEMAS[kind] if n == "at" or n.endswith("_at")] for kind in KINDS
}


def scenario() -> Scenario:
    """The faults of the first hour again in every hour to the end of the day."""
    name = "live.toml"
    first = parse((files("akira.demo") / name).read_text("utf-8"), name)
    again = (_later(event, hours) for hours in range(1, 24 - SHOW_H) for event in first.faults)
    return first.model_copy(update={"faults": (*first.faults, *again)})


def _later(event: Event, hours: int) -> Event:
    hour, _, minute = event.at.partition(":")
    return event.model_copy(update={"at": f"{int(hour) + hours}:{minute}"})


class CarrierSource:
    """`akira.sources.LiveSource`: what was before now at once, then each record when it is due.

    Times are moved so that the show begins a little later than now, on a whole minute; while the watch still learns,
    the stream falls behind and catches up. `speed` is how fast its clock goes against `now_s` (epoch seconds).
    `wait(seconds)` returns early when the run is stopped; `learnt` is told once, when the stream has caught up,
    and when the first fault begins (`show_at_ms`, epoch ms).
    """

    def __init__(
        self,
        carrier: Carrier,
        now_s: Callable[[], float],
        speed: float,
        wait: Callable[[float], object],
        learnt: Callable[[int], None] = lambda show_at_ms: None,
    ) -> None:
        self._carrier, self._now_s, self._wait, self._learnt = carrier, now_s, wait, learnt
        self._speed = speed
        self._started_s = now_s()
        show_ms = carrier.first_day + SHOW_H * HOUR_MS
        self.show_at_ms = -(-int(self._started_s * 1000 + LEAD_MS) // MINUTE_MS) * MINUTE_MS
        """When the first fault begins, in the times of the records given out."""
        self._shift_ms = self.show_at_ms - show_ms
        self._behind = True

    def read(self, positions: Mapping[str, int]) -> Iterator[Batch]:
        """Everything from the beginning of the history to the end of the day, whatever `positions` say."""
        for stretch in self._carrier.stretches():
            frames = {kind: self._moved(kind, stretch) for kind in KINDS}
            for until_ms in self._edges(stretch.start + self._shift_ms, stretch.end + self._shift_ms):
                self._until(until_ms)
                yield from _given(frames, until_ms)

    def lag(self) -> dict[str, int]:
        """Nothing waits to be read: a record is made when it is due."""
        return {}

    def oldest_ms(self) -> int | None:
        """Nothing waits to be read."""
        return None

    def mark(self, positions: Mapping[str, int]) -> None:
        """A show begins anew each time."""

    def close(self) -> None:
        """Nothing is open."""

    def _moved(self, kind: Kind, stretch: Stretch) -> pl.DataFrame:
        frame: pl.DataFrame = getattr(stretch, kind)
        return frame.with_columns(pl.col(_TIMES[kind]) + self._shift_ms)

    def _edges(self, start_ms: int, end_ms: int) -> Iterator[int]:
        """Ends of the pieces of a stretch: hours of what was before now, then PIECE_S of real time each."""
        now_ms, piece_ms = int(self._started_s * 1000), max(1, round(PIECE_S * 1000 * self._speed))
        at = start_ms
        while at < end_ms:
            at = min(at + HOUR_MS, now_ms) if at < now_ms else at + piece_ms
            yield min(at, end_ms)

    def _until(self, at_ms: int) -> None:
        """Wait until the stream's clock shows `at_ms`."""
        due_s = self._started_s + (at_ms / 1000 - self._started_s) / self._speed
        rest_s = due_s - self._now_s()
        if rest_s <= 0:
            return
        if self._behind:
            self._behind = False
            self._learnt(self.show_at_ms)
        self._wait(rest_s)


def _given(frames: dict[Kind, pl.DataFrame], until_ms: int) -> Iterator[Batch]:
    """What arrived before `until_ms` and was not given yet; the clock moves once all kinds are given."""
    for kind in reversed(KINDS):
        end = int(frames[kind][ARRIVAL[kind]].to_numpy().searchsorted(until_ms))
        yield Batch(kind, frames[kind][:end], settled=kind == KINDS[0])
        frames[kind] = frames[kind][end:]
