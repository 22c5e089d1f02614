"""Whether a Prometheus lives: by an alert of it that always fires, and since when it was heard without a break."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.alertmanager.alert import Alert
from connectors.alertmanager.book import SOURCE_CHARS
from connectors.alertmanager.settings import AlertmanagerSettings


@dataclass(frozen=True, slots=True)
class Beat:
    """One source's heartbeat: the occurrence, when it was first heard in it, and last (epoch ms)."""

    starts_ms: int
    since_ms: int
    last_ms: int


def heard(listed: Iterable[Alert], before: Mapping[str, Beat], settings: AlertmanagerSettings) -> dict[str, Beat]:
    """Source to its heartbeat in `listed`; one that was missing `before`, or is a new occurrence, begins now.

    `since_ms` is when it arrived, not its startsAt: a Prometheus that starts is silent for seconds before it finds its
    Alertmanager, and its heartbeat comes before its other alerts.
    """
    beats: dict[str, Beat] = {}
    for alert in sorted(listed, key=lambda one: one.updated_ms or 0):
        if alert.name in settings.heartbeats and alert.updated_ms is not None:
            source = alert.labels.get(settings.source_label, "")[:SOURCE_CHARS]
            old = before.get(source)
            unbroken = old is not None and old.starts_ms == alert.starts_ms
            since_ms = old.since_ms if old is not None and unbroken else alert.updated_ms
            beats[source] = Beat(alert.starts_ms, since_ms, alert.updated_ms)
    return beats
