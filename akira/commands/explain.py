"""`akira explain`: what is behind the change of a table of counts against earlier minutes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from akira.errors import OperatorError

if TYPE_CHECKING:
    from pipeline.explain import Found, Settings

MOST_DIMS: Final = 12
MOST_TOP: Final = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    now: Annotated[Path, typer.Argument(help="Counts of now: CSV or Parquet, one row a leaf.")],
    before: Annotated[list[Path], typer.Option("--before", help="Earlier minutes, same columns; may be repeated.")],
    dims: Annotated[str, typer.Option("--dims", help="Columns that slice the counts, with commas: cdn,isp,device.")],
    count: Annotated[str, typer.Option("--count", help="Column to explain, such as failures.")],
    total: Annotated[str | None, typer.Option("--total", help="Column it is out of, such as attempts.")] = None,
    minute: Annotated[str | None, typer.Option("--minute", help="Column that tells minutes apart.")] = None,
    direction: Annotated[
        Literal["up", "down", "both"], typer.Option("--direction", help="Which change matters.")
    ] = "both",
    depth: Annotated[int, typer.Option("--depth", min=1, max=4, help="Most dimensions a cause may name.")] = 3,
    top: Annotated[int, typer.Option("--top", min=1, max=MOST_TOP, help="How many readings to show.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """Rank the slices that best explain why the counts of NOW are not what the minutes before let expect."""
    from akira.leaf_table import Columns, leaves, read_table
    from pipeline.explain import rank

    columns = Columns(_split(dims), count, total, minute)
    table = leaves(read_table(now, columns), [read_table(path, columns) for path in before], columns)
    found = rank(table, settings(total is not None, direction, depth), top)
    if as_json:
        typer.echo(json.dumps([_row(one, total is not None) for one in found], ensure_ascii=False))
    else:
        _show(found)


def settings(of_total: bool, direction: Literal["up", "down", "both"] = "both", depth: int = 3) -> Settings:
    """Settings for tables of any origin, tuned on the even cases of RobustSpot RS (docs/explain.md)."""
    from pipeline.explain import Settings

    return Settings(
        depth=depth,
        direction=direction,
        penalty_per_dimension=1.0,
        list_share=0.5,
        rho=0.01 if of_total else 0.05,
        effect_rho=0.03 if of_total else 0.1,
        count_model="binomial" if of_total else "poisson",
    )


def _split(dims: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in dims.split(",") if name.strip())
    if not 0 < len(names) <= MOST_DIMS or len(set(names)) < len(names):
        raise OperatorError(f"--dims is {dims!r}", f"would be right: 1 to {MOST_DIMS} different columns, with commas")
    return names


def _row(found: Found, of_total: bool) -> dict[str, object]:
    numbers = ("score", "observed", "expected", *(("total",) if of_total else ()), "explained")
    return {"cause": found.cause, **{name: round(float(getattr(found, name)), 4) for name in numbers}}


def _show(found: list[Found]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not found:
        typer.echo("nothing stands out: every slice is as the minutes before let expect")
        return
    table = Table("cause", "observed", "expected", "explains", "score")
    for one in found:
        place = " and ".join(f"{dim} = {', '.join(names)}" for dim, names in one.cause.items()) or "everything"
        table.add_row(place, f"{one.observed:g}", f"{one.expected:.1f}", f"{one.explained:.0%}", f"{one.score:.1f}")
    Console(markup=False, highlight=False).print(table)
