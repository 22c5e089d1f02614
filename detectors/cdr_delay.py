"""Delayed records: a switch's records come late, or do not come at all for a while.

Input: when a record was written out against when its call ended; records per switch and minute.
Method: records later than a minute (setting) against the switch's own rate; and silence: a switch that used to write
and has written nothing for three minutes (setting) while its calls, as far as its counters tell, go on.
Output: `cdr_delayed` on the switch. A silent source opens this, and never closes anything.
Limits: a stuck dialogue's record comes minutes late by nature, a switch may ship its records in bundles, and its clock
may be slow: all that is part of its own rate. A clock that is set back later looks like late records.
Source: operator practice.
"""

from __future__ import annotations

import numpy as np

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.ownrate import OwnRates, Rate
from pipeline.records import MINUTE_MS
from pipeline.rulebook import share_finding, state_finding
from pipeline.samples import each
from pipeline.settings import WatchSettings

LEAST = 10
FLOOR = 0.01
EXAMPLES = 10


class CdrDelay:
    """The share of late records of each switch."""

    name = "cdr_delay"
    kept: tuple[type, ...] = (Rate,)

    def __init__(self, settings: WatchSettings) -> None:
        gates = settings.gates
        self.late_ms = gates.delayed_s * 1000
        self.rates = OwnRates(FLOOR, gates.delayed_share, LEAST, settings.hold.soak_min, settings.evidence)

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        rows, found = minute.rows, []
        late = rows.lag_ms > self.late_ms
        for code, switch in enumerate(minute.names_of["switch"]):
            ours = rows.of("switch") == code
            track = self.rates.add(switch, minute.minute, float(ours.sum()), float((ours & late).sum()))
            if track is not None:
                calls = tuple(rows.call_id[int(at)] for at in np.flatnonzero(ours & late)[-EXAMPLES:])
                found.append(share_finding("cdr_delayed", "late records", track, {"switch": (switch,)}, calls))
        return found

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return self.rates.state()

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.rates.load(state)


class Silence:
    """Switches that write no records: how many per minute is usual, and since when there is none."""

    name = "silence"
    kept: tuple[type, ...] = ()

    def __init__(self, settings: WatchSettings) -> None:
        self.silent_min = max(1, round(settings.hold.silent_s / 60))
        self.support = settings.gates.traffic_support
        self.usual: dict[str, float] = {}
        self.quiet: dict[str, tuple[int, int]] = {}
        """Of each switch: the first minute without a record, and how many of such passed while time went on."""
        self.open: dict[str, int] = {}
        self.calls: dict[str, float] = {}
        """The last `invites` sample of each switch."""

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        for sample in each(minute.samples("invites")):
            if sample.own:
                self.calls[sample.switch] = sample.value
        found = []
        for switch in sorted(set(minute.switches) | set(self.usual)):
            records = minute.switches.get(switch, 0)
            if records:
                if switch in self.open:
                    found.append(self._finding(switch, minute.minute * MINUTE_MS))
                    del self.open[switch]
                self.quiet.pop(switch, None)
                usual = self.usual.get(switch)
                self.usual[switch] = float(records) if usual is None else usual + (records - usual) / 30
            elif switch in self.usual:
                since, silent = self.quiet.get(switch, (minute.minute, 0))
                silent += minute.fresh
                if silent:
                    self.quiet[switch] = (since, silent)
                expected = silent * self.usual[switch]
                if switch not in self.open and silent >= self.silent_min and expected >= self.support:
                    if self.calls.get(switch, 1.0) > 0:
                        self.open[switch] = since
                if switch in self.open:
                    found.append(self._finding(switch, None))
        return found

    def _finding(self, switch: str, ended_ms: int | None) -> Finding:
        figure = Figure(
            "cdr_delayed", "records a minute", 0.0, round(self.usual[switch], 2), 0.0, 0.0, self.support, "records"
        )
        return state_finding(
            "cdr_delayed",
            f"silent={switch}",
            {"switch": (switch,)},
            self.open[switch] * MINUTE_MS,
            ended_ms,
            figure,
            (f"source silent: no record from {switch}; the quality of its customers is unknown",),
        )

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"usual": self.usual, "quiet": self.quiet, "open": self.open, "calls": self.calls}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        for name, value in state.items():
            setattr(self, name, value)
