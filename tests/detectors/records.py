"""A few records by hand, as the detectors see them: columns for questions, closed minutes for rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from pipeline.answers import Sources
from pipeline.directory import Customer, Directory, Terminator
from pipeline.findings import ClosedMinute, Finding, Rule
from pipeline.names import Names
from pipeline.questions import Window
from pipeline.records import BALANCE_SCHEMA, CDR_SCHEMA, MINUTE_MS, SIP_SCHEMA
from pipeline.rows import Flags, Rows, build
from pipeline.samples import by_metric
from pipeline.settings import DefinitionSettings, WatchSettings

T0 = 29_925_280
"""The minute that tests count from."""
AT = T0 * MINUTE_MS
DIRECTORY = Directory(
    customers=(Customer(id="acme", trunks=("in-1",)),),
    terminators=(Terminator(id="term-a", egress_trunks=("out-1",)),),
)
Record = dict[str, Any]


def call(code: int = 200, *, pdd: int | None = 1000, talk: int = 30_000, **more: Any) -> Record:
    """An attempt set up at `AT`: answered when `code` is 200; `pdd` None did not ring. Times in ms."""
    rang = None if pdd is None else AT + pdd
    answered = (rang or AT) + 500 if code == 200 else None
    ended = answered + talk if answered is not None else (rang or AT) + 2000
    record = {
        "call_id": "c",
        "attempt": 1,
        "last_attempt": True,
        "switch": "sw-1",
        "customer": "acme",
        "terminator": "term-a",
        "destination": "Alpha",
        "setup_at": AT,
        "ringing_at": rang,
        "answered_at": answered,
        "ended_at": ended,
        "sip_code": code or None,
    }
    record |= more
    return {"emitted_at": record["ended_at"]} | record


def frame(records: Sequence[Record]) -> pl.DataFrame:
    """Contract columns."""
    numbered = [r | {"call_id": f"c-{n}"} if r["call_id"] == "c" else r for n, r in enumerate(records)]
    return pl.DataFrame(numbered, schema=CDR_SCHEMA)


def rows(
    *records: Record,
    retry: Sequence[int] = (),
    names: Names | None = None,
    definitions: DefinitionSettings | None = None,
) -> Rows:
    """The attempts; those at the places `retry` repeat an earlier one."""
    table = frame(records)
    again: Flags = np.isin(np.arange(len(table)), list(retry))
    return build(table, names or Names(), again, Sources(definitions or DefinitionSettings()))


def window(total: float, hits: float, expected: float, inside: Rows | None = None, **more: Any) -> Window:
    """What was seen inside a cause."""
    return Window(total, hits, expected, rows() if inside is None else inside, **more)


def sample(metric: str, value: float, **more: Any) -> Record:
    """A SIP sample."""
    return {"interval_ms": MINUTE_MS, "switch": "sw-1", "peer_kind": "switch", "metric": metric, "value": value} | more


class Story:
    """Feeds one rule minute by minute and keeps what it finds."""

    def __init__(self, rule: type[Rule], settings: WatchSettings | None = None) -> None:
        self.settings = settings or WatchSettings()
        self.kind = rule
        self.rule: Rule = rule(self.settings)  # type: ignore[call-arg]
        self.names = Names()
        self.minute = T0

    def step(
        self,
        *records: Record,
        sip: Sequence[Record] = (),
        balance: Sequence[Record] = (),
        copies: dict[str, int] | None = None,
        fresh: bool = True,
    ) -> list[Finding]:
        """One minute: its findings. Samples and events that name no time get the end, or the middle, of the minute."""
        begin = self.minute * MINUTE_MS
        samples = [{"at": begin + MINUTE_MS - 1} | one for one in sip]
        events = [{"at": begin + MINUTE_MS // 2} | one for one in balance]
        table = frame(records)
        inside = build(table, self.names, np.zeros(len(table), np.bool_), Sources(self.settings.definitions))
        counts = dict.fromkeys(self.names.lists["switch"], 0) | dict(table["switch"].value_counts().iter_rows())
        copied = copies or {}
        closed = ClosedMinute(
            minute=self.minute,
            rows=inside,
            duplicates=copied,
            duplicate_calls={switch: ("copy-1",) for switch in copied},
            sip=by_metric(pl.DataFrame(samples, schema=SIP_SCHEMA), np.array([0, len(samples)]))[0],
            balance=pl.DataFrame(events, schema=BALANCE_SCHEMA),
            switches={switch: n + copied.get(switch, 0) for switch, n in counts.items()},
            fresh=fresh,
            names_of=self.names.lists,
            directory=DIRECTORY,
            settings=self.settings,
        )
        self.minute += 1
        return self.rule.observe(closed)
