"""The exact path: one record at a time, everything the contract accepts, and the one field that is wrong.

Slow (some 10^5 records a second) and meant for the few rows that the column path could not read. It is also the
oracle of the column path: a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from pipeline.intake import limits
from pipeline.intake.defaults import DEFAULT_INTERVAL_MS, DEFAULT_SWITCH
from pipeline.intake.scalars import flag, money_micro, real, seconds_ms, text, time_ms, whole
from pipeline.intake.wire import FIELDS
from pipeline.records import BALANCE_EVENTS, PEER_KINDS, SIP_METRICS, Kind


@dataclass(frozen=True, slots=True)
class Refused:
    """The first thing that is wrong with a record."""

    field: str | None
    reason: str
    expected: str


_SHORT: Final = Field(max_length=limits.TEXT_MAX)
Name = Annotated[str, BeforeValidator(text), Field(min_length=1, max_length=limits.TEXT_MAX)]
Text = Annotated[str | None, BeforeValidator(text), _SHORT]
Reason = Annotated[str | None, BeforeValidator(text), Field(max_length=limits.REASON_MAX)]
Currency = Annotated[str | None, BeforeValidator(text), Field(pattern=r"^[A-Z]{3}\z")]
Time = Annotated[int, BeforeValidator(time_ms), Field(ge=limits.TIME_MIN_MS, lt=limits.TIME_MAX_MS)]
Money = Annotated[
    int | None, BeforeValidator(money_micro), Field(ge=-limits.MONEY_MAX_MICRO, le=limits.MONEY_MAX_MICRO)
]
Whole = Annotated[int | None, BeforeValidator(whole), Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int | None, BeforeValidator(whole), Field(ge=0, lt=2**63)]
MaybeTime = Annotated[int | None, BeforeValidator(time_ms), Field(ge=limits.TIME_MIN_MS, lt=limits.TIME_MAX_MS)]
Metric = Literal[
    "up",
    "rtt_ms",
    "registrations",
    "register_failures",
    "acl_denied",
    "invites",
    "answers",
    "responses_4xx",
    "responses_5xx",
    "responses_6xx",
    "active_calls",
]


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _silent(cls, values: Mapping[str, object]) -> dict[str, object]:
        """A null and an empty text say nothing: the field counts as missing, its default holds."""
        return {name: value for name, value in values.items() if value is not None and value != ""}


class Cdr(_Record):
    """A call record of the wire; fields in contract units after validation."""

    call_id: Name
    attempt: Annotated[int, BeforeValidator(whole), Field(ge=1, lt=2**31)] = 1
    last_attempt: Annotated[bool, BeforeValidator(flag)] = True
    switch: Text = DEFAULT_SWITCH
    seq: Whole = None
    customer: Name
    account: Text = None
    trunk: Text = None
    source_ip: Text = None
    cli: Text = None
    dialed: Text = None
    destination: Text = None
    terminator: Text = None
    egress_trunk: Text = None
    setup_at: Time
    ringing_at: MaybeTime = None
    answered_at: MaybeTime = None
    ended_at: Time
    sip_code: Annotated[int | None, BeforeValidator(whole), Field(ge=100, le=699)] = None
    q850: Annotated[int | None, BeforeValidator(whole), Field(ge=0, le=127)] = None
    reason: Reason = None
    released_by: Annotated[Literal["caller", "callee", "switch"] | None, BeforeValidator(text)] = None
    rtp_rx: Count = None
    rtp_tx: Count = None
    billed_s: Annotated[int | None, BeforeValidator(seconds_ms), Field(ge=0, le=limits.SPAN_MAX_MS)] = None
    charge: Money = None
    currency: Currency = None
    rating: Annotated[Literal["rated", "unrated", "failed"] | None, BeforeValidator(text)] = None
    emitted_at: MaybeTime = None

    @model_validator(mode="after")
    def _times(self) -> Self:
        steps = (("setup_at", self.setup_at), ("ringing_at", self.ringing_at), ("answered_at", self.answered_at))
        before, floor = steps[0]
        for name, at in (*steps[1:], ("ended_at", self.ended_at)):
            if at is not None:
                if at < floor:
                    raise PydanticCustomError(
                        "order", "{field}|{expected}", _place(name, f"{name} at or after {before}")
                    )
                before, floor = name, at
        if self.ended_at - self.setup_at > limits.SPAN_MAX_MS:
            raise PydanticCustomError("bad_time", "{field}|{expected}", _place("ended_at", "a call of at most 7 days"))
        if self.emitted_at is None:
            self.emitted_at = self.ended_at
        if not limits.LAG_MIN_MS <= self.emitted_at - self.ended_at <= limits.LAG_MAX_MS:
            expected = "at most 1 day before and 31 days after ended_at"
            raise PydanticCustomError("bad_time", "{field}|{expected}", _place("emitted_at", expected))
        if self.answered_at is not None and self.sip_code is None:
            self.sip_code = 200
        return self


class SipSample(_Record):
    """A sample of a SIP element."""

    at: Time
    interval_s: Annotated[int, BeforeValidator(seconds_ms), Field(gt=0, le=limits.SPAN_MAX_MS)] = DEFAULT_INTERVAL_MS
    switch: Text = DEFAULT_SWITCH
    peer: Text = None
    peer_kind: Annotated[Literal["trunk", "terminator", "switch"] | None, BeforeValidator(text)] = None
    customer: Text = None
    metric: Annotated[Metric, BeforeValidator(text)]
    value: Annotated[float, BeforeValidator(real), Field(ge=0, allow_inf_nan=False)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.peer_kind is None:
            if self.peer is not None:
                expected = "one of " + ", ".join(PEER_KINDS) + " when peer is given"
                raise PydanticCustomError("missing", "{field}|{expected}", _place("peer_kind", expected))
            self.peer_kind = "switch"
        if self.metric == "up" and self.value > 1:
            raise PydanticCustomError("bad_value", "{field}|{expected}", _place("value", limits.EXPECTED_VALUE))
        return self


class BalanceEvent(_Record):
    """A balance event of an account."""

    at: Time
    customer: Name
    account: Text = None
    event: Annotated[Literal["balance", "threshold", "blocked", "unblocked", "topup"], BeforeValidator(text)]
    balance: Money = None
    threshold: Money = None
    currency: Currency = None
    reason: Reason = None


_MODELS: Final[dict[Kind, type[_Record]]] = {"cdr": Cdr, "sip": SipSample, "balance": BalanceEvent}
_EXPECTED: Final[dict[str, str]] = {
    "attempt": "a whole number, 1 or more",
    "last_attempt": "true or false",
    "sip_code": "a SIP status, 100 to 699",
    "q850": "a Q.850 cause, 0 to 127",
    "seq": limits.EXPECTED_WHOLE,
    "rtp_rx": limits.EXPECTED_COUNT,
    "rtp_tx": limits.EXPECTED_COUNT,
    "billed_s": limits.EXPECTED_BILLED,
    "interval_s": limits.EXPECTED_INTERVAL,
    "value": limits.EXPECTED_VALUE,
    "currency": limits.EXPECTED_CURRENCY,
    "reason": limits.EXPECTED_REASON,
    "released_by": "one of caller, callee, switch",
    "rating": "one of rated, unrated, failed",
    "event": "one of " + ", ".join(BALANCE_EVENTS),
    "metric": "one of " + ", ".join(SIP_METRICS),
    "peer_kind": "one of " + ", ".join(PEER_KINDS),
    "charge": limits.EXPECTED_MONEY,
    "balance": limits.EXPECTED_MONEY,
    "threshold": limits.EXPECTED_MONEY,
}


def _place(field: str, expected: str) -> dict[str, str]:
    return {"field": field, "expected": expected}


def read(kind: Kind, record: Mapping[str, object]) -> dict[str, object] | Refused:
    """A record of the wire as a row of contract columns, or what is wrong with it."""
    try:
        valid = _MODELS[kind].model_validate(record)
    except ValidationError as wrong:
        return _refused(wrong)
    return {field.column: getattr(valid, field.wire) for field in FIELDS[kind]}


def _refused(wrong: ValidationError) -> Refused:
    first = wrong.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        context = first["ctx"]
        return Refused(str(context["field"]), first["type"], str(context["expected"]))
    field = str(first["loc"][0])
    timed = field == "at" or field.endswith("_at")
    expected = _EXPECTED.get(field, limits.EXPECTED_TIME if timed else limits.EXPECTED_TEXT)
    if first["type"] == "missing":
        return Refused(field, "missing", expected)
    if first["type"] in ("string_too_long", "too_long"):
        return Refused(field, "too_long", expected)
    return Refused(field, "bad_time" if timed else "bad_value", expected)
