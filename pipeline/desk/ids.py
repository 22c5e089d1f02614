"""Ordered sets of ids on a ticket, and the ids that tickets are given."""

from __future__ import annotations


def with_(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    """`values` with `value` at its end, once."""
    return values if value in values else (*values, value)


def without(values: tuple[str, ...], value: str) -> tuple[str, ...]:
    """`values` less `value`."""
    return tuple(item for item in values if item != value)


def of_incident(incident_id: str, life: int = 1) -> str:
    """The ticket of an incident; a later life (the fault came back after the reopen window) has its number."""
    return incident_id if life == 1 else f"{incident_id}-{life}"


def of_request(number: int) -> str:
    """The ticket of a person, mail or alert: `D-000123`, counted by the store."""
    return f"D-{number:06d}"
