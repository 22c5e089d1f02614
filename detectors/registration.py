"""Registration loss: bindings of a trunk or switch go away, or registering fails.

Input: `registrations` (bindings alive) and `register_failures` samples per peer.
Method: bindings against their usual number (slow mean, not moved while they are lost), lost below 60 % of it (setting)
for two samples running; failures against the peer's own rate.
Output: `registration_loss` on the trunk, or the switch.
Limits: peers with fewer than five usual bindings are not judged.
Source: RFC 3261 section 10; operator practice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.peers import cause_of
from pipeline.rulebook import state_finding
from pipeline.settings import WatchSettings

LEAST: Final = 5.0
SAMPLES: Final = 2
WARM: Final = 10
BACK: Final = 0.8


@dataclass(slots=True)
class Bindings:
    """Usual number, samples seen, samples low in a row, since when low, and the customer of the trunk."""

    usual: float
    seen: int = 1
    low: int = 0
    back: int = 0
    low_since_ms: int = 0
    back_since_ms: int = 0
    open: bool = False
    value: float = 0.0
    customer: str = ""


class Registration:
    """Bindings per peer."""

    name = "registration"
    kept: tuple[type, ...] = (Bindings,)

    def __init__(self, settings: WatchSettings) -> None:
        self.left = settings.gates.registrations_left
        self.peers: dict[str, Bindings] = {}

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        ended: list[str] = []
        for at, interval, _, kind, peer, customer, value, _ in minute.samples("registrations"):
            key = f"{kind}={peer}"
            state = self.peers.setdefault(key, Bindings(value, 0, customer=customer))
            if self._sample(state, at, interval, value):
                ended.append(key)
        found = []
        for key, state in sorted(self.peers.items()):
            if state.open or key in ended:
                found.append(self._finding(minute, key, state, state.back_since_ms if key in ended else None))
        return found

    def _sample(self, state: Bindings, at: int, interval_ms: int, value: float) -> bool:
        """Move one peer by one sample; True when its loss has ended."""
        state.seen += 1
        state.value = value
        judged = state.seen > WARM and state.usual >= LEAST
        if judged and value < self.left * state.usual:
            state.low, state.back = state.low + 1, 0
            if state.low == 1:
                state.low_since_ms = at - interval_ms
            state.open = state.open or state.low >= SAMPLES
            return False
        if state.open:
            state.back = state.back + 1 if value >= BACK * state.usual else 0
            if state.back == 1:
                state.back_since_ms = at - interval_ms
            if state.back >= SAMPLES:
                state.open, state.low = False, 0
                return True
            return False
        state.low = 0
        state.usual += (value - state.usual) / min(state.seen, 60)
        return False

    def _finding(self, minute: ClosedMinute, key: str, state: Bindings, ended_ms: int | None) -> Finding:
        kind, peer = key.split("=", 1)
        cause, customers = cause_of(minute.directory, kind, peer, state.customer)
        usual = round(state.usual, 1)
        figure = Figure(
            "registration_loss", "bindings", state.value, usual, usual * self.left, usual, state.seen, "count"
        )
        return state_finding("registration_loss", key, cause, state.low_since_ms, ended_ms, figure, (), customers)

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"peers": self.peers}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.peers = state["peers"]  # type: ignore[assignment]
