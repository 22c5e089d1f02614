"""FreeSWITCH mod_json_cdr: one JSON document per leg, from files or POST bodies."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from connectors.rows.json_lines import json_lines, one_line
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.understanding import ByLine, Read, Understanding
from connectors.vendors.freeswitch_join import Joined
from connectors.vendors.freeswitch_leg import VARIABLES, Legs
from pipeline.directory import Directory
from pipeline.records import CDR_SCHEMA

# Every leg's JSON has the microsecond epochs: the coarser forms would only cost time.
_READ: Final = tuple(name for name in VARIABLES if not name.endswith(("_epoch", "_stamp", "billsec", "_number")))
_SHAPE: Final[dict[str, pl.DataType]] = {
    "switchname": pl.String(),
    "variables": pl.Struct({name: pl.String() for name in _READ}),
}
_TIMES: Final = ("in.start_uepoch", "in.answer_uepoch", "in.end_uepoch")
_COLUMNS: Final = dict.fromkeys(["in.switchname", *(f"in.{name}" for name in _READ)], pl.String())
_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

_JOINING: Final = (
    (~pl.col("_b")).alias("_a"),
    pl.col("in.uuid").alias("_uuid"),
    pl.concat_str("in.originated_legs", "in.last_bridge_to", separator=" ", ignore_nulls=True)
    .str.extract_all(_UUID)
    .alias("_names"),
)


class FreeswitchJson(ByLine):
    """Joins the legs of a call, or reads only the a-legs or b-legs; `switch` overrides the records' `switchname`."""

    name = "freeswitch_json"

    def __init__(self, *, leg: Literal["both", "a", "b"] = "both", zone: str = "UTC", switch: str = "") -> None:
        self.leg = leg
        self.joins = leg == "both"
        self._legs = Legs(_READ, None if leg == "both" else leg, zone, switch)
        self._joined = Joined()

    @property
    def understanding(self) -> Understanding:
        joined = (
            "the b-legs of a call are its attempts, the a-leg says who called; without b-legs the a-leg is the call"
        )
        return Understanding(
            format="FreeSWITCH mod_json_cdr",
            times="epoch microseconds (`*_uepoch`), 0 = never",
            zone="UTC",
            duration="not used",
            answered_only=False,
            legs=joined if self.joins else f"one record per leg; the {self.leg}-leg counts, the other is set aside",
            identity=("call_uuid or uuid", "order of the b-legs") if self.joins else ("call_uuid or uuid",),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of JSON documents, one a line or one pretty-printed document per file."""
        rows = json_lines(one_line(data), source, first_line, _SHAPE)
        flat = Rows(rows.frame.rename({f"in.variables.{name}": f"in.{name}" for name in _READ}), rows.rejects)
        if not self.joins:
            return settle(self._legs.of_one_side(flat, source), source, directory, self._legs.origin)
        legs = self._both(flat.frame)
        known = pl.col("_uuid").is_not_null() & pl.col("ended_at").is_not_null()
        loose = legs.filter(~known)  # no part of any call: refused with what is missing
        told = self._joined.take(legs.filter(known))
        return settle(
            Rows(pl.concat([told, loose], how="diagonal") if loose.height else told, rows.rejects),
            source,
            directory,
            self._legs.origin,
        )

    def finish(self, source: str, directory: Directory) -> Read:
        """The legs that still waited for others."""
        nothing = pl.DataFrame(schema={"line": pl.Int64(), "raw": pl.String(), **_COLUMNS})
        told = self._joined.take(self._both(nothing), over=True)
        return settle(Rows(told), source, directory, self._legs.origin)

    def _both(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Legs of both sides, as the join wants them."""
        legs = self._legs.read(frame).with_columns(_JOINING)
        contract = [name for name in CDR_SCHEMA if name in legs.columns]
        return legs.select("line", "raw", "_uuid", "_a", "_names", *contract, *_TIMES)
