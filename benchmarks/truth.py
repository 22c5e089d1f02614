"""The scoreboard: labelled carriers through the watch with default settings, beside other products' rules.

python -m benchmarks.truth [--seeds 101-106] [--write docs/accuracy.md] [--results benchmarks/results.json]
python -m benchmarks.truth score --tickets T.ndjson --truth truth.ndjson
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from akira.scoring import match
from akira.simulate.scenario import Draw, Scenario
from benchmarks.truth_figures import figures, score
from benchmarks.truth_incumbents import POLICIES, tickets
from benchmarks.truth_run import Outcome, simulate
from benchmarks.truth_table import table, written

_BASE: Final = Scenario(days_before=2, calls_per_day=100_000)
SCENARIOS: Final = {
    "faults": _BASE.model_copy(update={"random": Draw(faults=12, confounders=4)}),
    "no faults": _BASE.model_copy(update={"random": Draw(faults=0, confounders=11)}),
}


def main(given: Sequence[str]) -> int:
    """Run the report, or score two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["report", "score"], default="report")
    parser.add_argument("--seeds", default="101-106", help="first-last; kept apart from the seeds used for tuning")
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
    runs = {
        name: [simulate(scenario, seed) for seed in range(int(first), int(last or first) + 1)]
        for name, scenario in SCENARIOS.items()
    }
    report(runs, args.write, args.results)
    return 0


def report(runs: dict[str, list[Outcome]], page: Path | None, results: Path | None) -> None:
    """Print the table and what was wrong; write page and results where asked."""
    rows: dict[str, dict[str, Any]] = {}
    for name, outcomes in runs.items():
        rows[f"Akira, {name}"] = figures(outcomes, lambda outcome: outcome.tickets)
        for policy in POLICIES:
            rows[f"{policy.name}, {name}"] = figures(outcomes, partial(tickets, policy))
    text = table(rows, runs, _commit())
    print(text)
    print("\n".join(wrongs(runs)))
    if page is not None:
        page.write_text(written(page.read_text(encoding="utf-8"), text), encoding="utf-8")
    if results is not None:
        kept = json.loads(results.read_text(encoding="utf-8"))
        kept["truth"] = {name: row for name, row in rows.items() if name.startswith("Akira")}
        results.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def wrongs(runs: dict[str, list[Outcome]]) -> list[str]:
    """One line for each fault missed or mislabelled, and each false ticket."""
    lines = []
    for name, outcomes in runs.items():
        for outcome in outcomes:
            held = match(outcome.tickets, outcome.truth)
            for m in held.matches:
                right = (len(m.tickets), m.cause_exact, m.severity_exact)
                if right != (1, True, True):
                    told = [(t["signals"], t["cause"], t["severity"]) for t in m.tickets]
                    fault = (m.fault["kind"], m.fault["cause"], m.fault["severity"], m.fault["strength"])
                    lines.append(f"{name} {outcome.seed} {fault}: {told or 'missed'}")
            for t in held.false:
                lines.append(f"{name} {outcome.seed} false: {t['signals']} {t['cause']} {t['severity']}")
    return lines


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
