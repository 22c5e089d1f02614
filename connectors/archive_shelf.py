"""Records of one kind put in order of arrival, whatever order the files have; beyond a bound they wait on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from pipeline.records import ARRIVAL, Kind, empty

SLOT_MS: Final = 3_600_000


class Shelf:
    """Slots of one hour of the arrival timeline. Files may overlap and need not be sorted.

    Up to `limit_bytes` are held in memory; beyond, all slots go to `folder` as Arrow files and memory starts anew.
    """

    def __init__(self, kind: Kind, folder: Path, limit_bytes: int) -> None:
        self.kind = kind
        self.rows = 0
        self._folder = folder
        self._limit = limit_bytes
        self._held = 0
        self._slots: dict[int, list[pl.DataFrame | Path]] = {}
        self._spills = 0

    def put(self, frame: pl.DataFrame) -> None:
        """Take records in; among equal arrivals the order of coming is kept."""
        if frame.is_empty():
            return
        column = ARRIVAL[self.kind]
        if not frame[column].is_sorted():
            frame = frame.sort(column, maintain_order=True)
        arrival = frame[column].to_numpy()
        first, last = int(arrival[0]) // SLOT_MS, int(arrival[-1]) // SLOT_MS
        bounds = np.searchsorted(arrival, np.arange(first, last + 2) * SLOT_MS)
        for slot, (start, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True), first):
            if end > start:
                self._slots.setdefault(slot, []).append(frame[start:end])
        self.rows += frame.height
        self._held += int(frame.estimated_size())
        if self._held > self._limit:
            self._spill()

    def slots(self) -> set[int]:
        """Hours that hold something."""
        return set(self._slots)

    def take(self, slot: int) -> pl.DataFrame:
        """The records of an hour in order of arrival; they leave the shelf."""
        parts = [pl.read_ipc(p) if isinstance(p, Path) else p for p in self._slots.pop(slot, [])]
        if not parts:
            return empty(self.kind)
        frame = pl.concat(parts) if len(parts) > 1 else parts[0]
        column = ARRIVAL[self.kind]
        return frame if frame[column].is_sorted() else frame.sort(column, maintain_order=True)

    def _spill(self) -> None:
        self._spills += 1
        for slot, parts in self._slots.items():
            frames = [part for part in parts if isinstance(part, pl.DataFrame)]
            if frames:
                path = self._folder / f"{self.kind}-{slot}-{self._spills}.arrow"
                pl.concat(frames).write_ipc(path, compression="lz4")
                self._slots[slot] = [*(part for part in parts if isinstance(part, Path)), path]
        self._held = 0
