"""SIP reachability: a trunk, terminator or switch that no longer answers OPTIONS.

Input: `up` samples per peer.
Method: down when it has said 0 in two samples running (setting), or once with nothing after it for as long: a busy
probe makes every gateway flap for seconds.
Output: `sip_unreachable` on the peer; up again by the same rule.
Limits: a peer that does not answer OPTIONS by policy says 0 always: it is down from its first sample and never raises.
Source: RFC 3261 section 11 (OPTIONS); hold-down measured on a busy proxy.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.interner import Codes, Interner
from pipeline.peers import cause_of
from pipeline.records import MINUTE_MS
from pipeline.rulebook import state_finding
from pipeline.samples import each, one_of_each
from pipeline.settings import WatchSettings

Peer = tuple[str, str, str, str]
"""switch, kind, peer, customer."""
COLUMNS: Final = ("up", "since_ms", "ever_up", "last_ms", "running", "down_since_ms")
NEVER_MS: Final = -1


class Reachability:
    """Up or down per peer, with hold-down. Columns have a row for each peer."""

    name = "reachability"
    kept: tuple[type, ...] = ()

    def __init__(self, settings: WatchSettings) -> None:
        self.samples = settings.hold.reachability_samples
        self.peers = Interner()
        self.who: dict[str, Peer] = {}
        """Those that said last that they are down, or are held to be."""
        self.up = np.zeros(0, np.bool_)
        self.ever_up = np.zeros(0, np.bool_)
        self.since_ms = np.zeros(0, np.int64)
        self.last_ms = np.zeros(0, np.int64)
        self.running = np.zeros(0, np.int64)
        """Samples running that said the same."""
        self.down_since_ms = np.zeros(0, np.int64)
        """Since when it is held to be down, NEVER_MS while it is not."""

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        samples = minute.samples("up")
        peer = self.peers.encode(samples["key"])
        self._grow()
        up, at_ms = samples["value"].to_numpy() > 0, samples["at"].to_numpy()
        for place in one_of_each(peer):
            self._take(peer[place], up[place], at_ms[place])
        self._note(samples[np.flatnonzero(~up | (self.down_since_ms[peer] != NEVER_MS))])
        end_ms = (minute.minute + 1) * MINUTE_MS
        held = (self.running >= self.samples) | (end_ms - self.last_ms >= self.samples * MINUTE_MS)
        falls = held & ~self.up & self.ever_up & (self.down_since_ms == NEVER_MS)
        self.down_since_ms[falls] = self.since_ms[falls]
        found = []
        for at in sorted(np.flatnonzero(self.down_since_ms != NEVER_MS).tolist(), key=self.peers.names.__getitem__):
            ended = int(self.since_ms[at]) if self.up[at] and held[at] else None
            found.append(self._finding(minute, self.peers.names[at], int(self.down_since_ms[at]), ended))
            if ended is not None:
                self.down_since_ms[at] = NEVER_MS
        return found

    def _grow(self) -> None:
        fresh = len(self.peers) - len(self.up)
        if fresh:
            for name in COLUMNS:
                empty = NEVER_MS if name in ("last_ms", "down_since_ms") else 0
                setattr(self, name, np.pad(getattr(self, name), (0, fresh), constant_values=empty))

    def _take(self, peer: Codes, up: npt.NDArray[np.bool_], at_ms: npt.NDArray[np.int64]) -> None:
        """One sample of each of some peers."""
        turned = (self.up[peer] != up) | (self.last_ms[peer] == NEVER_MS)
        self.since_ms[peer[turned]] = at_ms[turned]
        self.running[peer] = np.where(turned, 1, self.running[peer] + (at_ms > self.last_ms[peer]))
        self.up[peer] = up
        self.ever_up[peer] |= up
        self.last_ms[peer] = at_ms

    def _note(self, samples: pl.DataFrame) -> None:
        for sample in each(samples):
            self.who[sample.key] = (sample.switch, sample.peer_kind, sample.peer, sample.customer)

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
        columns = {name: getattr(self, name) for name in COLUMNS}
        return {"peers": self.peers.names, "who": self.who, "columns": columns}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.peers, self.who = Interner(state["peers"]), state["who"]  # type: ignore[arg-type, assignment]
        for name, column in state["columns"].items():  # type: ignore[attr-defined]
            setattr(self, name, column)
