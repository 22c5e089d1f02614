"""The scoreboard: labelled carriers through the watch with default settings, beside other products' rules.

python -m benchmarks.truth [--seeds 121-140] [--only faults] [--write docs/accuracy.md] [--results FILE]
python -m benchmarks.truth score --tickets T.ndjson --truth truth.ndjson
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.truth_delay import delays
from benchmarks.truth_figures import figures, score
from benchmarks.truth_incumbents import POLICIES
from benchmarks.truth_keep import CODE, outcomes
from benchmarks.truth_run import Outcome
from benchmarks.truth_scenarios import SCENARIOS
from benchmarks.truth_table import delay_table, table, written
from benchmarks.truth_targets import target_table
from benchmarks.truth_wrongs import wrongs


def main(given: Sequence[str]) -> int:
    """Run the report, or score two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["report", "score"], default="report")
    parser.add_argument("--seeds", default="121-140", help="first-last; kept apart from the seeds used for tuning")
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="of the scenarios; may be repeated")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path(tempfile.gettempdir()) / "akira-truth",
        metavar="DIR",
        help="where outcomes are kept, so that a run that was broken off goes on",
    )
    parser.add_argument("--write", type=Path, help="page whose table is replaced")
    parser.add_argument("--results", type=Path, help="JSON file that the key figures are merged into")
    parser.add_argument("--tickets", type=Path)
    parser.add_argument("--truth", type=Path)
    args = parser.parse_args(given)
    if args.what == "score":
        if args.tickets is None or args.truth is None:
            parser.error("score needs --tickets and --truth")
        print(json.dumps(score(_lines(args.tickets), _lines(args.truth)), indent=2))
        return 0
    first, _, last = args.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    wanted = {name: SCENARIOS[name] for name in args.only or SCENARIOS}
    runs = outcomes(wanted, seeds, args.keep, args.processes)
    report(runs, args.write, args.results)
    return 0


def report(runs: dict[str, list[Outcome]], page: Path | None, results: Path | None) -> None:
    """Print the table and what was wrong; write page and results where asked."""
    rows: dict[str, dict[str, Any]] = {}
    for name, of_seeds in runs.items():
        rows[f"Akira, {name}"] = figures(of_seeds, lambda outcome: outcome.tickets)
        for policy in POLICIES:
            rows[f"{policy.name}, {name}"] = figures(of_seeds, partial(_of_policy, policy.name))
    late = delays([outcome for of_seeds in runs.values() for outcome in of_seeds])
    text = "\n\n".join((table(rows, runs, _commit()), delay_table(late), target_table(rows, late)))
    print(text)
    print("\n".join(wrongs(runs)))
    if page is not None:
        page.write_text(written(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    if results is not None:
        kept = json.loads(results.read_text(encoding="utf-8"))
        kept["truth"] = {name: row for name, row in rows.items() if name.startswith("Akira")} | {"delay": late}
        results.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _of_policy(name: str, outcome: Outcome) -> list[dict[str, Any]]:
    return outcome.others[name]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _commit() -> str:
    head = _git("rev-parse", "--short", "HEAD")
    return f"{head} with changes" if _git("status", "--porcelain", "--", *CODE) else head


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
