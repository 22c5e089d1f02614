"""What the variables of one FreeSWITCH leg say about a call; shared by the JSON and the CSV form."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

import polars as pl

from connectors.rows.lines import Rows, refuse
from connectors.rows.times import epoch, local, never

VARIABLES: Final[tuple[str, ...]] = (
    "uuid",
    "call_uuid",
    "direction",
    "originating_leg_uuid",
    "originated_legs",
    "last_bridge_to",
    "accountcode",
    "sip_network_ip",
    "sip_from_user_stripped",
    "sip_from_user",
    "caller_id_number",
    "sip_req_user",
    "sip_to_user",
    "destination_number",
    "sip_gateway_name",
    "last_arg",
    "bridge_channel",
    "start_uepoch",
    "start_epoch",
    "start_stamp",
    "answer_uepoch",
    "answer_epoch",
    "answer_stamp",
    "end_uepoch",
    "end_epoch",
    "end_stamp",
    "progress_uepoch",
    "progress_media_uepoch",
    "progressmsec",
    "hangup_cause",
    "hangup_cause_q850",
    "sip_hangup_disposition",
    "sip_term_status",
    "sip_invite_failure_status",
    "last_bridge_proto_specific_hangup_cause",
    "proto_specific_hangup_cause",
    "rtp_audio_in_media_packet_count",
    "rtp_audio_out_media_packet_count",
    "billmsec",
    "billsec",
)
"""The variables that are read; a CSV template may name any of them."""

# encode-values=true (the default) URL-encodes every value; one pass over the ASCII escapes decodes what is measured.
_ENCODED: Final = tuple(f"in.{name}" for name in VARIABLES if not name.endswith(("epoch", "sec", "count")))
_ESCAPES: Final = [f"%{code:02X}" for code in range(32, 127)]
_PLAIN: Final = [chr(code) for code in range(32, 127)]

_TIMES: Final = tuple(f"in.{name}" for name in VARIABLES if name.endswith(("epoch", "stamp", "progressmsec")))
_TIMED: Final = {"start": "setup", "answer": "answered", "end": "ended"}
_NOTHING: Final = pl.lit(None, pl.String)

Leg = Literal["a", "b"]


class Legs:
    """What the legs of a source with `variables` say, as seen from the side of `leg`; None: each from its own.

    Expressions are made here, once: making them takes as long as reading some hundred legs.
    Times: the µs epoch if it is there, else the epoch in seconds, else the stamp in `zone`; `0` means never.
    """

    def __init__(self, variables: Collection[str], leg: Leg | None, zone: str, switch: str) -> None:
        self.origin: Final = {
            "setup_at": _named(variables, "start"),
            "answered_at": _named(variables, "answer"),
            "ended_at": _named(variables, "end"),
            "call_id": "uuid",
            "customer": "accountcode",
        }
        """Contract field to the variable that it was read from."""
        b_leg = _is_b_leg()
        self._other = b_leg == (leg == "a") if leg and "uuid" in variables else pl.lit(False)
        self._absent = [_NOTHING.alias(f"in.{name}") for name in VARIABLES if name not in variables]
        self._encoded = [name for name in _ENCODED if name.removeprefix("in.") in variables]
        self._happened = never(pl.col(name for name in _TIMES if name.removeprefix("in.") in variables), "0", "")
        self._side = (b_leg if leg is None else pl.lit(leg == "b")).alias("_b")
        times = [_time(name, variables, zone).alias(f"{at}_at") for name, at in _TIMED.items()]
        self._who = [*times, *_numbers(switch)]
        self._outcome = [_ringing().alias("ringing_at"), *_outcome()]

    def read(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Every variable as a column, decoded, `0` and empty times as null; the side `_b`; and the contract columns."""
        frame = _decoded(frame, self._encoded).with_columns(self._happened, *self._absent)
        return frame.with_columns(self._side).with_columns(self._who).with_columns(self._outcome)

    def of_one_side(self, rows: Rows, source: str) -> Rows:
        """The same of the legs of this side; those of the other are set aside."""
        taken = refuse(
            self.read(rows.frame),
            self._other,
            source,
            "set_aside",
            "one leg per call: `log-b-leg` false in json_cdr.conf.xml, or this source's `leg` set to the other side",
        )
        return Rows(taken.frame, (*rows.rejects, *taken.rejects))


def _decoded(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The texts of `names` without URL encoding; in one go, since making ready to look for escapes takes a while."""
    together = pl.concat([frame[name] for name in names])
    if not together.str.contains("%", literal=True).any():
        return frame
    plain = together.str.replace_many(_ESCAPES, _PLAIN, ascii_case_insensitive=True)
    height = frame.height
    return frame.with_columns(plain.slice(n * height, height).alias(name) for n, name in enumerate(names))


def _is_b_leg() -> pl.Expr:
    """The outbound leg: `direction` says so, or it names the leg that originated it, or another leg's call."""
    of_other_call = pl.col("in.call_uuid") != pl.col("in.uuid")
    by_name = pl.col("in.originating_leg_uuid").is_not_null() | of_other_call.fill_null(False)
    return pl.when(pl.col("in.direction").is_null()).then(by_name).otherwise(pl.col("in.direction") == "outbound")


def _time(name: str, variables: Collection[str], zone: str) -> pl.Expr:
    column = f"in.{name}"
    forms = {
        "uepoch": epoch(pl.col(f"{column}_uepoch"), 1_000_000),
        "epoch": epoch(pl.col(f"{column}_epoch"), 1),
        "stamp": local(pl.col(f"{column}_stamp"), "%Y-%m-%d %H:%M:%S", zone),
    }
    return pl.coalesce(*(read for form, read in forms.items() if f"{name}_{form}" in variables), pl.lit(None, pl.Int64))


def _named(variables: Collection[str], name: str) -> str:
    """The variable that the source has for a time."""
    return next((f"{name}_{form}" for form in ("uepoch", "epoch", "stamp") if f"{name}_{form}" in variables), name)


def _ringing() -> pl.Expr:
    """First 18x: 180, else 183. FreeSWITCH sets progress_media to the answer when there was no 183: not a ring."""
    media = epoch(pl.col("in.progress_media_uepoch"), 1_000_000)
    early = pl.when((media < pl.col("answered_at")).fill_null(True)).then(media)
    rel = pl.col("setup_at") + pl.col("in.progressmsec").cast(pl.Int64, strict=False)
    return pl.min_horizontal(pl.coalesce(epoch(pl.col("in.progress_uepoch"), 1_000_000), rel), early)


def _numbers(switch: str) -> list[pl.Expr]:
    """Who called whom, over what."""
    gateway = pl.col("in.last_arg").str.extract(r"sofia/gateway/([^/|,\s]+)")
    host = pl.col("in.bridge_channel").str.extract(r"@([^:;/]+)")
    target = pl.col("in.last_arg").str.extract(r"^sofia/[^|,]*@([^:;|,/]+)")
    address, b = pl.col("in.sip_network_ip"), pl.col("_b")
    name = pl.col("in.switchname") if switch == "" else pl.lit(switch)
    return [
        pl.when(b)
        .then(pl.coalesce("in.originating_leg_uuid", "in.call_uuid", "in.uuid"))
        .otherwise(pl.coalesce("in.uuid", "in.call_uuid"))
        .alias("call_id"),
        name.alias("switch"),
        pl.col("in.accountcode").alias("account"),
        pl.when(~b).then(address).alias("source_ip"),
        pl.coalesce("in.sip_from_user_stripped", "in.sip_from_user", "in.caller_id_number").alias("cli"),
        pl.coalesce("in.sip_req_user", "in.sip_to_user", "in.destination_number").alias("dialed"),
        pl.coalesce("in.sip_gateway_name", gateway, host, target, pl.when(b).then(address)).alias("egress_trunk"),
        pl.col("in.hangup_cause").alias("reason"),
        pl.coalesce(
            pl.col("in.billmsec").cast(pl.Int64, strict=False), pl.col("in.billsec").cast(pl.Int64, strict=False) * 1000
        ).alias("billed_ms"),
    ]


def _outcome() -> list[pl.Expr]:
    """Final code, cause, release side (relative to the leg) and media of the leg."""
    bridged = pl.col("in.last_bridge_proto_specific_hangup_cause").str.extract(r"sip:(\d{3})")
    own = pl.col("in.proto_specific_hangup_cause").str.extract(r"sip:(\d{3})")
    cancelled = pl.when(pl.col("in.hangup_cause") == "ORIGINATOR_CANCEL").then(pl.lit("487"))
    failed = pl.coalesce(cancelled, bridged, own, "in.sip_invite_failure_status", "in.sip_term_status").cast(
        pl.Int16, strict=False
    )
    answered, b = pl.col("answered_at").is_not_null(), pl.col("_b")
    cause = pl.col("in.hangup_cause_q850").cast(pl.Int16, strict=False)
    near = pl.when(b).then(pl.lit("callee")).otherwise(pl.lit("caller"))
    far = pl.when(b).then(pl.lit("caller")).otherwise(pl.lit("callee"))
    disposition = pl.col("in.sip_hangup_disposition")
    refused_here = disposition.str.starts_with("send_refuse") & pl.col("egress_trunk").is_null()
    into, out = "in.rtp_audio_in_media_packet_count", "in.rtp_audio_out_media_packet_count"
    return [
        pl.when(answered).then(pl.lit(200, pl.Int16)).otherwise(failed).alias("sip_code"),
        # Causes above 127 are FreeSWITCH's own (487 = ORIGINATOR_CANCEL), not Q.850; 0 is none.
        pl.when(cause.is_between(1, 127)).then(cause).alias("q850"),
        pl.when(refused_here)
        .then(pl.lit("switch"))
        .when(disposition.str.starts_with("recv_"))
        .then(near)
        .when(disposition.str.starts_with("send_"))
        .then(far)
        .alias("released_by"),
        pl.when(answered).then(_count(pl.when(b).then(into).otherwise(out))).alias("rtp_rx"),
        pl.when(answered).then(_count(pl.when(b).then(out).otherwise(into))).alias("rtp_tx"),
    ]


def _count(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int64, strict=False)
