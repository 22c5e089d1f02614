"""SIP reachability: a trunk, terminator or switch that no longer answers OPTIONS.

Input: `up` samples per peer.
Method: down when it has said 0 in two samples running (setting), or once with nothing after it for as long: a busy
probe makes every gateway flap for seconds.
Output: `sip_unreachable` on the peer; up again by the same rule.
Limits: a peer that does not answer OPTIONS by policy says 0 always: it is down from its first sample and never raises.
Source: RFC 3261 section 11 (OPTIONS); hold-down measured on a busy proxy.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.peers import cause_of
from pipeline.records import MINUTE_MS
from pipeline.rulebook import state_finding
from pipeline.settings import WatchSettings

Peer = tuple[str, str, str, str]
"""switch, kind, peer, customer."""


@dataclass(slots=True)
class State:
    """What a peer said last, since when, and whether it is held to be down."""

    up: bool
    since_ms: int
    ever_up: bool
    last_ms: int
    samples: int = 1
    """Samples running that said the same."""
    down_since_ms: int | None = None


class Reachability:
    """Up or down per peer, with hold-down."""

    name = "reachability"
    kept: tuple[type, ...] = (State,)

    def __init__(self, settings: WatchSettings) -> None:
        self.samples = settings.hold.reachability_samples
        self.peers: dict[str, State] = {}
        self.who: dict[str, Peer] = {}

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        for at, _, switch, kind, peer, customer, value, _ in minute.samples("up"):
            key = f"{kind}={peer}"
            self.who[key] = (switch, kind, peer, customer)
            up = value > 0
            state = self.peers.get(key)
            if state is None:
                self.peers[key] = State(up, at, up, at)
                continue
            if state.up != up:
                state.up, state.since_ms, state.ever_up, state.samples = up, at, state.ever_up or up, 0
            state.samples += at > state.last_ms or state.samples == 0
            state.last_ms = at
        end_ms = (minute.minute + 1) * MINUTE_MS
        found = []
        for key, state in sorted(self.peers.items()):
            held = state.samples >= self.samples or end_ms - state.last_ms >= self.samples * MINUTE_MS
            if not state.up and state.ever_up and held and state.down_since_ms is None:
                state.down_since_ms = state.since_ms
            if state.down_since_ms is not None:
                ended = state.since_ms if state.up and held else None
                found.append(self._finding(minute, key, state.down_since_ms, ended))
                if ended is not None:
                    state.down_since_ms = None
        return found

    def _finding(self, minute: ClosedMinute, key: str, since_ms: int, ended_ms: int | None) -> Finding:
        switch, kind, peer, customer = self.who[key]
        cause, customers = cause_of(minute.directory, kind, peer, customer)
        figure = Figure(
            "sip_unreachable", "answers OPTIONS", 0.0 if ended_ms is None else 1.0, 1.0, 1.0, 1.0, 1, "count"
        )
        note = f"{switch}: {kind} {peer} does not answer OPTIONS"
        return state_finding("sip_unreachable", key, cause, since_ms, ended_ms, figure, (note,), customers)

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"peers": self.peers, "who": self.who}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.peers, self.who = state["peers"], state["who"]  # type: ignore[assignment]
