"""The live demonstration: a carrier in present time, and a newcomer who takes its SEV1 through to the end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from akira.api_client import ApiClient
from akira.cli import build
from akira.demo.live import LEAD_MS, CarrierSource, scenario
from akira.errors import OperatorError
from akira.simulate.calendar import DAY_MS
from akira.simulate.carrier import Carrier
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, MINUTE_MS

START_S = 1_790_000_012.5
SMALL = scenario().model_copy(update={"calls_per_day": 5_000})


class Wall:
    """A clock that goes on only while somebody waits."""

    def __init__(self) -> None:
        self.s = START_S
        self.waits = 0

    def wait(self, seconds: float) -> None:
        self.waits += 1
        self.s += seconds


def given(batches: Iterator[Batch]) -> pl.DataFrame:
    return pl.concat(batch.frame for batch in batches if batch.kind == "cdr")


def test_the_faults_of_the_first_hour_come_again_in_every_hour() -> None:
    faults = scenario().faults
    assert (faults[0].kind, faults[0].at) == ("platform_down", "10:00")
    assert len(faults) == 14 * 6
    assert (faults[6].kind, faults[6].at, faults[-6].at) == ("platform_down", "11:00", "23:00")


def test_what_was_before_now_comes_at_once_and_the_rest_when_it_is_due() -> None:
    wall, told = Wall(), []
    source = CarrierSource(Carrier(SMALL, 1), lambda: wall.s, 600, wall.wait, told.append)
    arrivals: list[tuple[int, float]] = []
    for batch in source.read({}):
        if len(batch.frame):
            arrivals.append((batch.frame[ARRIVAL[batch.kind]].to_numpy().max(), wall.s))
    now_ms = START_S * 1000
    before = [at_s for arrival, at_s in arrivals if arrival <= now_ms]
    after = [(arrival, at_s) for arrival, at_s in arrivals if arrival > now_ms]
    assert before and set(before) == {START_S}
    assert after and all(arrival / 1000 < START_S + (at_s - START_S) * 600 for arrival, at_s in after)
    assert told == [source.show_at_ms]
    assert source.show_at_ms % MINUTE_MS == 0
    assert LEAD_MS <= source.show_at_ms - now_ms <= LEAD_MS + MINUTE_MS


def test_a_watch_that_learns_slowly_is_caught_up_with_before_the_pace_counts() -> None:
    wall, told = Wall(), []
    source = CarrierSource(Carrier(SMALL, 1), lambda: wall.s, 1, wall.wait, told.append)
    for batch in source.read({}):
        if wall.s == START_S and batch.kind == "cdr" and len(batch.frame):
            wall.s += 40
        if told:
            break
        assert wall.waits == 0
    assert told


def test_every_record_of_the_carrier_is_given_once_with_its_times_moved_alike() -> None:
    wall = Wall()
    source = CarrierSource(Carrier(SMALL, 1), lambda: wall.s, 600, wall.wait)
    moved = given(source.read({}))
    plain = pl.concat(stretch.cdr for stretch in Carrier(SMALL, 1).stretches())
    shift = moved["setup_at"] - plain["setup_at"]
    assert shift.n_unique() == 1
    assert moved["call_id"].equals(plain["call_id"])
    for name in ("answered_at", "ended_at", "emitted_at"):
        assert (moved[name] - plain[name]).drop_nulls().unique().to_list() == [shift[0]]
    assert moved["emitted_at"].max() > source.show_at_ms + DAY_MS // 2


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    ran = CliRunner().invoke(build(), ["demo", "--live", "--out", str(tmp_path / "taken")])
    assert isinstance(ran.exception, OperatorError)
    assert "cannot write to" in str(ran.exception)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], ApiClient]]:
    command = [sys.executable, "-m", "akira", "demo", "--live", "--speed", "60", "--out", str(tmp_path)]
    with (tmp_path / "log").open("w") as log:
        shown = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert shown.stdout
        told = "".join(shown.stdout.readline() for _ in range(3))
        address, token = re.search(r"http://\S+:\d+", told), re.search(r"akira_\w+", told)
        assert address and token and "/sign-in?once=" in told, (tmp_path / "log").read_text()
        yield shown, ApiClient(address[0], re.search(r"akira_\S+", told)[0])  # type: ignore[index]
    finally:
        shown.kill()
        shown.wait()


def when(ask: ApiClient, path: str, **query: str) -> dict[str, object]:
    """The first ticket of an answer, as soon as there is one."""
    for _ in range(1_200):
        rows = ask.get(path, **query)["items"]
        if rows:
            found: dict[str, object] = rows[0]
            return found
        time.sleep(0.1)
    raise AssertionError(f"no ticket of {query} in two minutes")


@pytest.mark.slow
def test_a_newcomer_takes_the_sev1_through_to_the_end(show: tuple[subprocess.Popen[str], ApiClient]) -> None:
    shown, ask = show
    ticket = when(ask, "tickets", severity="SEV1")["id"]
    ask.post(f"tickets/{ticket}/acknowledge")
    soon = time.time_ns() // 1_000_000 + 30 * MINUTE_MS
    answer = {"text": "Received. Calls fail, we work on it.", "stance": "under_investigation", "next_update_ms": soon}
    ask.post(f"tickets/{ticket}/respond", answer)
    assert when(ask, "tickets", state="resolved")["id"] == ticket
    now = time.time_ns() // 1_000_000
    ask.post(f"tickets/{ticket}/set-root-cause", {"text": "a power supply"})
    ask.post(f"tickets/{ticket}/add-evidence", {"kind": "link", "value": "https://grafana.example/d/1"})
    ask.post(f"tickets/{ticket}/confirm-window", {"from_ms": now - 2 * MINUTE_MS, "to_ms": now - MINUTE_MS})
    ask.post(f"tickets/{ticket}/link-postmortem", {"value": "https://wiki.example/pm/1"})
    assert ask.post(f"tickets/{ticket}/close")["state"] == "closed"
    shown.send_signal(signal.SIGINT)
    assert shown.wait(30) == 0
