"""Reads CDRs as a profile describes them."""

from __future__ import annotations

from typing import Final

import polars as pl

from connectors.profile.model import EPOCHS, PER_UNIT_MS, Duration, Profile
from connectors.rows.delimited import delimited
from connectors.rows.json_lines import json_lines
from connectors.rows.lines import Rows, refuse
from connectors.rows.settle import Check, settle
from connectors.rows.times import epoch, local, never, rfc3339
from connectors.rows.understanding import DurationMeaning, OneToOne, Read, Understanding
from pipeline.directory import Directory
from pipeline.records import CDR_SCHEMA

_TIMES: Final = ("setup_at", "ringing_at", "answered_at", "ended_at")


class ProfileReader(OneToOne):
    """A reader made of a profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.name = profile.name

    @property
    def understanding(self) -> Understanding:
        p = self.profile
        disabled = []
        if p.answered_only:
            disabled += [
                (kind, "the profile says that failed calls are not in the file") for kind in ("asr_drop", "ner_drop")
            ]
        elif not {"sip_code", "q850"} & set(p.fields):
            disabled.append(("ner_drop", "the profile names neither sip_code nor q850"))
        if "ringing_at" not in p.fields and p.durations.ringing_after is None:
            disabled += [(kind, "the profile names no ringing time") for kind in ("pdd_rise", "fas")]
        return Understanding(
            format=f"profile {p.name} ({p.format})",
            times=p.times,
            zone="UTC" if p.times in EPOCHS or p.times == "rfc3339" else p.zone,
            duration=self._meaning(),
            answered_only=p.answered_only,
            legs=f"{p.keep.column} in {', '.join(p.keep.values)} counts"
            if p.keep
            else "one record per call or attempt",
            identity=p.fields["call_id"],
            disabled=tuple(disabled),
        )

    def _meaning(self) -> DurationMeaning:
        d = self.profile.durations
        if "ended_at" in self.profile.fields and "answered_at" in self.profile.fields:
            return "not used"
        return "from answer" if d.from_answer else "from setup"

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Records of the rows that `keep` names."""
        p = self.profile
        rows = self._rows(data, source, first_line)
        rejects = rows.rejects
        if p.keep is not None:
            named = pl.col(f"in.{p.keep.column}").is_in(p.keep.values).fill_null(False)
            wanted = f"{p.keep.column} in {', '.join(p.keep.values)} (the profile's `keep`)"
            rows = refuse(rows.frame, ~named, source, "set_aside", wanted, p.keep.column)
            rejects = (*rejects, *rows.rejects)
        frame = self._mapped(rows.frame)
        origin = {field: columns[0] for field, columns in p.fields.items() if field in CDR_SCHEMA}
        origin |= {"charge_micro": p.fields["charge"][0]} if "charge" in p.fields else {}
        if p.durations.billed:
            origin["billed_ms"] = p.durations.billed.column
        return settle(Rows(frame, rejects), source, directory, origin, self._checks())

    def _rows(self, data: bytes, source: str, first_line: int) -> Rows:
        p = self.profile
        if p.format == "json":
            return self._objects(data, source, first_line)
        rows = delimited(data, source, first_line, p.columns, separator=p.separator, quoted=p.quoted)
        if not p.header:
            return rows
        first = pl.col("line") == 1
        same = pl.all_horizontal(pl.col(f"in.{name}") == name for name in p.columns).fill_null(False)
        other = refuse(rows.frame, first & ~same, source, "bad_header", "the header " + p.separator.join(p.columns))
        return Rows(other.frame.filter(~first), (*rows.rejects, *other.rejects))

    def _objects(self, data: bytes, source: str, first_line: int) -> Rows:
        """JSON lines; a column `a.b` is key `b` of the object under `a`."""
        used = sorted(self.profile.used())
        shape: dict[str, pl.DataType] = {name: pl.String() for name in used if "." not in name}
        for outer in sorted({name.split(".", 1)[0] for name in used if "." in name}):
            inner = [name.split(".", 1)[1] for name in used if name.startswith(f"{outer}.")]
            shape[outer] = pl.Struct(dict.fromkeys(inner, pl.String()))
        return json_lines(data, source, first_line, shape)

    def _mapped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Contract columns beside the file's."""
        p = self.profile
        clocks = {f"in.{column}" for field in _TIMES for column in p.fields.get(field, ())}
        frame = frame.with_columns(never(pl.col(name), *p.never) for name in sorted(clocks))
        if rule := p.answered:
            # The time of an answer that the rule denies is none, and not one that could not be read.
            held = pl.col(f"in.{rule.column}").is_in(rule.values)
            denied = [f"in.{column}" for column in p.fields.get("answered_at", ())]
            frame = frame.with_columns(held.alias("_held"), *[pl.when(held).then(name).alias(name) for name in denied])
        exprs = [self._value(field) for field in p.fields if field not in (*_TIMES, "call_id", "charge")]
        if "charge" in p.fields:
            money = pl.col(f"in.{p.fields['charge'][0]}").cast(pl.Float64, strict=False) * 1_000_000
            exprs += [
                money.round().cast(pl.Int64, strict=False).alias("charge_micro"),
                pl.lit(p.currency or None, pl.String).alias("currency"),
            ]
        if "switch" not in p.fields:
            exprs.append(pl.lit(p.switch).alias("switch"))
        exprs.append(pl.concat_str([f"in.{c}" for c in p.fields["call_id"]], separator="|").alias("call_id"))
        exprs.append(_span(p.durations.billed).alias("billed_ms"))
        frame = frame.with_columns(*exprs, *[self._time(field).alias(f"_{field}") for field in _TIMES])
        return self._placed(frame)

    def _value(self, field: str) -> pl.Expr:
        """The first of the field's columns that holds something, through its code map."""
        text = pl.coalesce(f"in.{column}" for column in self.profile.fields[field])
        if codes := self.profile.codes.get(field):
            known = {str(key): str(value) for key, value in codes.items()}
            text = text.replace(known)
        return text.cast(CDR_SCHEMA[field], strict=False).alias(field)

    def _time(self, field: str) -> pl.Expr:
        p = self.profile
        if field not in p.fields:
            return pl.lit(None, pl.Int64)
        text = pl.coalesce(f"in.{column}" for column in p.fields[field])
        if p.times in EPOCHS:
            return epoch(text, EPOCHS[p.times])
        return rfc3339(text) if p.times == "rfc3339" else local(text, p.times, p.zone)

    def _placed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The four times, from what the file gives and what its durations mean."""
        d = self.profile.durations
        setup, answer, end = pl.col("_setup_at"), pl.col("_answered_at"), pl.col("_ended_at")
        talk, whole = _span(d.from_answer), _span(d.from_setup)
        ended = pl.coalesce(end, setup + whole, pl.coalesce(answer, setup) + talk)
        by_talk = pl.when(talk > 0).then(ended - talk)
        answered = pl.coalesce(answer, by_talk) if d.from_answer else answer
        if self.profile.answered:
            answered = pl.when("_held").then(answered)
        ringing = pl.coalesce("_ringing_at", setup + _span(d.ringing_after))
        return frame.with_columns(
            setup.alias("setup_at"), ringing.alias("ringing_at"), answered.alias("answered_at"), ended.alias("ended_at")
        )

    def _checks(self) -> list[Check]:
        """Durations that are no number would leave a call without an end."""
        d = self.profile.durations
        checks: list[Check] = []
        for part, field in ((d.from_setup, "ended_at"), (d.from_answer, "ended_at"), (d.ringing_after, "ringing_at")):
            if part:
                text = pl.col(f"in.{part.column}")
                bad = (text != "") & text.cast(pl.Float64, strict=False).is_null()
                checks.append((field, bad, "bad_value", f"`{part.column}` as a number in {part.unit}"))
        return checks


def _span(part: Duration | None) -> pl.Expr:
    """A duration column in ms."""
    if part is None:
        return pl.lit(None, pl.Int64)
    value = pl.col(f"in.{part.column}").cast(pl.Float64, strict=False) * PER_UNIT_MS[part.unit]
    return value.round().cast(pl.Int64, strict=False)
