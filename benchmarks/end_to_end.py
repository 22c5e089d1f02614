"""Call records to tickets on one core: CDR per core-second from each file format, and the share of each stage.

A busy carrier (500 customers, about 280 calls/s, or as many as asked) is simulated for two hours. The watch learns the
first; the second, in which one terminator fails, is read from files, watched, and its tickets are written to a SQLite
store. A live run takes a checkpoint every few minutes as well: what one costs is told apart. Rival in the same run and
on the same files: polars alone with the fixed rule that such a system replaces, ASR over five minutes below 70 % of the
key's own, for customers, terminators and destinations; it checks no record, knows no duplicate, searches no cause.
Core-seconds are the CPU seconds of all threads:

    POLARS_MAX_THREADS=1 python -m benchmarks.end_to_end [--calls-per-s 830] [--results benchmarks/results.json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import polars as pl
import pyarrow as pa

from akira.settings import Settings
from akira.simulate.carrier import Carrier
from akira.simulate.files import directory_toml, on_wire
from akira.simulate.scenario import Event, Scenario
from akira.timing import Stopwatch
from akira.watching import new_watch
from connectors.archive import ArchiveSource
from connectors.archive_files import ContractFiles
from connectors.archive_inputs import Archive, inputs
from connectors.codec import settle
from connectors.directory_file import load_directory
from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.tickets import Filter, Tickets
from pipeline.directory import Directory
from pipeline.ports import Batch
from pipeline.records import MINUTE_MS
from pipeline.run import Checkpoint, run

FAULT: Final = Event(kind="asr_drop", style="terminator", at="01:20", lasts="30m", strength=0.2)
SCENARIO: Final = Scenario(
    label="busy",
    scale="M",
    start=datetime(2026, 3, 3, 9, tzinfo=UTC),
    days_before=0,
    faults=(FAULT,),
)
USUAL: Final = 280
"""Calls a second."""
FORMS: Final = ("parquet", "ndjson", "ndjson.gz", "ndjson.zst")
KEYS: Final = ("customer", "terminator", "destination")


def prepare(folder: Path, calls_per_s: int) -> None:
    """Two hours of the carrier: `warm.*.parquet`, and the hour that is measured in each of FORMS."""
    if (folder / "cdr.ndjson.zst").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    # mornings have 1.7 times the calls of an hour on average
    carrier = Carrier(SCENARIO.model_copy(update={"calls_per_day": calls_per_s * 50_000}), 1)
    stretches = carrier.stretches()
    for name, stretch in (("warm-", next(stretches)), ("", next(stretches))):
        on_wire("sip", stretch.sip).write_parquet(folder / f"{name}sip.parquet")
        on_wire("cdr", stretch.cdr).write_parquet(folder / f"{name}cdr.parquet")
    on_wire("cdr", stretch.cdr).write_ndjson(folder / "cdr.ndjson")
    (folder / "directory.toml").write_text(directory_toml(carrier.world), encoding="utf-8")
    lines = (folder / "cdr.ndjson").read_bytes()
    for ending, packing in (("gz", "gzip"), ("zst", "zstd")):
        with pa.CompressedOutputStream(str(folder / f"cdr.ndjson.{ending}"), packing) as out:
            out.write(lines)


def learnt(folder: Path, directory: Directory) -> bytes:
    """The snapshot of a watch that has seen the first hour."""
    watch = new_watch(directory, Settings().watch)
    for batch in _source(folder, directory, "warm-", "parquet").read({}):
        watch.feed(batch)
    return watch.snapshot()


def akira(folder: Path, directory: Directory, form: str, snapshot: bytes, timing: Stopwatch) -> dict[str, float]:
    """The measured hour the whole way: how many tickets the store holds, and what a checkpoint at its end costs."""
    with tempfile.TemporaryDirectory() as scratch:
        store = Store.open(f"sqlite:///{scratch}/akira.db")
        journal = Journal(store, Settings().policy)
        watch = new_watch(directory, Settings().watch, snapshot, timing)
        batches = _source(folder, directory, "", form).read({})
        with (
            _timed(ContractFiles, "read", timing, "decode"),
            _timed(settle, "judge", timing, "validate"),
            _timed(journal, "record", timing, "journal"),
            timing("hand over"),
        ):
            for _ in run(batches, watch, journal):
                pass
        start = time.process_time()
        blob = watch.snapshot()
        journal.record([], Checkpoint(blob, {}, watch.clock_ms))
        checkpoint_s = time.process_time() - start
        tickets = len(Tickets(store).page(Filter(), 50).rows)
        store.close()
    return {"tickets": tickets, "checkpoint_core_s": round(checkpoint_s, 2), "checkpoint_mb": round(len(blob) / 1e6, 1)}


def rule(folder: Path, form: str, usual: dict[str, pl.DataFrame]) -> int:
    """The fixed rule over the measured hour; returns how many alerts it wrote."""
    path = folder / f"cdr.{form}"
    columns = [*KEYS, "ended_at", "answered_at"]
    if form == "parquet":
        cdr = pl.read_parquet(path, columns=columns)
    else:
        cdr = pl.scan_ndjson(path).select(columns).collect()
    alerts = 0
    with tempfile.TemporaryFile() as out:
        for key in KEYS:
            recent = (
                _per_minute(cdr, key).rolling("minute", period="5i", group_by=key).agg(pl.col("calls", "answers").sum())
            )
            bad = recent.join(usual[key], on=key).filter(
                pl.col("calls") >= 20, pl.col("answers") < 0.7 * pl.col("asr") * pl.col("calls")
            )
            bad.write_ndjson(out)
            alerts += bad[key].n_unique()
    return alerts


def usual_asr(folder: Path) -> dict[str, pl.DataFrame]:
    """By key: the ASR of each value in the first hour."""
    cdr = pl.read_parquet(folder / "warm-cdr.parquet")
    share = (pl.col("answers").sum() / pl.col("calls").sum()).alias("asr")
    return {key: _per_minute(cdr, key).group_by(key).agg(share) for key in KEYS}


def _per_minute(cdr: pl.DataFrame, key: str) -> pl.DataFrame:
    counted = cdr.group_by(pl.col(key), minute=pl.col("ended_at") // MINUTE_MS).agg(
        calls=pl.len(), answers=pl.col("answered_at").is_not_null().sum()
    )
    return counted.drop_nulls(key).sort(key, "minute")


def _source(folder: Path, directory: Directory, name: str, form: str) -> ArchiveSource:
    files = Archive(cdr=(str(folder / f"{name}cdr.{form}"),), sip=(str(folder / f"{name}sip.parquet"),))
    return ArchiveSource(inputs(files, directory), directory)


def _timed(owner: object, name: str, timing: Stopwatch, stage: str) -> Any:
    """While this lasts, calls of `owner.name` count for `stage`; of a generator each step does."""
    work: Callable[..., Any] = getattr(owner, name)

    def called(*given: object) -> Any:
        with timing(stage):
            made = work(*given)
        return _stepped(made, timing, stage) if isinstance(made, Iterator) else made

    return patch.object(owner, name, called)


def _stepped(batches: Iterator[Batch], timing: Stopwatch, stage: str) -> Iterator[Batch]:
    while True:
        with timing(stage):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def measure(folder: Path) -> dict[str, Any]:
    """By form: CDR per core-second, ours and the rival's, and the shares of the stages."""
    directory = load_directory(folder / "directory.toml")
    rows = pl.scan_parquet(folder / "cdr.parquet").select(pl.len()).collect().item()
    snapshot, usual = learnt(folder, directory), usual_asr(folder)
    found: dict[str, Any] = {"records": rows}
    for form in FORMS:
        timing = Stopwatch(time.process_time)
        told = akira(folder, directory, form, snapshot, timing)
        start = time.process_time()
        alerts = rule(folder, form, usual)
        rival_s = time.process_time() - start
        spent = sum(timing.spent.values())
        by_stage: dict[str, float] = {}
        for (stage, _), seconds in timing.spent.items():
            by_stage[stage] = by_stage.get(stage, 0.0) + seconds
        found[form] = {
            "cdr_per_core_s": round(rows / spent),
            "rival_cdr_per_core_s": round(rows / rival_s),
            "of_rival": round(rival_s / spent, 3),
            "rival_alerts": alerts,
            **told,
            "share": {stage: round(seconds / spent, 3) for stage, seconds in by_stage.items()},
        }
    return found


def main() -> None:
    """Print the figures, and keep them under `end_to_end` in the results."""
    parser = argparse.ArgumentParser(description="Call records to tickets on one core.")
    parser.add_argument("--calls-per-s", type=int, default=USUAL, metavar="N")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "akira-end-to-end", metavar="DIR")
    parser.add_argument("--results", type=Path, metavar="FILE")
    options = parser.parse_args()
    folder = options.keep / f"{options.calls_per_s}"
    prepare(folder, options.calls_per_s)
    found = measure(folder)
    print(json.dumps(found, indent=2))
    if options.results:
        kept = json.loads(options.results.read_text()) if options.results.exists() else {}
        kept["end_to_end" if options.calls_per_s == USUAL else f"end_to_end_{options.calls_per_s}_calls_s"] = found
        options.results.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
