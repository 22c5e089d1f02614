"""FreeSWITCH mod_json_cdr: one JSON document per leg, from files or POST bodies."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.rows.json_lines import json_lines, one_line
from connectors.rows.settle import settle
from connectors.rows.understanding import OneToOne, Read, Understanding
from connectors.vendors.freeswitch_leg import VARIABLES, Leg, call
from pipeline.directory import Directory

# Every leg's JSON has the microsecond epochs: the coarser forms would only cost time.
_READ: Final = tuple(name for name in VARIABLES if not name.endswith(("_epoch", "_stamp", "billsec", "_number")))
_SHAPE: Final[dict[str, pl.DataType]] = {
    "switchname": pl.String(),
    "variables": pl.Struct({name: pl.String() for name in _READ}),
}


class FreeswitchJson(OneToOne):
    """Reads the a-legs (or the b-legs); `switch` overrides the `switchname` of the records."""

    name = "freeswitch_json"

    def __init__(self, *, leg: Leg = "a", zone: str = "UTC", switch: str = "") -> None:
        self.leg: Leg = leg
        self.zone = zone
        self.switch = switch

    @property
    def understanding(self) -> Understanding:
        return Understanding(
            format="FreeSWITCH mod_json_cdr",
            times="epoch microseconds (`*_uepoch`), 0 = never",
            zone="UTC",
            duration="not used",
            answered_only=False,
            legs=f"one record per leg; the {self.leg}-leg counts, the other is set aside",
            identity=("call_uuid or uuid",),
        )

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of JSON documents, one a line or one pretty-printed document per file."""
        rows = json_lines(one_line(data), source, first_line, _SHAPE)
        flat = rows.frame.rename({f"in.variables.{name}": f"in.{name}" for name in _READ})
        told, origin = call(type(rows)(flat, rows.rejects), source, self.leg, self.zone, self.switch)
        return settle(told, source, directory, origin)
