"""FreeSWITCH mod_json_cdr: one JSON document per leg, from files or POST bodies."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from connectors.rows.json_lines import json_lines, one_line
from connectors.rows.lines import Rows
from connectors.rows.settle import settle
from connectors.rows.understanding import ByLine, Read, Understanding
from connectors.vendors.freeswitch_join import Joined
from connectors.vendors.freeswitch_leg import VARIABLES, call, is_b_leg, origin, prepared, sided
from pipeline.directory import Directory
from pipeline.records import CDR_SCHEMA

# Every leg's JSON has the microsecond epochs: the coarser forms would only cost time.
_READ: Final = tuple(name for name in VARIABLES if not name.endswith(("_epoch", "_stamp", "billsec", "_number")))
_SHAPE: Final[dict[str, pl.DataType]] = {
    "switchname": pl.String(),
    "variables": pl.Struct({name: pl.String() for name in _READ}),
}
_TIMES: Final = ("in.start_uepoch", "in.answer_uepoch", "in.end_uepoch")
_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class FreeswitchJson(ByLine):
    """Joins the legs of a call, or reads only the a-legs or b-legs; `switch` overrides the records' `switchname`."""

    name = "freeswitch_json"

    def __init__(self, *, leg: Literal["both", "a", "b"] = "both", zone: str = "UTC", switch: str = "") -> None:
        self.leg = leg
        self.zone = zone
        self.switch = switch
        self.joins = leg == "both"
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
        flat = rows.frame.rename({f"in.variables.{name}": f"in.{name}" for name in _READ})
        if self.leg != "both":
            side, named = call(Rows(flat, rows.rejects), source, self.leg, self.zone, self.switch)
            return settle(side, source, directory, named)
        legs = self._legs(prepared(flat))
        known = pl.col("_uuid").is_not_null() & pl.col("ended_at").is_not_null()
        loose = legs.filter(~known)  # no part of any call: refused with what is missing
        told = pl.concat([self._joined.take(legs.filter(known)), loose], how="diagonal")
        return settle(Rows(told, rows.rejects), source, directory, origin(flat.columns))

    def finish(self, source: str, directory: Directory) -> Read:
        """The legs that still waited for others."""
        nothing = pl.DataFrame(schema={"line": pl.Int64(), "raw": pl.String(), "in.switchname": pl.String()})
        told = self._joined.take(self._legs(prepared(nothing)), over=True)
        return settle(Rows(told), source, directory, origin([]))

    def _legs(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Both sides in the order of the records, as the join wants them."""
        sides = [sided(frame.filter(is_b_leg() == (leg == "b")), leg, self.zone, self.switch) for leg in ("a", "b")]
        both = pl.concat([side.with_columns(pl.lit(n == 0).alias("_a")) for n, side in enumerate(sides)])
        names = pl.concat_str("in.originated_legs", "in.last_bridge_to", separator=" ", ignore_nulls=True)
        both = both.with_columns(pl.col("in.uuid").alias("_uuid"), names.str.extract_all(_UUID).alias("_names"))
        contract = [name for name in CDR_SCHEMA if name in both.columns]
        return both.sort("line").select("line", "raw", "_uuid", "_a", "_names", *contract, *_TIMES)
