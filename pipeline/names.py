"""Names to small integers and back, per dimension; -1 stands for "not given"."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.interner import Codes, Interner

DIMS: Final[tuple[str, ...]] = ("customer", "trunk", "terminator", "destination", "switch")


class Names:
    """The names seen in each dimension, in order of first appearance on the ordered arrival timeline."""

    def __init__(self) -> None:
        self.load({dim: [] for dim in DIMS})

    def load(self, lists: dict[str, list[str]]) -> None:
        """Take a snapshot back."""
        self._of = {dim: Interner(lists[dim]) for dim in DIMS}
        self.lists = {dim: known.names for dim, known in self._of.items()}

    def encode(self, dim: str, column: pl.Series) -> Codes:
        """int32 codes of `column`, learning new names in row order."""
        return self._of[dim].encode(column)

    def code(self, dim: str, name: str | None) -> int:
        """The code of a name, -1 when it was never seen or is not given."""
        return self._of[dim].code(name)

    def name(self, dim: str, code: int) -> str:
        """The name behind a code."""
        return self.lists[dim][code]

    def count(self, dim: str) -> int:
        """How many names of the dimension are known."""
        return len(self.lists[dim])
