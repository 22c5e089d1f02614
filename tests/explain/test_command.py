"""`akira explain` over files: the JSON of the contract, every way to give earlier minutes, and clear refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from akira.cli import build
from akira.errors import OperatorError

DIMS = "cdn,isp,device"


def minute(at: int, broken: bool, seed: int) -> pl.DataFrame:
    """One minute of viewers: 2 % of them stall, on cdn 5 with p2p off half of them when it is broken."""
    draw = np.random.default_rng(seed)
    rows = [
        {"cdn": cdn, "isp": isp, "device": device, "minute": at}
        for cdn in (3, 5, 7)
        for isp in ("north", "south", "é,west")
        for device in ("tv", "web", "ios", "adr")
    ]
    views = draw.integers(60, 300, len(rows))
    rate = [0.5 if broken and row["cdn"] == 5 and row["device"] == "tv" else 0.02 for row in rows]
    return pl.DataFrame(rows).with_columns(stalls=draw.binomial(views, rate), views=views)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """now, before (four minutes with their column), the same without it, as Parquet, and one a minute."""
    earlier = [minute(at, False, at) for at in range(4)]
    paths = {name: tmp_path / f"{name}.csv" for name in ("now", "before", "plain", "first", "second")}
    minute(9, True, 9).drop("minute").write_csv(paths["now"])
    pl.concat(earlier).write_csv(paths["before"])
    pl.concat(earlier).drop("minute").write_csv(paths["plain"])
    pl.concat(earlier[:2]).write_csv(paths["first"])
    pl.concat(earlier[2:]).write_csv(paths["second"])
    paths["parquet"] = tmp_path / "before.parquet"
    pl.concat(earlier).write_parquet(paths["parquet"])
    return paths


def call(*arguments: object) -> Any:
    """The parsed JSON the command prints; an OperatorError is raised as it is."""
    done = CliRunner().invoke(
        build(("explain",)), ["explain", *(str(a) for a in arguments), "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rates(files: dict[str, Path], *before: str) -> Any:
    """The answer for stalls out of views."""
    options = [part for name in before for part in ("--before", files[name])]
    return call(files["now"], *options, "--dims", DIMS, "--count", "stalls", "--total", "views")


def test_the_json_of_the_contract(files: dict[str, Path]) -> None:
    first = rates(files, "before")[0]
    assert set(first) == {"cause", "score", "observed", "expected", "total", "explained"}
    assert first["cause"] == {"cdn": ["5"], "device": ["tv"]}
    assert first["observed"] > 5 * first["expected"]
    assert 0.5 < first["explained"] <= 1


def test_every_way_to_give_earlier_minutes_says_the_same(files: dict[str, Path]) -> None:
    answer = rates(files, "before")
    assert rates(files, "plain") == answer
    assert rates(files, "parquet") == answer
    assert rates(files, "first", "second") == answer
    assert rates(files, "second", "first") == answer


@pytest.mark.parametrize("before", [("before",), ("plain",), ("first", "second")])
def test_pure_counts_are_compared_a_minute(files: dict[str, Path], before: tuple[str, ...]) -> None:
    options = [part for name in before for part in ("--before", files[name])]
    first = call(files["now"], *options, "--dims", DIMS, "--count", "stalls", "--top", 1)
    assert [one["cause"] for one in first] == [{"cdn": ["5"], "device": ["tv"]}]
    assert "total" not in first[0]
    was = pl.read_csv(files["before"]).filter((pl.col("cdn") == 5) & (pl.col("device") == "tv"))["stalls"].sum() / 4
    assert first[0]["expected"] == pytest.approx(was, rel=0.3)


def test_nothing_stands_out_of_a_minute_like_the_others(files: dict[str, Path]) -> None:
    minute(5, False, 5).drop("minute").write_csv(files["now"])
    assert rates(files, "before") == []
    done = CliRunner().invoke(
        build(("explain",)),
        ["explain", str(files["now"]), "--before", str(files["before"]), "--dims", DIMS, "--count", "stalls"]
        + ["--total", "views"],
    )
    assert "nothing stands out" in done.output


def test_the_table_for_people(files: dict[str, Path]) -> None:
    done = CliRunner().invoke(
        build(("explain",)),
        ["explain", str(files["now"]), "--before", str(files["before"]), "--dims", DIMS, "--count", "stalls"]
        + ["--total", "views"],
    )
    assert "cdn = 5 and device = tv" in done.output


def edited(path: Path, row: int, **values: object) -> Path:
    """The CSV with some values of one row replaced."""
    frame = pl.read_csv(path, infer_schema=False)
    rows = frame.to_dicts()
    rows[row] |= {name: None if value is None else str(value) for name, value in values.items()}
    pl.DataFrame(rows, schema=frame.schema).write_csv(path)
    return path


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stalls": -1}, "row 3: stalls is '-1'"),
        ({"stalls": "many"}, "row 3: stalls is 'many'"),
        ({"views": "inf"}, "row 3: views is 'inf'"),
        ({"views": None}, "row 3: views is None"),
        ({"stalls": 7, "views": 5}, "row 3: stalls is 7 of views 5"),
    ],
)
def test_a_wrong_number_names_file_row_and_column(files: dict[str, Path], values: dict[str, object], said: str) -> None:
    edited(files["now"], 2, **values)
    with pytest.raises(OperatorError) as wrong:
        rates(files, "before")
    assert said in wrong.value.message and "now.csv" in wrong.value.message
    assert "would be right" in wrong.value.hint


def test_an_empty_cell_of_a_dimension_is_absent(files: dict[str, Path]) -> None:
    edited(files["now"], 2, isp=None)
    assert rates(files, "before")[0]["cause"] == {"cdn": ["5"], "device": ["tv"]}


@pytest.mark.parametrize(
    ("dims", "count", "said"),
    [("cdn,nope", "stalls", "no column nope"), ("cdn", "nope", "no column nope"), ("cdn,cdn", "stalls", "--dims")],
)
def test_a_wrong_column_is_named(files: dict[str, Path], dims: str, count: str, said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        call(files["now"], "--before", files["before"], "--dims", dims, "--count", count)


def test_files_that_cannot_be_read_are_named(files: dict[str, Path], tmp_path: Path) -> None:
    for name, content, said in (
        ("absent.csv", None, "no such file"),
        ("empty.csv", "", "cannot be read"),
        ("header.csv", "cdn,isp,device,stalls,views\n", "0 rows"),
        ("table.xlsx", "x", "unknown kind of file"),
        ("broken.parquet", "PAR1 not really", "cannot be read"),
    ):
        path = tmp_path / name
        if content is not None:
            path.write_text(content)
        with pytest.raises(OperatorError, match=said) as wrong:
            rates({**files, "bad": path}, "bad")
        assert name in wrong.value.message


def test_earlier_minutes_without_traffic_are_refused(files: dict[str, Path]) -> None:
    frame = pl.read_csv(files["before"]).with_columns(stalls=0, views=0)
    frame.write_csv(files["before"])
    with pytest.raises(OperatorError, match="views is 0 in every row"):
        rates(files, "before")
