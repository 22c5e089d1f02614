"""The same records give byte-equal tickets: whole, shuffled, through a real broker, and killed on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest
from kafka import KafkaConsumer, KafkaProducer

from akira.replaying import replay
from akira.watching import new_watch
from connectors.archive_inputs import Archive
from connectors.codec import encode, write
from connectors.directory_file import as_toml
from connectors.store.engine import Store
from connectors.store.tickets import Filter, Tickets
from pipeline.desk.book import Book
from pipeline.desk.contract import contract
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import STATES, Ticket
from pipeline.directory import Destination, Directory
from pipeline.lanes import Lane, give
from pipeline.ports import Batch
from pipeline.records import ARRIVAL, Kind
from pipeline.run import run
from pipeline.settings import WatchSettings
from tests.run import carrier

LATENESS_MS = 10_000
HAPPENED = ("seq", "kind", "at", "actor", "why")
"""What a message says of the event, beside the ticket."""
Make = Callable[..., dict[str, str]]


def lines(tickets: Iterator[Ticket] | list[Ticket]) -> list[str]:
    """Tickets as they leave, one JSON line each, by id."""
    return sorted(json.dumps(contract(ticket), sort_keys=True) for ticket in tickets)


def told(batches: Iterator[Batch]) -> list[str]:
    book = Book(DeskPolicy())
    for _ in run(batches, new_watch(Directory(), WatchSettings()), book):
        pass
    return lines(book.tickets())


def read(parts: Mapping[str, tuple[Kind, pl.DataFrame]], rng: random.Random, most: int) -> Iterator[Batch]:
    """The parts side by side, each read in pieces of up to `most` rows."""
    lanes = {name: Lane(name, kind) for name, (kind, _) in parts.items()}
    at = dict.fromkeys(parts, 0)
    while any(lane.holds for lane in lanes.values()):
        name = rng.choice([name for name, lane in lanes.items() if lane.holds])
        frame = parts[name][1]
        rows = rng.randrange(1, most + 1)
        piece = frame[at[name] : at[name] + rows]
        lanes[name].push(piece, np.arange(at[name], at[name] + len(piece)), (), at[name] + len(piece))
        at[name] += len(piece)
        lanes[name].holds = at[name] < len(frame)
        yield from give(list(lanes.values()), LATENESS_MS)


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """Tickets of the records as one file of each kind, read in order."""
    whole = {kind: (kind, frame) for kind, frame in carrier.morning().items()}
    tickets = told(read(whole, random.Random(0), 1 << 30))
    signals = {signal for ticket in tickets for signal in json.loads(ticket)["signals"]}
    assert {"asr_drop", "sip_unreachable", "balance_blocked"} <= signals, "the morning has nothing to tell"
    return tickets


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_within_lateness_and_cut_anywhere(expected: list[str], seed: int) -> None:
    rng = random.Random(seed)
    parts: dict[str, tuple[Kind, pl.DataFrame]] = {}
    for kind, frame in carrier.morning().items():
        owner = np.random.default_rng(seed).integers(0, 3, len(frame))
        for n in range(3):
            parts[f"{kind}-{n}"] = (
                kind,
                carrier.shuffled(kind, frame.filter(pl.Series(owner == n)), LATENESS_MS, seed),
            )
    assert told(read(parts, rng, 3000)) == expected


def produced(bootstrap: str, topics: Mapping[str, str], morning: Mapping[Kind, pl.DataFrame]) -> None:
    """The morning into the topics, calls over all partitions, in order of arrival."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=50, compression_type="lz4")
    for kind, frame in morning.items():
        for key, line in zip(frame[ARRIVAL[kind]].to_list(), encode(kind, frame).splitlines(), strict=True):
            producer.send(topics[kind], key=str(key).encode() if kind == "cdr" else None, value=line)
    producer.send(topics["cdr"], value=b"no record")
    producer.flush(30)
    producer.close()


@pytest.fixture
def live_settings(kafka_bootstrap: str, make_topics: Make, tmp_path: Path) -> Path:
    """Settings of a run that reads the morning in small pieces and checkpoints at every minute."""
    topics = make_topics(cdr=4, sip=1, balance=1, tickets=1, deadletters=1)
    produced(kafka_bootstrap, topics, carrier.morning())
    return settings_file(tmp_path, kafka_bootstrap, topics)


def settings_file(folder: Path, kafka_bootstrap: str, topics: Mapping[str, str], directory: Path | None = None) -> Path:
    """Of a run on these topics that keeps its tickets in the folder."""
    names = "\n".join(f'{role} = "{name}"' for role, name in topics.items())
    who = f'directory = "{directory}"' if directory else ""
    text = f"""
{who}
[store]
url = "sqlite:///{folder}/akira.db"
[web]
port = 0
[run]
checkpoint_min = 1
checkpoint_s = 0
[kafka]
bootstrap = "{kafka_bootstrap}"
group = "{topics["cdr"]}"
poll_records = 300
[kafka.topics]
{names}
"""
    path = folder / "akira.toml"
    path.write_text(text)
    return path


def started(settings: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "akira", "run", "--settings", str(settings), *(more or ["--web"])]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AKIRA_")}
    log = open(settings.parent / "run.log", "ab")
    with log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ)


def drained(settings: Path) -> None:
    process = started(settings, "--drain", "--no-web")
    assert process.wait(120) == 0, (settings.parent / "run.log").read_text()[-3000:]


def stored(settings: Path) -> list[str]:
    """Tickets of the store; every log must be whole."""
    store = Store.open(f"sqlite:///{settings.parent}/akira.db")
    tickets = Tickets(store)
    found = list(tickets.folds(Filter(states=STATES)))
    assert [wrong for ticket in found if (wrong := tickets.verify(ticket.id))] == []
    logs = {ticket.id: len(tickets.events(ticket.id)) for ticket in found}
    store.close()
    assert published(settings) == (logs, {json.loads(line)["id"]: json.loads(line) for line in lines(found)})
    return lines(found)


def published(settings: Path) -> tuple[dict[str, int], dict[str, dict[str, object]]]:
    """Of the ticket topic: number of different events and the last state, by ticket; a second delivery is the same."""
    text = settings.read_text()
    topic = text.split('tickets = "')[1].split('"')[0]
    bootstrap = text.split('bootstrap = "')[1].split('"')[0]
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3000)
    messages: dict[tuple[str, int], dict[str, object]] = {}
    for message in consumer:
        body = json.loads(message.value)
        assert messages.setdefault((body["id"], body["seq"]), body) == body
    consumer.close()
    events: dict[str, int] = {}
    last: dict[str, dict[str, object]] = {}
    for (ticket, _), body in sorted(messages.items()):
        events[ticket] = events.get(ticket, 0) + 1
        last[ticket] = {
            name: value for name, value in body.items() if name not in ("seq", "kind", "at", "actor", "why")
        }
    return events, last


@pytest.mark.kafka
def test_through_a_real_broker(expected: list[str], live_settings: Path) -> None:
    drained(live_settings)
    assert stored(live_settings) == expected


@pytest.mark.kafka
def test_destinations_found_by_prefix_are_those_of_a_file(
    kafka_bootstrap: str, make_topics: Make, tmp_path: Path
) -> None:
    """No record names its destination: the directory's prefixes do, and a fault of one destination is told by them."""
    prefixes = {f"dest-{n}": f"4{n}" for n in range(4)}
    who = Directory(destinations=tuple(Destination(name=name, prefixes=(p,)) for name, p in prefixes.items()))
    (tmp_path / "directory.toml").write_text(as_toml(who))
    dialed = pl.col("destination").replace_strict(prefixes) + "151234567"
    morning = carrier.morning()
    to_one = pl.col("destination") == "dest-2"
    late = (pl.col("emitted_at") >= carrier.T0 + 40 * 60_000) & to_one & pl.col("answered_at").is_not_null()
    refused = [pl.when(late).then(None).otherwise(pl.col("answered_at")).alias("answered_at")]
    refused += [pl.when(late).then(pl.lit(503, pl.Int16)).otherwise(pl.col("sip_code")).alias("sip_code")]
    calls = morning["cdr"].with_columns(*refused, dialed=dialed)
    morning["cdr"] = calls.with_columns(destination=pl.lit(None, pl.String))
    files = {kind: tmp_path / f"{kind}.ndjson" for kind in morning}
    for kind, frame in morning.items():
        write(kind, frame, files[kind])
    archive = Archive(**{kind: (str(path),) for kind, path in files.items()})
    outcome = replay(archive, who, WatchSettings(), DeskPolicy())
    assert {"destination": ["dest-2"]} in [ticket["cause"] for ticket in outcome.tickets]
    topics = make_topics(cdr=4, sip=1, balance=1, tickets=1, deadletters=1)
    produced(kafka_bootstrap, topics, morning)
    settings = settings_file(tmp_path, kafka_bootstrap, topics, tmp_path / "directory.toml")
    drained(settings)
    assert stored(settings) == sorted(json.dumps(ticket, sort_keys=True) for ticket in outcome.tickets)


@pytest.mark.kafka
@pytest.mark.slow
def test_killed_on_the_way(expected: list[str], live_settings: Path) -> None:
    rng, ended, places = random.Random(11), False, []
    while not ended and len(places) < 8:
        process = started(live_settings, "--drain", "--no-web")
        before, deadline = place(live_settings), time.monotonic() + 60
        while not ended and place(live_settings) == before and time.monotonic() < deadline:
            time.sleep(0.05)
            ended = process.poll() is not None
        time.sleep(rng.uniform(0.0, 0.7))
        process.send_signal(signal.SIGKILL)
        process.wait()
        places.append(place(live_settings))
    drained(live_settings)
    assert stored(live_settings) == expected
    assert len(set(places)) >= 4, f"the kills came at {places}: too few places"


def place(settings: Path) -> int | None:
    """The clock of the last checkpoint."""
    database = settings.parent / "akira.db"
    if not database.exists():
        return None
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        try:
            row = connection.execute("SELECT clock_ms FROM snapshots").fetchone()
        except sqlite3.OperationalError:  # the tables are not made yet
            return None
    return row[0] if row else None


@pytest.mark.kafka
def test_a_terminated_run_goes_on_where_it_stopped(expected: list[str], live_settings: Path) -> None:
    process = started(live_settings)
    deadline = time.monotonic() + 180
    while place(live_settings) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    watched(live_settings.parent / "run.log")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, (live_settings.parent / "run.log").read_text()[-3000:]
    drained(live_settings)
    assert stored(live_settings) == expected


def watched(log: Path) -> None:
    """What the running service says of itself: alive, ready, and what it has read so far."""
    address = log.read_text().split("address=")[1].split()[0]
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{address}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert len(ready.json()["lag"]) == 6
    page = httpx.get(f"{address}/metrics").text
    read = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line[0] != "#"}
    assert read['akira_records_total{kind="cdr",outcome="accepted"}'] > 0
    assert read['akira_source_up{source="kafka"}'] == 1
    assert read["akira_minutes_closed_total"] > 0
    assert httpx.get(address, follow_redirects=True).status_code in (200, 401, 403), "no console"


@pytest.mark.kafka
def test_a_missing_topic_and_a_broker_away_end_with_their_codes(live_settings: Path) -> None:
    text = live_settings.read_text()
    live_settings.write_text(text + 'balnce = "x"\n')
    assert started(live_settings, "--drain").wait(60) == 3
    live_settings.write_text(text.replace('sip = "test.', 'sip = "absent.'))
    assert started(live_settings, "--drain").wait(60) == 3
    bootstrap = text.split('bootstrap = "')[1].split('"')[0]
    live_settings.write_text(text.replace(bootstrap, "127.0.0.1:9").replace("[kafka]", "[kafka]\ntimeout_s = 1"))
    assert started(live_settings, "--drain", "--no-wait").wait(60) == 4
    log = (live_settings.parent / "run.log").read_text()
    for words in ("balnce: unknown setting", "topic absent.", "127.0.0.1:9 does not answer", "did you mean"):
        assert words in log
    assert "Traceback" not in log
