"""Registration loss: bindings of a trunk or switch go away, or registering fails.

Input: `registrations` (bindings alive) and `register_failures` samples per peer.
Method: bindings against their usual number (slow mean, not moved while they are lost), lost below 60 % of it (setting)
for two samples running; failures against the peer's own rate.
Output: `registration_loss` on the trunk, or the switch.
Limits: peers with fewer than five usual bindings are not judged.
Source: RFC 3261 section 10; operator practice.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.interner import Codes, Interner
from pipeline.peers import cause_of
from pipeline.rulebook import state_finding
from pipeline.samples import one_of_each
from pipeline.settings import WatchSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LEAST: Final = 5.0
SAMPLES: Final = 2
WARM: Final = 10
BACK: Final = 0.8
FORGET: Final = 60
COLUMNS: Final = ("usual", "value", "seen", "low", "back", "low_since_ms", "back_since_ms", "open")


class Registration:
    """Bindings per peer. Columns have a row for each peer."""

    name = "registration"
    kept: tuple[type, ...] = ()

    def __init__(self, settings: WatchSettings) -> None:
        self.left = settings.gates.registrations_left
        self.peers = Interner()
        self.customers: list[str] = []
        """The customer of each, as its first sample says."""
        self.usual: Floats = np.zeros(0)
        self.value: Floats = np.zeros(0)
        self.seen: Ints = np.zeros(0, np.int64)
        self.low: Ints = np.zeros(0, np.int64)
        """Samples low in a row, and good ones in a row while its loss lasts."""
        self.back: Ints = np.zeros(0, np.int64)
        self.low_since_ms: Ints = np.zeros(0, np.int64)
        self.back_since_ms: Ints = np.zeros(0, np.int64)
        self.open = np.zeros(0, np.bool_)

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        samples = minute.samples("registrations")
        peer = self.peers.encode(samples["key"])
        value, since_ms = samples["value"].to_numpy(), (samples["at"] - samples["interval_ms"]).to_numpy()
        ended = np.zeros(len(self.peers), np.bool_)
        for place in one_of_each(peer):
            self._greet(peer[place], value[place], samples["customer"].gather(place).to_list())
            ended[peer[place]] |= self._take(peer[place], value[place], since_ms[place])
        told = np.flatnonzero(self.open | ended).tolist()
        return [
            self._finding(minute, at, int(self.back_since_ms[at]) if ended[at] else None)
            for at in sorted(told, key=self.peers.names.__getitem__)
        ]

    def _greet(self, peer: Codes, value: Floats, customers: list[str]) -> None:
        """Make room for peers (ascending) that have no sample yet."""
        fresh = len(self.peers) - len(self.usual)
        if fresh:
            for name in COLUMNS:
                setattr(self, name, np.pad(getattr(self, name), (0, fresh)))
            self.usual[-fresh:] = value[-fresh:]
            self.customers += customers[-fresh:]

    def _take(self, peer: Codes, value: Floats, since_ms: Ints) -> npt.NDArray[np.bool_]:
        """Move some peers by one sample each; those whose loss has ended."""
        self.seen[peer] += 1
        self.value[peer] = value
        judged = (self.seen[peer] > WARM) & (self.usual[peer] >= LEAST)
        few = judged & (value < self.left * self.usual[peer])
        lost, calm = ~few & self.open[peer], ~few & ~self.open[peer]
        low = np.where(few, self.low[peer] + 1, np.where(calm, 0, self.low[peer]))
        better = np.where(value >= BACK * self.usual[peer], self.back[peer] + 1, 0)
        back = np.where(few, 0, np.where(lost, better, self.back[peer]))
        over: npt.NDArray[np.bool_] = lost & (back >= SAMPLES)
        for moment, begun in ((self.low_since_ms, few & (low == 1)), (self.back_since_ms, lost & (back == 1))):
            moment[peer[begun]] = since_ms[begun]
        self.open[peer] = (self.open[peer] & ~over) | (few & (low >= SAMPLES))
        self.low[peer], self.back[peer] = np.where(over, 0, low), back
        at = peer[calm]
        self.usual[at] += (value[calm] - self.usual[at]) / np.minimum(self.seen[at], FORGET)
        return over

    def _finding(self, minute: ClosedMinute, at: int, ended_ms: int | None) -> Finding:
        key = self.peers.names[at]
        kind, peer = key.split("=", 1)
        cause, customers = cause_of(minute.directory, kind, peer, self.customers[at])
        usual, value, seen = round(float(self.usual[at]), 1), float(self.value[at]), int(self.seen[at])
        figure = Figure("registration_loss", "bindings", value, usual, usual * self.left, usual, seen, "count")
        since_ms = int(self.low_since_ms[at])
        return state_finding("registration_loss", key, cause, since_ms, ended_ms, figure, (), customers)

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return {"peers": self.peers.names, "customers": self.customers, "columns": columns}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.peers, self.customers = Interner(state["peers"]), state["customers"]  # type: ignore[arg-type, assignment]
        for name, column in state["columns"].items():  # type: ignore[attr-defined]
            setattr(self, name, column)
