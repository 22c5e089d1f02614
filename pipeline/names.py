"""Names to small integers and back, per dimension; -1 stands for "not given"."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Codes = npt.NDArray[np.int32]
DIMS: Final[tuple[str, ...]] = ("customer", "trunk", "terminator", "destination", "switch")


class Names:
    """The names seen in each dimension, in order of first appearance on the ordered arrival timeline."""

    def __init__(self) -> None:
        self.lists: dict[str, list[str]] = {dim: [] for dim in DIMS}
        self._codes: dict[str, dict[str, int]] = {dim: {} for dim in DIMS}

    def load(self, lists: dict[str, list[str]]) -> None:
        """Take a snapshot back."""
        self.lists = lists
        self._codes = {dim: {name: code for code, name in enumerate(names)} for dim, names in lists.items()}

    def encode(self, dim: str, column: pl.Series) -> Codes:
        """int32 codes of `column`, learning new names in row order."""
        unique = column.unique(maintain_order=True)
        codes = self._codes[dim]
        new = [name for name in unique.to_list() if name is not None and name not in codes]
        for name in new:
            codes[name] = len(codes)
        self.lists[dim].extend(new)
        table = np.fromiter((self.code(dim, name) for name in unique.to_list()), np.int32, len(unique))
        if len(unique) == 1:
            return np.full(len(column), table[0], np.int32)
        position = column.to_frame("name").join(
            pl.DataFrame({"name": unique, "row": np.arange(len(unique), dtype=np.int32)}),
            on="name",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        found: Codes = table[position["row"].to_numpy()]
        return found

    def code(self, dim: str, name: str | None) -> int:
        """The code of a name, -1 when it was never seen or is not given."""
        return -1 if name is None else self._codes[dim].get(name, -1)

    def name(self, dim: str, code: int) -> str:
        """The name behind a code."""
        return self.lists[dim][code]

    def count(self, dim: str) -> int:
        """How many names of the dimension are known."""
        return len(self.lists[dim])
