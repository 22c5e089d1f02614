"""The carriers of the scoreboard. Every seed draws its own carrier, faults and confounders from them."""

from __future__ import annotations

from typing import Final

from akira.simulate.scenario import Draw, Event, Scenario

_BASE: Final = Scenario(days_before=2, calls_per_day=100_000)
_SHARES_MOVE: Final = (
    "mix_shift",
    "benign_lcr",
    "campaign",
    "surge",
    "ramp",
    "price_move",
    "maintenance",
    "dst_step",
    "holiday",
)
"""Confounders that leave the rates of every leaf as they are and move only how much of the traffic is its."""
_OUTAGES: Final = (
    ("07:10", "asr_drop", "terminator"),
    ("08:25", "asr_drop", "destination"),
    ("09:40", "asr_drop", "customer"),
    ("10:55", "asr_drop", "trunk"),
    ("12:10", "asr_drop", "terminator_destination"),
    ("13:25", "traffic_drop", "customer"),
    ("14:40", "platform_down", ""),
    ("15:55", "sip_unreachable", ""),
    ("17:10", "acl_denied", ""),
    ("18:25", "platform_down", "silent"),
)
BUSY: Final = 20.0
"""Calls a minute of a slice whose full outage is owed a ticket within two minutes."""


def _outage(at: str, kind: str, style: str) -> Event:
    return Event(at=at, kind=kind, style=style, lasts="30m", strength=0.0, calls_per_minute=BUSY)


SCENARIOS: Final = {
    "faults": _BASE.model_copy(update={"random": Draw(faults=12, confounders=4)}),
    "full outages": Scenario(days_before=2, calls_per_day=300_000, faults=tuple(_outage(*of) for of in _OUTAGES)),
    "no faults": _BASE.model_copy(update={"random": Draw(faults=0, confounders=11)}),
    "shares move": Scenario(
        days_before=2,
        calls_per_day=300_000,
        random=Draw(faults=0, confounders=12, confounder_kinds=_SHARES_MOVE),
    ),
    "10⁴ slices": Scenario(scale="M", days_before=1, calls_per_day=500_000),
}
FEWER: Final = {"full outages": 6, "shares move": 6, "10⁴ slices": 4}
"""Seeds of those whose days are several times as long to run."""
