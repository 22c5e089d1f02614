"""Outcomes kept on disk: what is done is not done again, and another code, scenario or seed is another outcome."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from akira.simulate.scenario import Scenario
from benchmarks import truth_keep
from benchmarks.truth_run import Outcome
from pipeline.settings import EvidenceSettings, WatchSettings

TINY = Scenario(days_before=0, calls_per_day=1_000)


def test_a_key_follows_everything_that_an_outcome_follows_from() -> None:
    settings = WatchSettings()
    stricter = WatchSettings(evidence=EvidenceSettings(false_tickets_per_day=0.1))
    first = truth_keep.key("code", TINY, settings, 1)
    assert first == truth_keep.key("code", TINY, settings, 1)
    others = {
        truth_keep.key("other", TINY, settings, 1),
        truth_keep.key("code", Scenario(days_before=1), settings, 1),
        truth_keep.key("code", TINY, stricter, 1),
        truth_keep.key("code", TINY, settings, 2),
    }
    assert len(others) == 4 and first not in others


def test_what_is_kept_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth_keep, "code_digest", lambda: "code")
    kept = Outcome(7, 0, 0, 3, [{"id": "INC-1"}], [], {"fixed": []})
    place = tmp_path / f"{truth_keep.key('code', TINY, WatchSettings(), 7)}.json"
    place.write_text(json.dumps(dataclasses.asdict(kept)))
    assert truth_keep.outcomes({"tiny": TINY}, [7], tmp_path, 1) == {"tiny": [kept]}


@pytest.mark.slow
def test_what_is_not_kept_is_run_and_kept(tmp_path: Path) -> None:
    [outcome] = truth_keep.outcomes({"tiny": TINY}, [7], tmp_path, 1)["tiny"]
    assert outcome.seed == 7 and outcome.slices > 0
    [place] = tmp_path.iterdir()
    assert truth_keep.read(place) == outcome
