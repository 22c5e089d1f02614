"""What is written on tickets about alerts, and the request that opens one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from connectors.alertmanager.alert import Alert
from connectors.alertmanager.book import Known
from connectors.alertmanager.match import NAME_CHARS, class_of, slice_of
from connectors.alertmanager.settings import AlertmanagerSettings
from pipeline.desk.commands import Open, Scope
from pipeline.desk.ticket import Intake
from pipeline.incidents import TYPE_OF_SIGNAL

_SUMMARY_CHARS: Final = 300
_TEXT_CHARS: Final = 15_000
_LISTED: Final = 20


def incident_key(alert: Alert) -> str:
    """What makes it the same ticket: the group that the operator's `group_by` made, else the alert itself."""
    of_group = hashlib.sha256(alert.group.encode()).hexdigest()[:32]
    return f"alertmanager:{of_group if alert.group else alert.fingerprint}"


def request(alert: Alert, settings: AlertmanagerSettings) -> Open:
    """The ticket of an alert that no open ticket explains; severity is graded by the table, not taken from a label."""
    named = slice_of(alert, settings)
    signal = alert.labels.get("signal", "")
    intake = Intake(
        customer=named.get("customer", ""),
        account=alert.labels.get(settings.account_label, "")[:NAME_CHARS],
        affected=named.get("trunk", ""),
        from_ms=alert.starts_ms,
        text=_told(alert),
        reporter="Alertmanager",
    )
    return Open(
        class_of(alert, settings),
        (alert.annotations.get("summary") or alert.words())[:_SUMMARY_CHARS],
        intake,
        Scope(production_impact=alert.labels.get("severity", "") not in settings.quiet),
        "alertmanager",
        incident_key(alert),
        (signal,) if signal in TYPE_OF_SIGNAL else (),
    )


def _told(alert: Alert) -> str:
    lines = [f"{label} = {text}" for label, text in sorted(alert.labels.items())]
    lines += [f"{name}: {text}" for name, text in sorted(alert.annotations.items())]
    return "\n".join([*lines, f"source: {alert.link}"] if alert.link else lines)[:_TEXT_CHARS]


def joined(alerts: Sequence[Alert]) -> str:
    """Note of alerts on the ticket that explains them, the first few in full."""
    lines = [f"Alert {one.words()} fires since {_utc(one.starts_ms)}. {one.link}".rstrip() for one in alerts[:_LISTED]]
    more = len(alerts) - len(lines)
    return "\n".join([*lines, f"And {more} more."] if more else lines)[:_TEXT_CHARS]


def fires_again(known: Known) -> str:
    """Note of an alert whose end was said too early."""
    return f"Alert {known.fingerprint} fires again or still, since {_utc(known.starts_ms)}: it was not over."


def ended(known: Known, ended_ms: int) -> str:
    """Note of an end that is not yet believed."""
    return (
        f"Alert {known.fingerprint} is said to have ended at {_utc(ended_ms)}. Not believed yet: a Prometheus that "
        "dies says the same. It counts when its heartbeat is heard long enough after that."
    )


def over(known: Known, beat_ms: int) -> str:
    """Why an alert counts as over."""
    at = _utc(known.ended_ms or known.starts_ms)
    return f"Alert {known.fingerprint} ended at {at}, and its Prometheus was alive at {_utc(beat_ms)}."


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
