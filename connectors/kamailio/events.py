"""SIP events of a Kamailio script, bare or as `{"received_at": epoch ms, "sip": {…}}`, to samples a minute.

`gateway_down`/`gateway_up` become `up` of the terminator; `acl_denied` is counted by source address; of `register_ok`,
`register_failed` and `registration_expired` the bindings alive and the failures are kept, by trunk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import polars as pl

from connectors.kamailio.callers import Callers
from connectors.rows.json_lines import json_lines
from connectors.rows.times import epoch
from connectors.rows.understanding import ByLine, Read
from pipeline.directory import Directory
from pipeline.intake import judge
from pipeline.intake.limits import RAW_MAX
from pipeline.ports import Reject
from pipeline.records import MINUTE_MS, SIP_SCHEMA

_FIELDS: Final = ("event", "ts", "src_ip", "from", "user", "uri")
_TEXTS: Final[dict[str, pl.DataType]] = dict.fromkeys(_FIELDS, pl.String())
_SHAPE: Final[dict[str, pl.DataType]] = {"received_at": pl.String(), **_TEXTS, "sip": pl.Struct(dict(_TEXTS))}
_KNOWN: Final = (
    "gateway_down",
    "gateway_up",
    "acl_denied",
    "register_ok",
    "register_failed",
    "registration_expired",
)
_PEERS_MOST: Final = 100_000
"""Bindings remembered; a flood of names must not fill the memory."""
_Row = tuple[int, int, str, str, str, str | None, str, float]


class KamailioEvents(ByLine):
    """Counts wait until an event of a later minute closes theirs; the clock is the time of arrival."""

    name = "kamailio"
    joins = True

    def __init__(self, *, switch: str = "default", callers: Callers | None = None) -> None:
        self.switch = switch
        self.callers = Callers() if callers is None else callers
        self._minute: int | None = None
        self._counts: Counter[tuple[str, str, str | None]] = Counter()
        self._bound: dict[str, set[str]] = {}
        self._up: dict[str, float] = {}

    def read(self, data: bytes, source: str, first_line: int, directory: Directory) -> Read:
        """Samples of the minutes that `data` closes, and the changes of gateways in it."""
        rows = json_lines(data, source, first_line, _SHAPE)
        frame = rows.frame.with_columns(
            pl.coalesce(f"in.sip.{name}", f"in.{name}").alias(name) for name in _FIELDS
        ).with_columns(
            pl.coalesce(epoch(pl.col("in.received_at"), 1000), epoch(pl.col("ts"), 1)).alias("at"),
        )
        sound = pl.col("at").is_not_null() & pl.col("event").is_in(_KNOWN)
        rejects = [
            _reject(source, *row)
            for row in frame.filter(~sound.fill_null(False)).select("line", "raw", "at").iter_rows()
        ]
        customers = directory.customer_of_trunk()
        terminators = directory.terminator_of_trunk()
        samples: list[_Row] = []
        for at, event, address, number, user, uri in (
            frame.filter(sound).select("at", "event", "src_ip", "from", "user", "uri").iter_rows()
        ):
            samples += self._close(at // MINUTE_MS, customers)
            if event.startswith("gateway_"):
                samples += self._gateway(at, event == "gateway_up", _terminator(uri or "", terminators))
            elif event == "acl_denied":
                owner = customers.get(address or "") or self.callers.owner(number, at)
                self._counts[("acl_denied", address or "unknown", owner)] += 1
            else:
                self._register(event, address or "unknown", user or "", customers)
        good, _ = judge("sip", _frame(samples))
        return good, tuple(sorted((*rows.rejects, *rejects), key=lambda reject: reject.line or 0))

    def finish(self, source: str, directory: Directory) -> Read:
        """The last minute."""
        if self._minute is None:
            return _frame(()), ()
        return _frame(self._close(self._minute + 1, directory.customer_of_trunk())), ()

    def _gateway(self, at: int, up: bool, terminator: str) -> list[_Row]:
        """The change, with the state before it: an event of change tells both."""
        now = 1.0 if up else 0.0
        known = terminator in self._up
        self._up[terminator] = now
        before = [] if known else [self._sample(at - 1, "terminator", terminator, None, "up", 1.0 - now)]
        return [*before, self._sample(at, "terminator", terminator, None, "up", now)]

    def _register(self, event: str, address: str, user: str, customers: dict[str, str]) -> None:
        bound = self._bound.setdefault(address, set()) if len(self._bound) < _PEERS_MOST else set()
        if event == "register_failed":
            self._counts[("register_failures", address, customers.get(address))] += 1
        elif event == "registration_expired":
            for users in self._bound.values() if address == "unknown" else (bound,):
                users.discard(user)
        elif sum(map(len, self._bound.values())) < _PEERS_MOST:
            bound.add(user)

    def _close(self, minute: int, customers: dict[str, str]) -> list[_Row]:
        """Samples of the open minute, if `minute` is later; an event that comes late counts in the open one."""
        if self._minute is None or minute <= self._minute:
            self._minute = minute if self._minute is None else self._minute
            return []
        at = (self._minute + 1) * MINUTE_MS
        self._minute = minute
        counted = [
            self._sample(at, "trunk", peer, customer, metric, float(count))
            for (metric, peer, customer), count in sorted(self._counts.items(), key=str)
        ]
        self._counts.clear()
        bindings = [
            self._sample(at, "trunk", peer, customers.get(peer), "registrations", float(len(users)))
            for peer, users in sorted(self._bound.items())
        ]
        states = [self._sample(at, "terminator", peer, None, "up", now) for peer, now in sorted(self._up.items())]
        return [*counted, *bindings, *states]

    def _sample(self, at: int, kind: str, peer: str, customer: str | None, metric: str, value: float) -> _Row:
        return (at, MINUTE_MS, self.switch, peer, kind, customer, metric, value)


def _frame(samples: Iterable[_Row]) -> pl.DataFrame:
    return pl.DataFrame(list(samples), schema=SIP_SCHEMA, orient="row")


def _reject(source: str, line: int, raw: str, at: int | None) -> Reject:
    if at is None:
        return Reject(
            source, line, "received_at", "bad_time", "epoch milliseconds, or `ts` in epoch seconds", raw[:RAW_MAX]
        )
    return Reject(source, line, "event", "bad_value", "one of " + ", ".join(_KNOWN), raw[:RAW_MAX])


def _terminator(uri: str, terminators: dict[str, str]) -> str:
    """The terminator behind `OPTIONS sip:192.0.2.1:5060;transport=udp`: by address and port, else by address."""
    address = uri.rpartition(" ")[2].removeprefix("sips:").removeprefix("sip:").split(";")[0].rpartition("@")[2]
    host = address.rpartition(":")[0] or address
    return terminators.get(address) or terminators.get(host) or address or "unknown"
