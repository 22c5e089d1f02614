"""The simulator: the same seed the same carrier, the contract's columns and order, a truth line for every kind."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from akira.errors import OperatorError
from akira.simulate.carrier import Carrier
from akira.simulate.faults_edge import RECIPES
from akira.simulate.files import write
from akira.simulate.scenario import Scenario, parse
from pipeline.incidents import TYPE_OF_SIGNAL
from pipeline.intake import validate
from pipeline.records import CDR_SCHEMA, KINDS, MINUTE_MS

SMALL = {"scale": "S", "days_before": 0, "days": 1, "calls_per_day": 20_000}
ROOT = Path(__file__).parents[2]


def carrier(seed: int = 3, **more: object) -> Carrier:
    return Carrier(Scenario.model_validate(SMALL | more), seed)


def records(made: Carrier) -> pl.DataFrame:
    return pl.concat([stretch.cdr for stretch in made.stretches()])


def test_the_same_seed_is_the_same_carrier() -> None:
    first, again, other = records(carrier()), records(carrier()), records(carrier(seed=4))
    assert first.equals(again)
    assert not first.equals(other)


def test_records_hold_the_contract() -> None:
    made = records(carrier())
    assert dict(made.schema) == CDR_SCHEMA
    kept, rejects = validate("cdr", made, "simulated", 1)
    assert rejects == () and len(kept) == len(made)


def test_every_kind_of_fault_has_its_truth() -> None:
    faults = [{"kind": kind, "at": f"{2 + n:02d}:00", "lasts": "30m"} for n, kind in enumerate(RECIPES)]
    made = carrier(faults=faults)
    for _ in made.stretches():
        pass
    truth = made.ledger.truth()
    assert {line["kind"] for line in truth} == set(RECIPES) == set(TYPE_OF_SIGNAL)
    for line in truth:
        assert line["ticket_type"] == TYPE_OF_SIGNAL[str(line["kind"])]
        assert {"id", "severity", "start", "end", "cause", "customers", "tolerated"} <= set(line)


def test_drawn_faults_last_and_overlap_as_asked() -> None:
    def spans(**more: object) -> list[tuple[int, int]]:
        made = carrier(days=2, random={"faults": 40, "confounders": 0, "shortest_min": 3, "longest_min": 9, **more})
        return sorted((fault.start, fault.end) for fault in made.ledger.faults)

    def overlaps(found: list[tuple[int, int]]) -> int:
        return sum(later[0] < one[1] for one, later in pairwise(found))

    assert {(end - start) // MINUTE_MS for start, end in spans()} == set(range(3, 9))
    assert overlaps(spans()) == 0 and overlaps(spans(overlaps=0.1)) in range(1, 10)
    with pytest.raises(OperatorError, match="shortest_min = 9 is more than longest_min = 3"):
        parse("[random]\nshortest_min = 9\nlongest_min = 3", "mine.toml")


def test_a_drawn_fault_may_last_the_whole_day() -> None:
    made = carrier(days=3, random={"faults": 3, "confounders": 0, "shortest_min": 1440, "longest_min": 1440})
    assert [(fault.end - fault.start) // MINUTE_MS for fault in made.ledger.faults] == [1440] * 3


def test_files_of_both_formats_hold_the_same(tmp_path: Path) -> None:
    for form in ("parquet", "ndjson"):
        write(carrier(), tmp_path / form, form)  # type: ignore[arg-type]
    for kind in KINDS:
        columnar = pl.read_parquet(tmp_path / "parquet" / f"{kind}.parquet")
        lines = pl.read_ndjson(tmp_path / "ndjson" / f"{kind}.ndjson", infer_schema_length=None)
        assert len(columnar) == len(lines)


def test_a_mistake_in_a_scenario_is_named() -> None:
    with pytest.raises(OperatorError, match="at = '25:00'"):
        parse('[[faults]]\nkind = "asr_drop"\nat = "25:00"', "mine.toml")
    with pytest.raises(OperatorError, match="no fault is called"):
        carrier(faults=[{"kind": "gremlins"}])


def test_the_simulator_knows_nothing_of_detection() -> None:
    for path in (ROOT / "akira" / "simulate").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith(("detectors", "pipeline.watch", "pipeline.quality")), (path, name)
