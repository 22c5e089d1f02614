"""Questions that cannot be put to a switch: its records lack what they need, or the reader of its format says so.

A switch is asked a question that needs failed calls, ringing or media only after the minute in which its records first
show some, and no more once they have stopped showing any: what was not written is not a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.names import Names
from pipeline.ports import Batch
from pipeline.questions import NEEDS, Need, Question
from pipeline.rows import Flags, Rows

Ints = npt.NDArray[np.int64]
NEVER: Final = np.iinfo(np.int64).max
STOPPED: Final[dict[Need, int]] = {"failures": 1000, "ringing": 12}
"""Calls in a row without any after which a switch has stopped writing them. Twelve answers over several terminators
that all hide their ringing are no terminator's doing; media that is gone everywhere may well be a fault."""
SHOWN_FROM: Final = 200
"""Records of a switch before what it lacks is said aloud."""
KEPT: Final = ("told", "since", "run", "low", "high")
_WHY: Final[dict[Need, str]] = {
    "failures": "no failed call in its last {:,} records",
    "ringing": "no ringing time in its last {:,} answers",
    "media": "no media packet counted in its last {:,} answers",
}


class Disabled:
    """What each switch has shown, and what was told of it. Arrays are [needs, switches]."""

    def __init__(self, questions: Sequence[Question], names: Names) -> None:
        self.plain = tuple(questions)
        self.names = names
        self.told: dict[str, dict[str, str]] = {}
        """Switch to signal to the reader's reason."""
        self.since: Ints = np.zeros((len(NEEDS), 0), np.int64)
        """The first whole minute in which a need is met, NEVER while it is not."""
        self.run: Ints = self.since.copy()
        """Calls in a row that did not show it."""
        self.low: Ints = np.zeros(0, np.int64)
        self.high: Ints = np.zeros(0, np.int64)
        """[switches] least and greatest terminator among the answers since the last ringing."""

    def take(self, batch: Batch) -> None:
        """Note what the reader of a batch says of the switches in it."""
        for switch, reasons in batch.disabled.items():
            self.told.setdefault(switch, {}).update(reasons)

    def questions(self) -> tuple[Question, ...]:
        """The questions, put only to the attempts of switches that can answer them."""
        return tuple(replace(question, counts=self._counts(question)) for question in self.plain)

    def note(self, rows: Rows, minute: int) -> None:
        """Take a closed minute's records, before any question is put to them."""
        self._grow()
        shown = (~rows.answered, rows.rang, rows.answered & ~rows.no_media)
        hidden = (rows.answered, rows.answered & ~rows.rang, rows.no_media)
        switch, size = rows.of("switch"), self.since.shape[1]
        place = np.arange(len(rows))
        for at, need in enumerate(NEEDS):
            last = np.full(size, -1)
            last[switch[shown[at]]] = place[shown[at]]  # of the places of one switch the last one stays
            seen, since = last >= 0, hidden[at] & (place > last[switch])
            self.run[at] = np.where(seen, 0, self.run[at]) + np.bincount(switch[since], minlength=size)
            self.since[at] = np.where(seen, np.minimum(self.since[at], minute + 1), self.since[at])
            stopped = self.run[at] >= STOPPED.get(need, NEVER)
            if need == "ringing":
                self.low[seen], self.high[seen] = NEVER, -1
                ours = since & (rows.of("terminator") >= 0)
                np.minimum.at(self.low, switch[ours], rows.of("terminator")[ours])
                np.maximum.at(self.high, switch[ours], rows.of("terminator")[ours])
                stopped &= self.low < self.high
            self.since[at][stopped] = NEVER

    def _grow(self) -> None:
        fresh = self.names.count("switch") - self.since.shape[1]
        if fresh > 0:
            self.since = np.pad(self.since, ((0, 0), (0, fresh)), constant_values=NEVER)
            self.run = np.pad(self.run, ((0, 0), (0, fresh)))
            self.low = np.pad(self.low, (0, fresh), constant_values=NEVER)
            self.high = np.pad(self.high, (0, fresh), constant_values=-1)

    def _counts(self, question: Question) -> Callable[[Rows], Flags]:
        needed = [NEEDS.index(need) for need in question.needs]

        def counts(rows: Rows) -> Flags:
            counted = question.counts(rows)
            since = self.since[needed].max(axis=0, initial=0)
            since[self._told(question)] = NEVER
            if not len(rows) or since.max(initial=0) <= rows.minute.min():
                return counted
            return counted & (rows.minute >= since[rows.of("switch")])

        return counts

    def _told(self, question: Question) -> list[int]:
        codes = [self.names.code("switch", name) for name, why in self.told.items() if question.signal in why]
        return [code for code in codes if 0 <= code < self.since.shape[1]]

    def reasons(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """For each switch the metrics that are disabled and why, in the order of the questions."""
        found: dict[str, dict[str, str]] = {}
        for question in self.plain:
            for switch, signals in self.told.items():
                if question.signal in signals:
                    found.setdefault(switch, {}).setdefault(question.metric, signals[question.signal])
            for need in question.needs:
                at = NEEDS.index(need)
                for code in np.flatnonzero((self.since[at] == NEVER) & (self.run[at] >= SHOWN_FROM)).tolist():
                    why = _WHY[need].format(self.run[at][code])
                    found.setdefault(self.names.name("switch", code), {}).setdefault(question.metric, why)
        return {switch: tuple(why.items()) for switch, why in sorted(found.items())}

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {name: getattr(self, name) for name in KEPT}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        for name, value in state.items():
            setattr(self, name, value)
