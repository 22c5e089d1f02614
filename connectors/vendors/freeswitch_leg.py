"""What the variables of one FreeSWITCH leg say about a call; shared by the JSON and the CSV form."""

from __future__ import annotations

from collections.abc import Collection
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
_ESCAPES: Final = [f"%{code:02X}" for code in range(32, 127)]
_PLAIN: Final = [chr(code) for code in range(32, 127)]

Leg = Literal["a", "b"]


def call(rows: Rows, source: str, leg: Leg, zone: str, switch: str) -> tuple[Rows, dict[str, str]]:
    """Contract columns beside the variables, and the origin of each; legs of the other side are set aside.

    Times: the µs epoch if it is there, else the epoch in seconds, else the stamp in `zone`; `0` means never.
    """
    frame = prepared(rows.frame)
    other = pl.lit(False) if "in.uuid" not in rows.frame.columns else is_b_leg() == (leg == "a")
    taken = refuse(
        frame,
        other,
        source,
        "set_aside",
        "one leg per call: `log-b-leg` false in json_cdr.conf.xml, or this source's `leg` set to the other side",
    )
    return Rows(sided(taken.frame, leg, zone, switch), (*rows.rejects, *taken.rejects)), origin(rows.frame.columns)


def origin(columns: Collection[str]) -> dict[str, str]:
    """Contract field to the variable that it was read from."""
    return {
        "setup_at": _named(columns, "start"),
        "answered_at": _named(columns, "answer"),
        "ended_at": _named(columns, "end"),
        "call_id": "uuid",
        "customer": "accountcode",
    }


def sided(frame: pl.DataFrame, leg: Leg, zone: str, switch: str) -> pl.DataFrame:
    """Contract columns beside the prepared variables, as seen from the side of `leg`."""
    frame = frame.with_columns(
        _time("start", zone).alias("setup_at"),
        _time("answer", zone).alias("answered_at"),
        _time("end", zone).alias("ended_at"),
    ).with_columns(ringing_at=_ringing())
    return frame.with_columns(_numbers(leg, switch)).with_columns(_outcome(leg))


def prepared(frame: pl.DataFrame) -> pl.DataFrame:
    """Every variable as a column, decoded, `0` and empty times as null."""
    frame = frame.with_columns(
        [pl.lit(None, pl.String).alias(f"in.{name}") for name in VARIABLES if f"in.{name}" not in frame.columns]
    )
    names = [f"in.{name}" for name in VARIABLES if not name.endswith(("epoch", "sec", "count"))]
    encoded = frame.select(pl.any_horizontal(pl.col(names).str.contains("%", literal=True)).any()).item()
    if encoded:
        frame = frame.with_columns(pl.col(names).str.replace_many(_ESCAPES, _PLAIN, ascii_case_insensitive=True))
    times = [f"in.{name}" for name in VARIABLES if name.endswith(("epoch", "stamp", "progressmsec"))]
    return frame.with_columns(never(pl.col(times), "0", ""))


def is_b_leg() -> pl.Expr:
    """The outbound leg: `direction` says so, or it names the leg that originated it, or another leg's call."""
    of_other_call = pl.col("in.call_uuid") != pl.col("in.uuid")
    by_name = pl.col("in.originating_leg_uuid").is_not_null() | of_other_call.fill_null(False)
    return pl.when(pl.col("in.direction").is_null()).then(by_name).otherwise(pl.col("in.direction") == "outbound")


def _time(name: str, zone: str) -> pl.Expr:
    return pl.coalesce(
        epoch(pl.col(f"in.{name}_uepoch"), 1_000_000),
        epoch(pl.col(f"in.{name}_epoch"), 1),
        local(pl.col(f"in.{name}_stamp"), "%Y-%m-%d %H:%M:%S", zone),
    )


def _named(columns: Collection[str], name: str) -> str:
    """The variable that the source has for a time."""
    return next((f"{name}_{form}" for form in ("uepoch", "epoch", "stamp") if f"in.{name}_{form}" in columns), name)


def _ringing() -> pl.Expr:
    """First 18x: 180, else 183. FreeSWITCH sets progress_media to the answer when there was no 183: not a ring."""
    media = epoch(pl.col("in.progress_media_uepoch"), 1_000_000)
    early = pl.when((media < pl.col("answered_at")).fill_null(True)).then(media)
    rel = pl.col("setup_at") + pl.col("in.progressmsec").cast(pl.Int64, strict=False)
    return pl.min_horizontal(pl.coalesce(epoch(pl.col("in.progress_uepoch"), 1_000_000), rel), early)


def _numbers(leg: Leg, switch: str) -> list[pl.Expr]:
    """Who called whom, over what."""
    gateway = pl.col("in.last_arg").str.extract(r"sofia/gateway/([^/|,\s]+)")
    host = pl.col("in.bridge_channel").str.extract(r"@([^:;/]+)")
    target = pl.col("in.last_arg").str.extract(r"^sofia/[^|,]*@([^:;|,/]+)")
    egress = pl.coalesce("in.sip_gateway_name", gateway, host, target)
    name = pl.col("in.switchname") if switch == "" else pl.lit(switch)
    return [
        (
            pl.coalesce("in.originating_leg_uuid", "in.call_uuid", "in.uuid")
            if leg == "b"
            else pl.coalesce("in.uuid", "in.call_uuid")
        ).alias("call_id"),
        name.alias("switch"),
        pl.col("in.accountcode").alias("account"),
        pl.col("in.sip_network_ip").alias("source_ip") if leg == "a" else pl.lit(None, pl.String).alias("source_ip"),
        pl.coalesce("in.sip_from_user_stripped", "in.sip_from_user", "in.caller_id_number").alias("cli"),
        pl.coalesce("in.sip_req_user", "in.sip_to_user", "in.destination_number").alias("dialed"),
        (egress if leg == "a" else pl.coalesce(egress, pl.col("in.sip_network_ip"))).alias("egress_trunk"),
        pl.col("in.hangup_cause").alias("reason"),
        pl.coalesce(
            pl.col("in.billmsec").cast(pl.Int64, strict=False), pl.col("in.billsec").cast(pl.Int64, strict=False) * 1000
        ).alias("billed_ms"),
    ]


def _outcome(leg: Leg) -> list[pl.Expr]:
    """Final code, cause, release side (relative to the leg) and media of the leg."""
    bridged = pl.col("in.last_bridge_proto_specific_hangup_cause").str.extract(r"sip:(\d{3})")
    own = pl.col("in.proto_specific_hangup_cause").str.extract(r"sip:(\d{3})")
    cancelled = pl.when(pl.col("in.hangup_cause") == "ORIGINATOR_CANCEL").then(pl.lit("487"))
    failed = pl.coalesce(cancelled, bridged, own, "in.sip_invite_failure_status", "in.sip_term_status").cast(
        pl.Int16, strict=False
    )
    answered = pl.col("answered_at").is_not_null()
    cause = pl.col("in.hangup_cause_q850").cast(pl.Int16, strict=False)
    near, far = ("caller", "callee") if leg == "a" else ("callee", "caller")
    disposition = pl.col("in.sip_hangup_disposition")
    refused_here = disposition.str.starts_with("send_refuse") & pl.col("egress_trunk").is_null()
    into, out = "in.rtp_audio_in_media_packet_count", "in.rtp_audio_out_media_packet_count"
    received, sent = (out, into) if leg == "a" else (into, out)
    return [
        pl.when(answered).then(pl.lit(200, pl.Int16)).otherwise(failed).alias("sip_code"),
        # Causes above 127 are FreeSWITCH's own (487 = ORIGINATOR_CANCEL), not Q.850; 0 is none.
        pl.when(cause.is_between(1, 127)).then(cause).alias("q850"),
        pl.when(refused_here)
        .then(pl.lit("switch"))
        .when(disposition.str.starts_with("recv_"))
        .then(pl.lit(near))
        .when(disposition.str.starts_with("send_"))
        .then(pl.lit(far))
        .alias("released_by"),
        pl.when(answered).then(pl.col(received).cast(pl.Int64, strict=False)).alias("rtp_rx"),
        pl.when(answered).then(pl.col(sent).cast(pl.Int64, strict=False)).alias("rtp_tx"),
    ]
