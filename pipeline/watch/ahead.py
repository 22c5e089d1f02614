"""Records from the future: one wild record, or a switch whose clock is hours fast, must not carry the clock away.

A record far ahead of all others is dated when it comes, if the stream then goes on where it was. It is believed, and
the clock goes on from it, once five minutes of records are there and no other came: the gap was real.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.records import MINUTE_MS

FAR_MS: Final = 15 * MINUTE_MS
"""Further ahead of the newest record than this is a gap, or a wrong clock."""
BELIEVED_MS: Final = 5 * MINUTE_MS
"""Records ahead that stretch over this, with none from before the gap among them, are believed."""


class Ahead:
    """Records of one kind that are far ahead and wait for the verdict, in the order they came."""

    def __init__(self) -> None:
        self.waiting: list[pl.DataFrame] = []
        self.count = 0
        """Records that were dated when they came."""

    def sift(self, frame: pl.DataFrame, newest_ms: int) -> pl.DataFrame:
        """The rows of `frame` (with `arrival`, in the order they came) and of those that wait that may be taken now;
        `newest_ms` is the newest moment known, 0 before the first record."""
        at = frame["arrival"].to_numpy()
        start = newest_ms or int(np.median(at))
        if not self.waiting and at.max() <= start + FAR_MS:
            return frame
        frame = pl.concat([*self.waiting, frame])
        self.waiting = []
        at = frame["arrival"].to_numpy()
        edges = np.sort(at[at > start])
        gaps = np.flatnonzero(np.diff(edges, prepend=start) > FAR_MS)
        if not len(gaps):
            return frame
        far = at >= edges[gaps[0]]
        near = np.flatnonzero(~far)
        last = int(near[-1]) if len(near) else -1
        wrong = far & (np.arange(len(at)) < last)
        rest = at[last + 1 :]
        if wrong.any():
            self.count += int(wrong.sum())
            present = max(start, int(at[near].max()))
            frame = frame.with_columns(arrival=pl.Series(np.where(wrong, present, at)))
        if len(rest) and rest.max() - rest.min() < BELIEVED_MS:
            self.waiting = [frame[last + 1 :]]
            return frame[: last + 1]
        return frame

    def overtaken(self, newest_ms: int) -> list[pl.DataFrame]:
        """What waited and is no longer far ahead: other records have shown that time has gone on."""
        if not self.waiting or self.waiting[0].select(pl.col("arrival").min()).item() > newest_ms + FAR_MS:
            return []
        waited, self.waiting = self.waiting, []
        return waited

    def ended(self, newest_ms: int) -> list[pl.DataFrame]:
        """What still waits when the records have ended: too little to be believed, dated as the last that was."""
        waited, self.waiting = self.waiting, []
        self.count += sum(map(len, waited))
        return [frame.with_columns(arrival=pl.lit(newest_ms, pl.Int64)) for frame in waited]
