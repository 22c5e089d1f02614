"""Each rule between signals is needed: without it, the story that is named beside it does not hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from akira.stories import telling
from akira.stories.story import read
from akira.stories.telling import tell, wrong
from pipeline.correlate import case, correlator, facts, lead, platform, relate
from pipeline.correlate.case import Case
from pipeline.correlate.correlator import Correlator
from pipeline.quality.recent import Recent
from pipeline.settings import HoldSettings, WatchSettings
from pipeline.severity import Facts
from pipeline.traffic import traffic
from pipeline.watch.watch import Watch

Patch = pytest.MonkeyPatch
Without = Callable[[Patch], None]

JOINS = {
    "peers hit together": "two_trunks_down",
    "blocked customers' calls": "blocked_traffic",
    "a stranger denied, a customer silent": "stranger_denied",
    "re-routed calls ring late": "failover_pdd",
    "one signal explains the other": "shorter_talk_later",
    "the same question again": "two_blocked_apart",
    "a part by the other measure": "part_by_other_measure",
    "began together": "dead_and_unreachable",
}
AFTER = {"it is back": "flap"}
SCRIPTED = {"what is left of it", "silent since it was denied", "the outage's calls still show"}
"""Told in findings, `tests/correlate/test_after.py`: when a search narrows, or denials pause, no story can say."""
YIELDS = {"route_failover": "failover_in_vain", "cdr_missing": "late_and_gaps"}


def _always_on_time(watch: Watch, *given: object) -> object:
    return AMOUNTS(watch, *given[:2], False)  # type: ignore[arg-type]


AMOUNTS = Watch._amounts


def _delay_inhibits(patch: Patch) -> None:
    patch.setattr(Watch, "_amounts", _always_on_time)
    patch.setattr(traffic, "switch_silent", lambda *given: False)


def _by_attempts(recent: Recent, since: int) -> tuple[float, float]:
    span = recent.span("asr", since)
    return float(np.sum(span.expected - span.hits)), float(span.expected.sum())


OTHERS: dict[str, tuple[Without, str]] = {
    "a late switch shows nothing by its amounts": (_delay_inhibits, "silent_then_late"),
    "a switch that writes no record in time shows nothing by its traffic": (
        lambda patch: patch.setattr(traffic, "switch_silent", lambda *given: False),
        "lost_all_records",
    ),
    "recovery is shown for a while": (
        lambda patch: patch.setattr(telling, "WatchSettings", lambda: WatchSettings(hold=HoldSettings(soak_min=1))),
        "short_relief",
    ),
    "half of the answers gone is the platform": (
        lambda patch: patch.setattr(platform, "_answers", lambda recent, since: (0.0, 100.0)),
        "platform",
    ),
    "answers are counted by the call": (
        lambda patch: patch.setattr(platform, "_answers", _by_attempts),
        "failover_in_vain",
    ),
    "all peers unreachable is the platform": (
        lambda patch: patch.setattr(platform, "_everything_unreachable", lambda findings, peers: []),
        "all_unreachable",
    ),
    "a dead terminator whose calls are carried fails over": (
        lambda patch: patch.setattr(correlator, "failovers", lambda *given: []),
        "quiet_failover",
    ),
    "what failover saves is held against what is missing": (
        lambda patch: patch.setattr(correlator, "carried", lambda *given: True),
        "loop",
    ),
    "the platform takes in what fails in its outage": (
        lambda patch: patch.setattr(Correlator, "_within_platform", lambda *given: None),
        "platform_part",
    ),
    "the platform takes in what failed just before as a child": (
        lambda patch: patch.setattr(Correlator, "_adopt", lambda self, now_ms: None),
        "platform_takes_children",
    ),
    "two tickets of one minute are one": (
        lambda patch: patch.setattr(Correlator, "_unite", lambda *given: None),
        "failover_pdd",
    ),
    "what is over does not lead for ever": (
        lambda patch: patch.setattr(case, "LINGER_MS", 10**9),
        "platform_outlasted",
    ),
    "who was blocked is not blocked": (
        lambda patch: patch.setattr(facts, "_balance", lambda case, *_: Facts(customers=5, blocked=5)),
        "balance_upgrade",
    ),
    "a part that stands out later does not name the fault": (
        lambda patch: patch.setattr(lead, "_later_part", lambda part, whole: False),
        "part_by_other_measure",
    ),
    "a lower grade waits": (
        lambda patch: patch.setattr(Case, "grade", _at_once),
        "balance_flips",
    ),
}


def _at_once(told: Case, severity: object, why: str, *_: object) -> None:
    told.severity, told.why = severity, why  # type: ignore[assignment]


def _row_out(module: object, table: str, name: str) -> Without:
    rows = getattr(module, table)
    left = tuple(row for row in rows if name not in (row if isinstance(row, tuple) else (row.name,)))
    assert len(left) == len(rows) - 1
    return lambda patch: patch.setattr(module, table, left)


CASES: dict[str, tuple[Without, str]] = {
    **{name: (_row_out(relate, "TABLE", name), story) for name, story in JOINS.items()},
    **{name: (_row_out(relate, "AFTER", name), story) for name, story in AFTER.items()},
    **{f"{name} yields": (_row_out(lead, "YIELDS", name), story) for name, story in YIELDS.items()},
    **OTHERS,
}


def test_every_row_has_its_story() -> None:
    assert {row.name for row in relate.TABLE} == set(JOINS)
    assert {row.name for row in relate.AFTER} == set(AFTER) | SCRIPTED
    assert {name for name, *_ in lead.YIELDS} == set(YIELDS)


@pytest.mark.parametrize("rule", CASES)
def test_without_the_rule_its_story_does_not_hold(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without, name = CASES[rule]
    path = Path(__file__).parent / f"{name}.scn"
    story = read(path.read_text(encoding="utf-8"), path.name)
    without(monkeypatch)
    assert wrong(story, tell(story)) != []
