"""Feeding: every record once, in order of arrival over all files, at the pace asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from akira.cli import build
from akira.errors import OperatorError
from akira.feeding import Pace, feed
from connectors.codec import decode, write
from pipeline.records import CDR_SCHEMA, SIP_SCHEMA

T0 = 1_760_000_040_000


class Box:
    """Keeps what is sent, with the time it was."""

    def __init__(self, clock: list[float]) -> None:
        self.clock = clock
        self.sent: list[tuple[float, str, bytes]] = []

    def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        self.sent += [(self.clock[0], key, value) for key, value in messages]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, list[Path]]:
    """Two files of calls that interleave, and one of samples."""
    for name, offset in (("cdr-a", 0), ("cdr-b", 500)):
        times = [T0 + offset + n * 1000 for n in range(300)]
        columns = {"call_id": [f"{name}-{n}" for n in range(300)], "customer": ["acme"] * 300}
        columns |= {at: times for at in ("setup_at", "ended_at", "emitted_at")}
        write("cdr", framed(columns, CDR_SCHEMA), tmp_path / f"{name}.ndjson")
    samples = {"at": [T0 + 60_000, T0 + 120_000], "metric": ["up", "up"], "value": [1.0, 0.0], "peer": ["t", "t"]}
    samples |= {"switch": ["sw", "sw"], "peer_kind": ["trunk", "trunk"]}
    write("sip", framed(samples, SIP_SCHEMA), tmp_path / "sip.parquet")
    return {"cdr": [tmp_path / "cdr-a.ndjson", tmp_path / "cdr-b.ndjson"], "sip": [tmp_path / "sip.parquet"]}


def framed(columns: dict[str, list[object]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    given = pl.DataFrame(columns, schema_overrides=schema)
    return pl.concat([pl.DataFrame(schema=schema), given], how="diagonal").select(list(schema))


def test_every_record_is_sent_once_in_order_at_the_pace(files: dict[str, list[Path]]) -> None:
    clock = [100.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    boxes = {"cdr": Box(clock), "sip": Box(clock)}
    *_, counts = feed(files, boxes, Pace(60.0, lambda: clock[0], sleep))  # type: ignore[arg-type]
    assert counts == Counter(cdr=600, sip=2)
    batch = decode("cdr", b"\n".join(value for _, _, value in boxes["cdr"].sent), "sent")
    arrivals = batch.frame["emitted_at"].to_numpy()
    times = [at for at, _, _ in boxes["cdr"].sent]
    early = [(arrival - arrivals[0]) / 60_000 - (at - times[0]) for at, arrival in zip(times, arrivals, strict=True)]
    assert -0.26 <= min(early) and max(early) <= 0.26, "more than a piece from its time"
    assert sorted(key for _, key, _ in boxes["cdr"].sent) == sorted(batch.frame["call_id"].to_list())
    assert [round(at - 100.0) for at, _, _ in boxes["sip"].sent] == [1, 2]


def test_without_a_pace_it_does_not_sleep(files: dict[str, list[Path]]) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError("slept")

    boxes = {"cdr": Box([0.0]), "sip": Box([0.0])}
    *_, counts = feed(files, boxes, Pace(None, sleep=sleep))  # type: ignore[arg-type]
    assert counts.total() == 602


def test_mistakes_are_told(tmp_path: Path, files: dict[str, list[Path]]) -> None:
    def run(*arguments: str) -> OperatorError:
        told = CliRunner().invoke(build(), ["feed", *arguments]).exception
        assert isinstance(told, OperatorError)
        return told

    assert "no such directory" in run(str(tmp_path / "none")).message
    (tmp_path / "empty").mkdir()
    assert "no files to send" in run(str(tmp_path / "empty")).message
    settings = tmp_path / "akira.toml"
    settings.write_text('[kafka]\nbootstrap = "127.0.0.1:9"\ntimeout_s = 1\n')
    away = run(str(tmp_path), "--settings", str(settings))
    assert (away.exit_code, "127.0.0.1:9 does not answer" in away.message) == (4, True)
    settings.write_text('[kafka.topics]\nsip = ""\n')
    assert "no topic for sip records" in run(str(tmp_path), "--settings", str(settings)).message
