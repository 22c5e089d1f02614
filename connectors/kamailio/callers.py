"""Whose numbers are whose, learned from call records: what ties a refused caller to a customer when its address is
in no directory."""

from __future__ import annotations

from typing import Final

import polars as pl

_BLOCK: Final = 2
"""Digits cut off a number for its block: ranges are given out in hundreds."""
_SHORTEST: Final = 7
"""Shorter numbers are extensions that every customer may have."""
_MOST: Final = 200_000
"""Numbers and blocks remembered; further ones are not learned."""


class Callers:
    """Numbers and their blocks of a hundred, each with the customers that called from them and since when.

    A denied caller may forge its number: what is found here says whose trouble it looks like, not who did it.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, int]] = {}

    def learn(self, frame: pl.DataFrame) -> None:
        """Take the numbers of call records (`CDR_SCHEMA`)."""
        cli = pl.col("cli").str.strip_prefix("+")
        calls = frame.filter(cli.str.contains(rf"^\d{{{_SHORTEST},}}$")).select(cli, "customer", "emitted_at")
        block = pl.col("cli").str.head(-_BLOCK) + "*"
        both = pl.concat([calls, calls.with_columns(block)]).group_by("cli", "customer")
        for number, customer, since in both.agg(pl.col("emitted_at").min()).sort("emitted_at", "cli").iter_rows():
            if number not in self._seen and len(self._seen) >= _MOST:
                continue
            owners = self._seen.setdefault(number, {})
            owners[customer] = min(owners.get(customer, since), since)

    def owner(self, number: str | None, at_ms: int) -> str | None:
        """The one customer whose calls, seen before `at_ms`, came from this number, or else from its block."""
        digits = (number or "").removeprefix("+")
        if len(digits) < _SHORTEST or not digits.isdigit():
            return None
        for key in (digits, digits[:-_BLOCK] + "*"):
            owners = [customer for customer, since in self._seen.get(key, {}).items() if since <= at_ms]
            if owners:
                return owners[0] if len(owners) == 1 else None
        return None
