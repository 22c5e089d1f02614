"""Texts to small numbers and back, in order of first appearance."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.int32]


class Interner:
    """The texts seen so far; a text keeps its number, -1 stands for "not given"."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names: list[str] = []
        self._codes: dict[str, int] = {}
        self._learn(names)

    def __len__(self) -> int:
        return len(self.names)

    def _learn(self, fresh: Iterable[str]) -> None:
        """Number texts that are not known yet."""
        self.names.extend(fresh)
        for code in range(len(self._codes), len(self.names)):
            self._codes[self.names[code]] = code
        self._known = pl.Enum(self.names)

    def encode(self, column: pl.Series) -> Codes:
        """Numbers of a column of texts, learning new ones in row order."""
        coded = column.cast(self._known, strict=False)
        if coded.null_count() > column.null_count():
            fresh = column.filter(coded.is_null() & column.is_not_null())
            self._learn(fresh.unique(maintain_order=True).to_list())
            coded = column.cast(self._known, strict=False)
        found: Codes = coded.to_physical().cast(pl.Int32).fill_null(-1).to_numpy()
        return found

    def code(self, name: str | None) -> int:
        """The number of a text, -1 when it was never seen or is not given."""
        return -1 if name is None else self._codes.get(name, -1)
