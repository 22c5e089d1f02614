"""An alert as Alertmanager tells it: by webhook (version 4) and by /api/v2/alerts/groups; unknown fields pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

ALERTS_MOST: Final = 10_000
_Text = Annotated[str, StringConstraints(max_length=20_000)]
_Pairs = Annotated[dict[Annotated[str, StringConstraints(max_length=1000)], _Text], Field(max_length=200)]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `fingerprint` is that of its labels; `starts_ms` tells one occurrence from the next."""

    fingerprint: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int | None
    """When it is over (of a resolved one), None while it fires."""
    suppressed: bool = False
    """Silenced or inhibited: known only from the list."""
    updated_ms: int | None = None
    """When Alertmanager last heard of it: known only from the list."""
    link: str = ""
    group: str = ""
    """The labels that its group shares, as JSON: what nothing explains in one group is one ticket."""

    @property
    def firing(self) -> bool:
        """Whether it lasts."""
        return self.ends_ms is None

    @property
    def name(self) -> str:
        """Its `alertname`."""
        return self.labels.get("alertname", "")

    def words(self) -> str:
        """In one line, for people: `TrunkDown on trunk=t1, pop=fra`."""
        rest = ", ".join(f"{label}={text}" for label, text in sorted(self.labels.items()) if label != "alertname")
        return f"{self.name or 'alert'} on {rest}" if rest else self.name or "alert"


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class HookAlert(_Wire):
    """An element of `alerts` of a webhook."""

    status: Literal["firing", "resolved"]
    labels: _Pairs
    annotations: _Pairs = Field(default_factory=dict)
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime | None = Field(default=None, alias="endsAt")
    generator_url: _Text = Field(default="", alias="generatorURL")
    fingerprint: str = Field(pattern=r"^[0-9a-f]{1,64}$")

    def alert(self, at_ms: int, group: str) -> Alert:
        """The alert; a resolved one without an end ended at `at_ms`."""
        over = self.status == "resolved"
        ended = _ms(self.ends_at) if self.ends_at is not None and self.ends_at > _NEVER else at_ms
        return Alert(
            self.fingerprint, self.labels, self.annotations, _ms(self.starts_at), ended if over else None,
            link=self.generator_url, group=group,
        )  # fmt: skip


class Hook(_Wire):
    """The body of a webhook, version 4."""

    version: Literal["4"]
    group_key: _Text = Field(default="", alias="groupKey")
    group_labels: _Pairs = Field(default_factory=dict, alias="groupLabels")
    truncated_alerts: int = Field(default=0, ge=0, alias="truncatedAlerts")
    alerts: list[HookAlert] = Field(max_length=ALERTS_MOST)

    def all(self, at_ms: int) -> list[Alert]:
        """Its alerts."""
        return [alert.alert(at_ms, _group(self.group_labels)) for alert in self.alerts]


class _Status(_Wire):
    state: Literal["active", "suppressed", "unprocessed"] = "active"


class Listed(_Wire):
    """An alert of a listed group; all of them fire."""

    labels: _Pairs
    annotations: _Pairs = Field(default_factory=dict)
    starts_at: AwareDatetime = Field(alias="startsAt")
    updated_at: AwareDatetime = Field(alias="updatedAt")
    generator_url: _Text = Field(default="", alias="generatorURL")
    fingerprint: str = Field(pattern=r"^[0-9a-f]{1,64}$")
    status: _Status = _Status()

    def alert(self, group: str) -> Alert:
        """The alert."""
        return Alert(
            self.fingerprint, self.labels, self.annotations, _ms(self.starts_at), None,
            self.status.state == "suppressed", _ms(self.updated_at), self.generator_url, group,
        )  # fmt: skip


class _Receiver(_Wire):
    name: str


class Group(_Wire):
    """An element of /api/v2/alerts/groups."""

    labels: _Pairs
    receiver: _Receiver
    alerts: list[Listed]

    def all(self) -> list[Alert]:
        """Its alerts."""
        return [alert.alert(_group(self.labels)) for alert in self.alerts]


def _group(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True, ensure_ascii=False)


def _ms(at: datetime) -> int:
    # Cut, not rounded: the webhook writes nanoseconds and the list milliseconds of the same time.
    return (at - _EPOCH) // timedelta(milliseconds=1)
