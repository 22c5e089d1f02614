"""Attempts as columns of small integers: what one record becomes once it is validated, ordered and interned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.answers import Sources
from pipeline.names import DIMS, Names
from pipeline.records import MINUTE_MS

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
STUCK_MS = 60_000
RATINGS = {"rated": 1, "unrated": 2, "failed": 3}
LETTERS = 26


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length, ordered by arrival. Missing times and durations are -1, missing codes 0."""

    minute: Ints
    codes: npt.NDArray[np.int32]
    """[rows, 5]: customer, trunk, terminator, destination, switch."""
    setup_at: Ints
    ended_at: Ints
    lag_ms: Ints
    pdd_ms: Ints
    talk_ms: Ints
    sip_code: npt.NDArray[np.int16]
    q850: npt.NDArray[np.int16]
    attempt: npt.NDArray[np.int32]
    last: Flags
    answered: Flags
    seized: Flags
    """A seizure: answered, or ended otherwise than by a refusal of number or customer; re-attempts apart."""
    effective: Flags
    """Answered, or ended by the subscriber: what NER counts."""
    bad_number: Flags
    """Failed for the number itself."""
    rang: Flags
    no_media: Flags
    rating: npt.NDArray[np.int8]
    charge_micro: Ints
    """Millionths of the currency, -1 where there is no charge, or one below zero: a credit is no price of a call."""
    currency: npt.NDArray[np.int16]
    """`currency_code`, -1 where none is given."""
    blocked: Flags
    """Refused for want of balance."""
    retry: Flags
    """The same A called the same B within the fold time before: one intent, counted once."""
    seq: Ints
    call: npt.NDArray[np.uint64]
    call_id: pl.Series

    def __len__(self) -> int:
        return len(self.minute)

    def take(self, index: npt.NDArray[np.intp] | slice | Flags) -> Rows:
        """The rows at `index`."""
        if isinstance(index, slice):
            return Rows(**{f.name: getattr(self, f.name)[index] for f in fields(self)})
        return Picked([(self, np.arange(len(self))[index])])

    def of(self, dim: str) -> npt.NDArray[np.int32]:
        """The codes of one dimension."""
        column: npt.NDArray[np.int32] = self.codes[:, DIMS.index(dim)]
        return column


class Picked(Rows):
    """Rows at ascending places in others, one after the other. A column is gathered when it is first asked for: most of
    those who pick rows read few of their columns."""

    __slots__ = ("_parts",)
    _parts: Sequence[tuple[Rows, npt.NDArray[np.intp]]]

    def __init__(self, parts: Sequence[tuple[Rows, npt.NDArray[np.intp]]]) -> None:
        object.__setattr__(self, "_parts", parts)

    def __len__(self) -> int:
        return sum(len(at) for _, at in self._parts)

    def take(self, index: npt.NDArray[np.intp] | slice | Flags) -> Rows:
        """The rows at `index` (ascending)."""
        place = np.arange(len(self))[index]
        parts, start = [], 0
        for rows, at in self._parts:
            first, last = np.searchsorted(place, (start, start + len(at)))
            parts.append((rows, at[place[first:last] - start]))
            start += len(at)
        return Picked(parts)

    def __getattr__(self, name: str) -> Any:
        gathered = [getattr(rows, name)[at] for rows, at in self._parts]
        if len(gathered) > 1:
            gathered = [pl.concat(gathered) if name == "call_id" else np.concatenate(gathered)]
        object.__setattr__(self, name, gathered[0])
        return gathered[0]


def _ints(frame: pl.DataFrame, name: str, absent: int = -1) -> Ints:
    return frame[name].fill_null(absent).cast(pl.Int64).to_numpy()


def currency_code(name: str) -> int:
    """A small number for the three capital letters of an ISO 4217 currency."""
    first, second, third = (ord(letter) - ord("A") for letter in name)
    return (first * LETTERS + second) * LETTERS + third


def currency_name(code: int) -> str:
    """The letters behind a `currency_code`."""
    return "".join(chr(ord("A") + code // LETTERS**place % LETTERS) for place in (2, 1, 0))


def _currency(column: pl.Series) -> npt.NDArray[np.int16]:
    codes = {name: currency_code(name) for name in column.unique().drop_nulls().to_list()}
    return column.replace_strict(codes, default=-1, return_dtype=pl.Int16).to_numpy()


def build(frame: pl.DataFrame, names: Names, retry: Flags, definitions: Sources) -> Rows:
    """Columns of an ordered frame of the record contract."""
    setup, ringing = _ints(frame, "setup_at"), _ints(frame, "ringing_at")
    answered_at, ended = _ints(frame, "answered_at"), _ints(frame, "ended_at")
    emitted = _ints(frame, "emitted_at")
    answered = answered_at >= 0
    rang = ringing >= 0
    code = frame["sip_code"].fill_null(0).cast(pl.Int16).to_numpy()
    q850 = frame["q850"].fill_null(0).cast(pl.Int16).to_numpy()
    codes = np.stack([names.encode(dim, frame[dim]) for dim in DIMS], axis=1)
    ends = definitions.ends(code, q850, rang, codes[:, DIMS.index("switch")], names.lists["switch"])
    balance = frame["reason"].str.to_lowercase().str.contains("balance").fill_null(False).to_numpy()
    blocked = ~answered & ((code == 402) | balance)
    return Rows(
        minute=emitted // MINUTE_MS,
        codes=codes,
        setup_at=setup,
        ended_at=ended,
        lag_ms=np.maximum(emitted - ended, 0),
        pdd_ms=np.where(rang, ringing - setup, -1),
        # an answered call that ends with its answer and is told of much later had no BYE: its talk is not known
        talk_ms=np.where(answered & ((ended > answered_at) | (emitted - ended < STUCK_MS)), ended - answered_at, -1),
        sip_code=code,
        q850=q850,
        attempt=frame["attempt"].fill_null(1).cast(pl.Int32).to_numpy(),
        last=frame["last_attempt"].fill_null(True).to_numpy(),
        answered=answered,
        seized=answered | ~(ends.refused | blocked | retry),
        effective=answered | ends.subscriber,
        bad_number=~answered & ends.number,
        rang=rang,
        no_media=answered & (_ints(frame, "rtp_rx") == 0),
        rating=frame["rating"].replace_strict(RATINGS, default=0, return_dtype=pl.Int8).to_numpy(),
        charge_micro=np.maximum(_ints(frame, "charge_micro"), -1),
        currency=_currency(frame["currency"]),
        blocked=blocked,
        retry=retry,
        seq=_ints(frame, "seq"),
        call=frame["call_id"].hash(7).to_numpy(),
        call_id=frame["call_id"],
    )
