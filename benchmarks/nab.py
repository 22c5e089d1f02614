"""The Numenta Anomaly Benchmark: the evidence engine on 58 series that are no calls, scored as all its entries are.

DATA_PATH is a checkout of https://github.com/numenta/NAB (not part of this repository): its `data` and `labels`. Where
it has the outputs of other detectors (`results`), they are scored in the same run with the same scorer. docs/nab.md
says what the figures mean.

    python -m benchmarks.nab DATA_PATH [--results benchmarks/results.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.nab_detector import anomaly_scores
from benchmarks.nab_scoring import PROFILES, Series, score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Scores = dict[str, float]
PUBLISHED: Final[Mapping[str, tuple[str, float, float, float]]] = {
    "ARTime": ("ARTime", 74.9, 65.1, 80.4),
    "numenta": ("Numenta HTM", 70.1, 63.1, 74.3),
    "contextOSE": ("CAD OSE", 69.9, 67.0, 73.2),
    "earthgeckoSkyline": ("earthgecko Skyline", 58.2, 46.2, 63.9),
    "knncad": ("KNN CAD", 58.0, 43.4, 64.8),
    "relativeEntropy": ("Relative Entropy", 54.6, 47.6, 58.8),
    "randomCutForest": ("Random Cut Forest", 51.7, 38.4, 59.7),
    "twitterADVec": ("Twitter ADVec", 47.1, 33.6, 53.5),
    "windowedGaussian": ("Windowed Gaussian", 39.6, 20.9, 47.4),
    "skyline": ("Etsy Skyline", 35.7, 27.1, 44.5),
    "bayesChangePt": ("Bayesian Changepoint", 17.7, 3.2, 32.2),
    "expose": ("EXPoSE", 16.4, 3.2, 26.9),
    "random": ("random", 11.0, 1.2, 19.5),
}
"""Folder in `results`, name, and the scores on NAB's scoreboard (its README, v1.1), profiles in the order of ours."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """All files in order of their names: values, epoch seconds, and the labelled windows."""

    names: tuple[str, ...]
    values: list[Floats]
    at_s: list[Ints]
    series: list[Series]


def load(path: Path) -> Corpus:
    """Read a checkout. Raises OSError when it is none."""
    windows = json.loads((path / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    names = tuple(sorted(windows))
    values, at_s, series = [], [], []
    for name in names:
        rows = pl.read_csv(path / "data" / name)
        at = _seconds(rows["timestamp"])
        limits = [_seconds(pl.Series(limit)) for limit in windows[name]]
        # a clock that was put back gives the same time twice: the first row is meant
        series.append(Series(len(at), [(_first(at, low), _first(at, high)) for low, high in limits]))
        values.append(rows["value"].cast(pl.Float64).to_numpy())
        at_s.append(at)
    return Corpus(names, values, at_s, series)


def published_scores(path: Path, detector: str, corpus: Corpus) -> list[Floats]:
    """The anomaly scores that a detector of the repository gave to every file."""
    found = []
    for name in corpus.names:
        folder, file = name.split("/")
        rows = pl.read_csv(path / "results" / detector / folder / f"{detector}_{file}")
        found.append(rows["anomaly_score"].cast(pl.Float64).to_numpy())
    return found


def scored(corpus: Corpus, scores: Sequence[Floats]) -> Scores:
    """Score by profile."""
    return {name: round(score(corpus.series, scores, profile)[0], 1) for name, profile in PROFILES.items()}


def _seconds(times: pl.Series) -> Ints:
    return times.str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("s").to_numpy()


def _first(at: Ints, wanted: np.int64) -> int:
    return int(np.flatnonzero(at == wanted)[0])


def _row(name: str, here: Scores | None, published: Sequence[float] | None) -> str:
    cells = [f"{here[profile]:.1f}" if here else "–" for profile in PROFILES]
    cells += [f"{value:.1f}" for value in published] if published else ["–"] * len(PROFILES)
    return f"| {name} | " + " | ".join(cells) + " |"


def main(given: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA_PATH")
    parser.add_argument("--results", type=Path, help="JSON file that the key figures are merged into")
    args = parser.parse_args(given)
    corpus = load(args.data)
    began = time.process_time()
    own = anomaly_scores(corpus.values, corpus.at_s)
    rows = sum(len(values) for values in corpus.values)
    micros = (time.process_time() - began) / rows * 1e6
    ours = scored(corpus, own)
    print("| | " + " | ".join(PROFILES) + " | published: " + " | ".join(PROFILES) + " |")
    print("|---" * (2 * len(PROFILES) + 1) + "|")
    print(_row("Akira's evidence engine", ours, None))
    for folder, (name, *published) in PUBLISHED.items():
        there = (args.data / "results" / folder).is_dir()
        print(_row(name, scored(corpus, published_scores(args.data, folder, corpus)) if there else None, published))
    print(f"\n{len(corpus.names)} files, {rows:,} rows, {micros:.1f} µs of CPU a row.")
    if args.results:
        kept = json.loads(args.results.read_text(encoding="utf-8"))
        kept["nab"] = ours | {"cpu_us_per_row": round(micros, 1)}
        args.results.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
