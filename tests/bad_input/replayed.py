"""Archives of the small carrier with something wrong in them, through the door that everybody uses: a replay."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from akira.replaying import Outcome, replay
from connectors.archive_inputs import Archive
from connectors.codec import write
from pipeline.desk.policy import DeskPolicy
from pipeline.directory import Directory
from pipeline.records import MINUTE_MS
from pipeline.settings import WatchSettings
from tests.watch.carrier import DIRECTORY, START_MS

AT_60_MIN = START_MS + 60 * MINUTE_MS


def replayed(folder: Path, frame: pl.DataFrame, directory: Directory = DIRECTORY) -> Outcome:
    """The outcome of the call records alone."""
    path = folder / "cdr.parquet"
    write("cdr", frame, path)
    return of_file(path, directory)


def of_file(path: Path, directory: Directory = DIRECTORY, profile: str = "contract") -> Outcome:
    """The outcome of a file of call records."""
    archive = Archive(cdr=(str(path),), cdr_profile=profile)
    return replay(archive, directory, WatchSettings(), DeskPolicy())


def seen(outcome: Outcome) -> list[tuple[str, dict[str, list[str]]]]:
    """First signal and cause of each ticket."""
    return [(ticket["signals"][0], dict(ticket["cause"])) for ticket in outcome.tickets]


def blank(frame: pl.DataFrame, column: str, where: pl.Expr | bool = True) -> pl.DataFrame:
    """The records with nothing in a column."""
    return frame.with_columns(pl.when(where).then(None).otherwise(pl.col(column)).alias(column))
