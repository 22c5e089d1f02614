"""The scorer of NAB and the evidence engine on plain series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nab import load, main
from benchmarks.nab_detector import anomaly_scores
from benchmarks.nab_scoring import PROFILES, Profile, Series, score

STANDARD = PROFILES["standard"]
ONE = Series(1_000, [(500, 599)])


def at(*rows: int) -> np.ndarray:
    anomaly = np.zeros(1_000)
    anomaly[list(rows)] = 1.0
    return anomaly


def test_no_detection_is_0_and_the_perfect_one_100() -> None:
    assert score([ONE], [np.zeros(1_000)], STANDARD)[0] == 0.0
    assert score([ONE], [at(500)], STANDARD)[0] == pytest.approx(100.0)


def test_the_earliest_detection_of_a_window_counts() -> None:
    early, late = score([ONE], [at(510)], STANDARD)[0], score([ONE], [at(590)], STANDARD)[0]
    assert 100 > early > late > 50
    assert score([ONE], [at(510, 590, 595)], STANDARD)[0] == early


def test_a_false_detection_costs_its_weight_and_less_just_behind_a_window() -> None:
    far, near = score([ONE], [at(500, 300)], STANDARD)[0], score([ONE], [at(500, 605)], STANDARD)[0]
    assert far == pytest.approx(100 * (2 - 0.11) / 2)
    assert far < near < 100
    assert score([ONE], [at(500, 300)], Profile(false=0.22, missed=1.0))[0] == pytest.approx(100 * (2 - 0.22) / 2)


def test_the_first_rows_count_for_nothing() -> None:
    assert score([ONE], [at(500, 10, 149)], STANDARD)[0] == pytest.approx(100.0)


def test_the_threshold_is_the_best_of_the_corpus() -> None:
    anomaly = at(300) * 0.5
    anomaly[500] = 0.9
    assert score([ONE], [anomaly], STANDARD) == (pytest.approx(100.0), 0.9)


def test_a_jump_and_a_fall_score_above_all_that_was_before() -> None:
    rng = np.random.default_rng(1)
    rise, fall = rng.normal(100, 5, 1_000), rng.normal(100, 5, 800)
    rise[600:], fall[500:] = rise[600:] + 60, fall[500:] - 60
    seconds = np.arange(1_000) * 300
    scores = anomaly_scores([rise, fall], [seconds, seconds[:800]])
    for found, change in zip(scores, (600, 500), strict=True):
        assert int(found.argmax()) - change in range(4)
        assert found.max() > found[50:change].max() + 0.1


def test_a_row_knows_nothing_of_later_ones() -> None:
    values = np.random.default_rng(2).normal(100, 5, 400)
    values[0], values[1] = 200.0, 0.0  # the range is known beforehand
    seconds = np.arange(400) * 300
    other = np.concatenate([values[:300], np.full(100, 150.0)])
    first, second = anomaly_scores([values], [seconds])[0], anomaly_scores([other], [seconds])[0]
    assert np.array_equal(first[:300], second[:300])


def test_a_checkout_is_read_and_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data" / "some").mkdir(parents=True)
    lines = [f"2014-04-10 {row // 60:02d}:{row % 60:02d}:00,{100 if row < 600 else 160}" for row in range(1_000)]
    (tmp_path / "data" / "some" / "a.csv").write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    window = [["2014-04-10 10:00:00.000000", "2014-04-10 11:39:00.000000"]]
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps({"some/a.csv": window}))
    assert load(tmp_path).series[0].windows == [(600, 699)]
    assert main([str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "| Akira's evidence engine | 100.0 | 100.0 | 100.0 |" in told and "1 files, 1,000 rows" in told
