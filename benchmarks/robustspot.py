"""RobustSpot RS: 135 live-stream incidents with the operator's cause; does `akira explain` name it?

DATA_DIR holds anomaly.yaml and a CSV a case (data/RS of https://github.com/shaido987/riskloc, not part of this
repository). Every method gets the minute of the incident and the four minutes before it. Settings were tuned on the
even-numbered cases (`--tune`); docs/explain.md says why the odd ones are no untouched hold-out. With `--rival
CHECKOUT` of that repository RobustSpot runs in the same run (it needs the packages pandas and kneed). Times are CPU
milliseconds a case.

    python -m benchmarks.robustspot DATA_DIR [--rival CHECKOUT] [--tune] [--results benchmarks/results.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from akira.commands.explain import settings
from akira.leaf_table import Columns, leaves, table_of
from pipeline.explain import Settings, rank

Element = frozenset[tuple[str, str]]
Method = Callable[["Case"], tuple[list[set[Element]], float]]
HISTORY_MIN = 4


@dataclass(frozen=True)
class Case:
    """One incident: its name, the minute, the minutes before, and the operator's causes."""

    name: str
    directory: Path
    dims: tuple[str, ...]
    now: pl.DataFrame
    before: pl.DataFrame
    truth: set[Element]


@dataclass(frozen=True)
class Score:
    """Per case: is the first reading right, is any of three; sums for the set-F1 of the first reading; CPU ms."""

    top_1: np.ndarray
    any_3: np.ndarray
    right: np.ndarray
    named: np.ndarray
    true: np.ndarray
    cpu_ms: np.ndarray

    def figures(self, cases: slice) -> dict[str, float]:
        """The figures over some of the cases."""
        f1 = 2 * self.right[cases].sum() / (self.named[cases].sum() + self.true[cases].sum())
        return {
            "cases": len(self.top_1[cases]),
            "top_1": round(float(self.top_1[cases].mean()), 3),
            "any_3": round(float(self.any_3[cases].mean()), 3),
            "f1": round(float(f1), 3),
            "cpu_ms_median": round(float(np.median(self.cpu_ms[cases])), 1),
        }


def load(directory: Path) -> list[Case]:
    """All cases in the order of anomaly.yaml."""
    cases = []
    for entry in yaml.safe_load((directory / "anomaly.yaml").read_text("utf-8")):
        rows = pl.read_csv(directory / f"{entry['data']}.csv")
        dims = tuple(c for c in rows.columns if c not in ("min", "value", "cnt"))
        at = entry["timestamp"]
        causes = entry["cause"] if isinstance(entry["cause"], list) else [entry["cause"]]
        truth = {frozenset((dim, str(value)) for dim, value in cause.items()) for cause in causes}
        before = rows.filter(pl.col("min").is_between(at - 60 * HISTORY_MIN, at - 60))
        cases.append(Case(entry["data"], directory, dims, rows.filter(pl.col("min") == at), before, truth))
    return cases


def akira(chosen: Settings) -> Method:
    """`akira explain` without reading and printing."""

    def run(case: Case) -> tuple[list[set[Element]], float]:
        columns = Columns(case.dims, "value", "cnt", "min")
        path = case.directory / f"{case.name}.csv"
        now, before = table_of(case.now, path, columns), table_of(case.before, path, columns)
        start = time.process_time()
        found = rank(leaves(now, [before], columns), chosen, 3)
        spent = time.process_time() - start
        return [_elements(one.cause) for one in found], spent

    return run


def robustspot(checkout: Path, top: int) -> Method:
    """RobustSpot as kept in the riskloc repository, with that repository's own preparation of the data."""
    sys.path.insert(0, str(checkout))
    from algorithms.robustspot.robustspot import robustspot as localise  # type: ignore[import-not-found]
    from utils.robustspot_data_utils import read_rs_dataframe  # type: ignore[import-not-found]

    def run(case: Case) -> tuple[list[set[Element]], float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame, attributes, _, _ = read_rs_dataframe(str(case.directory), case.name)
            start = time.process_time()
            causes = localise(frame, attributes, top, True)
            spent = time.process_time() - start
        return [{frozenset((d, str(v)) for d, v in element) for element in cause} for cause in causes], spent

    return run


def judge(cases: list[Case], method: Method) -> Score:
    """Run a method over the cases."""
    rows: list[tuple[Any, ...]] = []
    for case in cases:
        ranked, spent = method(case)
        first = ranked[0] if ranked else set()
        right = len(first & case.truth)
        hit = any(reading & case.truth for reading in ranked[:3])
        rows.append((right > 0, hit, right, len(first), len(case.truth), spent * 1e3))
    return Score(*(np.array(column) for column in zip(*rows, strict=True)))


def mcnemar(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Two-sided exact p that neither of two methods names more causes right, from the cases where they differ."""
    better, worse = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    tail = sum(comb(better + worse, k) for k in range(min(better, worse) + 1)) / 2 ** (better + worse)
    return min(1.0, 2 * tail)


def tune(cases: list[Case]) -> None:
    """Top-1 and any-of-3 of the even cases for every setting of the grid, best first."""
    even = cases[::2]
    outcome = []
    for rho, effect_rho, penalty, share in product((0.005, 0.01, 0.02), (0.01, 0.03, 0.1), (1.0, 2.0), (0.5, 0.9)):
        chosen = replace(
            settings(True), rho=rho, effect_rho=effect_rho, penalty_per_dimension=penalty, list_share=share
        )
        figures = judge(even, akira(chosen)).figures(slice(None))
        outcome.append((figures["top_1"], figures["any_3"], rho, effect_rho, penalty, share))
    print("top-1  any-3  rho    effect_rho  penalty  list_share")
    for top_1, any_3, *rest in sorted(outcome, reverse=True):
        print(f"{top_1:.3f}  {any_3:.3f}  " + "  ".join(f"{value:g}" for value in rest))


def report(cases: list[Case], checkout: Path | None) -> dict[str, Any]:
    """Figures of all methods, even (tuned on), odd (the report) and all cases."""
    methods = {"akira": akira(settings(True))}
    if checkout:
        methods["robustspot"] = robustspot(checkout, 3)
    scores = {name: judge(cases, method) for name, method in methods.items()}
    parts = {"even": slice(0, None, 2), "odd": slice(1, None, 2), "all": slice(None)}
    result: dict[str, Any] = {n: {p: s.figures(where) for p, where in parts.items()} for n, s in scores.items()}
    if checkout:
        ours, theirs = scores["akira"], scores["robustspot"]
        result["top_1_mcnemar_p"] = {p: round(mcnemar(ours.top_1[w], theirs.top_1[w]), 4) for p, w in parts.items()}
    return result


def _elements(cause: dict[str, tuple[str, ...]]) -> set[Element]:
    """A list-valued cause as the set of its single-valued ones, the form of the labels."""
    return {frozenset(zip(cause, values, strict=True)) for values in product(*cause.values())}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rival", type=Path, metavar="CHECKOUT")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--results", type=Path, metavar="FILE")
    options = parser.parse_args()
    cases = load(options.data)
    if options.tune:
        tune(cases)
        return
    result = report(cases, options.rival)
    for method, parts in result.items():
        for part, figures in parts.items():
            print(f"{method:16} {part:5} {figures}")
    if options.results:
        kept = json.loads(options.results.read_text()) if options.results.exists() else {}
        kept["robustspot_rs"] = result
        options.results.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
