"""Section [desk] of akira.toml: the five classes of the support flow and every time that the desk keeps."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pipeline.desk.ticket import Queue
from pipeline.incidents import Severity, TicketType
from pipeline.settings import HoldSettings, SeveritySettings, WatchSettings

MINUTE_MS: Final = 60_000


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TicketClass(_Section):
    """A row of the seed's class table."""

    ticket_type: TicketType
    covers: str
    queue: Queue
    owner: str
    may_be_incident: bool
    """`Maybe` in the table: whether it is one depends on production impact."""


CLASSES: Final[tuple[TicketClass, ...]] = (
    TicketClass(
        ticket_type="sip_quality",
        covers="SIP unreachable, failed calls, degraded ASR/PDD",
        queue="NOC",
        owner="On-call/NOC",
        may_be_incident=True,
    ),
    TicketClass(
        ticket_type="cdr_pipeline",
        covers="CDR missing, delayed, or duplicated",
        queue="NOC",
        owner="On-call/NOC",
        may_be_incident=True,
    ),
    TicketClass(
        ticket_type="balance",
        covers="Balance threshold or prepaid blocking issue",
        queue="NOC",
        owner="On-call/NOC",
        may_be_incident=True,
    ),
    TicketClass(
        ticket_type="billing",
        covers="Invoice dispute, commercial terms, payments",
        queue="Billing",
        owner="Finance",
        may_be_incident=False,
    ),
    TicketClass(
        ticket_type="access",
        covers="Account access or MFA issue",
        queue="Support",
        owner="Admin/Ops",
        may_be_incident=False,
    ),
)
CLASS_OF: Final[dict[TicketType, TicketClass]] = {row.ticket_type: row for row in CLASSES}


class Minutes(_Section):
    """A number of minutes for each severity."""

    SEV1: int = Field(ge=1, le=10_080)
    SEV2: int = Field(ge=1, le=10_080)
    SEV3: int = Field(ge=1, le=10_080)

    def ms(self, severity: Severity) -> int:
        """Milliseconds of `severity`."""
        return int(getattr(self, severity)) * MINUTE_MS


class Shift(_Section):
    """From `start_ms` on this person has the pager, whatever the rotation says, until `end_ms`."""

    person: str = Field(min_length=1, max_length=255)
    start_ms: int
    end_ms: int


class RotaPolicy(_Section):
    """Who is on call: `people` take turns of `turn_hours`, the first from `from_ms` on; `swaps` override."""

    people: tuple[str, ...] = ()
    from_ms: int = 0
    turn_hours: int = Field(default=168, ge=1, le=8760)
    swaps: tuple[Shift, ...] = ()
    escalate_after: Minutes = Minutes(SEV1=5, SEV2=15, SEV3=240)
    """Unacknowledged for so long: the next person in the rotation is paged."""
    steps: int = Field(default=3, ge=1, le=10, description="pages of one round; a higher severity begins a new one")
    severities: tuple[Severity, ...] = Field(default=("SEV1", "SEV2"), description="what wakes people; else it waits")
    management: tuple[str, ...] = Field(default=(), max_length=20, description="told with the first page of a SEV1")


class DeskSettings(_Section):
    """Section [desk]: times and limits of the desk."""

    first_response: Minutes = Minutes(SEV1=15, SEV2=30, SEV3=240)
    update_every: Minutes = Minutes(SEV1=30, SEV2=60, SEV3=1440)
    reopen_window_min: int = Field(default=60, ge=0, le=10_080, description="a fault back within this reopens")
    silence_max_days: int = Field(default=14, ge=1, le=365)
    text_max: int = Field(default=20_000, ge=1000, le=200_000, description="characters of one text")
    rota: RotaPolicy = RotaPolicy()


class DeskPolicy(DeskSettings):
    """What the desk goes by: section [desk], and of section [watch] what holds for telemetry and people alike."""

    severity: SeveritySettings = SeveritySettings()
    downgrade_hold_min: int = HoldSettings().downgrade_min

    @classmethod
    def of(cls, desk: DeskSettings, watch: WatchSettings) -> DeskPolicy:
        """The policy of these two sections."""
        shared = {"severity": watch.severity, "downgrade_hold_min": watch.hold.downgrade_min}
        return cls(**{name: getattr(desk, name) for name in DeskSettings.model_fields}, **shared)
