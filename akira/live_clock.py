"""When nothing arrives: the stream's clock goes on by the time that passes here, so that silence is seen in time."""

from __future__ import annotations

from pipeline.ports import Batch
from pipeline.records import MINUTE_MS, empty


class Ticker:
    """Makes a Tick for each minute of silence.

    The Tick's clock is where the records left it plus the time since, less `after_s`: it needs no agreement between
    the clocks of switches and of this machine, and a replayed stream that runs in another year ticks as well.
    """

    def __init__(self, after_s: float, now_s: float) -> None:
        self.after_s = after_s
        self._clock_ms: int | None = None
        self._since_s = now_s
        self._ticked_ms: int | None = None

    def tick(self, clock_ms: int | None, records: bool, now_s: float) -> Batch | None:
        """A Tick when one is due. `clock_ms` is the watch's clock, `records` whether records are arriving right now."""
        if records or clock_ms is None:
            self._clock_ms, self._since_s, self._ticked_ms = None, now_s, None
            return None
        if self._clock_ms is None:
            self._clock_ms = self._ticked_ms = clock_ms
        passed_ms = int((now_s - self._since_s - self.after_s) * 1000)
        due_ms = self._clock_ms + passed_ms
        if self._ticked_ms is None or due_ms // MINUTE_MS <= self._ticked_ms // MINUTE_MS:
            return None
        self._ticked_ms = due_ms
        return Batch("cdr", empty("cdr"), clock_ms=due_ms)
