"""Section [alertmanager] of akira.toml: where it is, how its labels name our slices, when a recovery counts."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pipeline.incidents import TicketType

Dimension = Literal["switch", "terminator", "destination", "customer", "trunk"]
DIMENSION_LABELS: Final[dict[Dimension, tuple[str, ...]]] = {
    "switch": ("switch", "sbc", "node"),
    "terminator": ("terminator", "supplier", "carrier", "gateway"),
    "destination": ("destination", "prefix"),
    "customer": ("customer", "originator"),
    "trunk": ("trunk", "trunk_group"),
}


class AlertmanagerSettings(BaseModel):
    """How alerts come in and tickets go out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str | None = Field(
        default=None, pattern=r"^https?://", description="its address, for /api/v2; none: no polling"
    )
    user: str | None = None
    password: SecretStr | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=60)
    receiver: str = Field(default="akira", description="the receiver whose alerts are ours, in its configuration")
    poll_s: float = Field(default=30.0, ge=1, le=3600, description="reconciliation with /api/v2/alerts/groups")
    hold_s: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="an end counts after this time of unbroken heartbeat; not less than the longest `for` of a rule",
    )
    reopen_s: float = Field(default=3600.0, ge=0, le=86_400, description="back within this: the same ticket reopens")
    heartbeats: tuple[str, ...] = Field(
        default=("AkiraHeartbeat", "Watchdog", "DeadMansSwitch"), description="alerts that always fire"
    )
    source_label: str = Field(default="prometheus", description="the external label that tells Prometheuses apart")
    labels: dict[Dimension, tuple[str, ...]] = Field(
        default=DIMENSION_LABELS, description="which labels name a slice, first found wins"
    )
    account_label: str = "account"
    ticket_type: TicketType = Field(default="sip_quality", description="of an alert that names none")
    quiet: tuple[str, ...] = Field(default=("info", "none"), description="severity labels without production impact")
    console: str = Field(default="http://127.0.0.1:8080", description="the console's address, for links in alerts")
    post_tickets: bool = Field(default=False, description="post our own tickets to it, for existing paging")
    post_every_s: float = Field(default=300.0, gt=0, le=3600)
    post_lasts_s: float = Field(
        default=14_400.0, gt=0, le=604_800, description="a posted ticket ends by itself after it"
    )
