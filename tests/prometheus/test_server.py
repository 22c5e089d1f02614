"""Samples from a Prometheus server: each scrape of it once, over its restart, and its faults as reasons."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.prometheus import server
from connectors.prometheus.getting import ScrapeSettings
from connectors.prometheus.server import ServerSource
from pipeline.ports import Batch, Disconnected
from tests.monitoring.servers import Server, Web, binary
from tests.ports import free_port

T0_MS = 1_760_000_000_000
SELECTOR = '{job="kamailio"}'


def source(url: str, now_ms: Callable[[], int], **more: object) -> ServerSource:
    given: dict[str, object] = {"url": url, "query": SELECTOR, "switch": "sw1", "profile": "kamailio_exporter"}
    return ServerSource(ScrapeSettings.model_validate({"interval_s": 0.2, **given, **more}), {}, now_ms=now_ms)


def counted(batches: list[Batch], metric: str = "responses_5xx") -> list[tuple[int, float]]:
    rows = [row for batch in batches for row in batch.frame.filter(metric=metric).select("at", "value").rows()]
    return [(int(at), float(value)) for at, value in rows]


class Scripted:
    """Answers of a server, one after the other, and a clock that goes on by a step at each of them."""

    def __init__(self, step_ms: int = 15_000) -> None:
        self.answers: list[bytes] = []
        self.now, self.step_ms = T0_MS, step_ms
        self.web = Web(self.answer)
        self.url = f"http://{self.web.address}"

    def answer(self) -> bytes:
        self.now += self.step_ms
        return self.answers.pop(0) if self.answers else matrix()


def matrix(*values: tuple[int, float], code: str = "5xx") -> bytes:
    metric = {"__name__": "kamailio_tm_stats_codes_total", "code": code, "job": "kamailio"}
    series = [{"metric": metric, "values": [[at / 1000, f"{value:g}"] for at, value in values]}] if values else []
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}).encode()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.web.close()


def some(reading: Iterator[Batch], batches: int) -> list[Batch]:
    return [next(reading) for _ in range(batches)]


def test_each_scrape_is_a_page_at_its_own_time_and_none_comes_twice(scripted: Scripted) -> None:
    at = [T0_MS + n * 15_000 for n in range(-3, 2)]
    scripted.answers = [matrix((at[0], 5), (at[1], 7), (at[2], 7)), matrix((at[2], 7), (at[3], 3))]
    by = source(scripted.url, lambda: scripted.now, interval_s=0.01)
    batches = some(by.read({}), 4)
    by.close()
    assert counted(batches) == [(at[1], 2.0), (at[2], 0.0), (at[3], 3.0)], "a counter that falls began anew"
    assert [batch.rejects for batch in batches] == [()] * 4


def test_what_was_missed_is_asked_for_in_pieces(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PIECE_MS", 60_000)
    by = source(scripted.url, lambda: scripted.now, interval_s=0.01)
    scripted.step_ms = 0
    scripted.now += 240_000
    scripted.answers = [matrix(), matrix((T0_MS + 10_000, 1)), matrix(), matrix((T0_MS + 200_000, 4))]
    batches = some(by.read({}), 2)
    assert counted(batches) == [(T0_MS + 200_000, 3.0)]
    by.close()


def test_a_selector_of_something_else_is_told(scripted: Scripted) -> None:
    metric = {"__name__": "node_load1", "job": "kamailio"}
    answer = {"data": {"resultType": "matrix", "result": [{"metric": metric, "values": [[T0_MS / 1000, "1"]]}]}}
    scripted.answers = [json.dumps(answer).encode()]
    first, second = some(source(scripted.url, lambda: scripted.now).read({}), 2)
    assert (first.rejects, second.frame.height) == ((), 0)
    assert [reject.reason for reject in second.rejects] == ["unknown_page"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "no answer of a Prometheus server"),
        (b'{"data": {"resultType": "scalar", "result": [1, "1"]}}', "is no selector of series"),
        (b'{"status": "success"}', "no answer of a Prometheus server"),
    ],
)
def test_another_answer_is_a_silence_with_its_reason(scripted: Scripted, body: bytes, said: str) -> None:
    scripted.answers = [body]
    with pytest.raises(Disconnected) as told:
        next(source(scripted.url, lambda: scripted.now).read({}))
    assert said in told.value.hint and "sw1" in told.value.hint


def test_an_element_that_is_no_longer_scraped_is_silent(scripted: Scripted) -> None:
    with pytest.raises(Disconnected, match="no new sample"):
        next(source(scripted.url, lambda: scripted.now, interval_s=0.01).read({}))


class Live:
    """A real Prometheus that scrapes a page of ours every second."""

    def __init__(self, folder: Path) -> None:
        self.value, self.page = 10, Web(self.text)
        port = free_port()
        scrape = {"job_name": "kamailio", "static_configs": [{"targets": [self.page.address]}]}
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
        (folder / "prometheus.yml").write_text(json.dumps(config))
        command = [binary("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/db"]
        self.prometheus = Server(
            f"http://127.0.0.1:{port}", [*command, f"--web.listen-address=127.0.0.1:{port}"], folder / "log"
        )

    def text(self) -> bytes:
        lines = ("kamailio_up 1", f'kamailio_tm_stats_codes_total{{code="5xx"}} {self.value}')
        return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path)
    made.prometheus.start()
    yield made
    made.prometheus.stop()
    made.page.close()


def until(by: ServerSource, batches: list[Batch], true: Callable[[], Any]) -> None:
    """Read on until something is true, while the server comes and goes."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            for batch in by.read({}):
                batches.append(batch)
                assert time.monotonic() < end, counted(batches)
                if true():
                    return
        except Disconnected:
            time.sleep(0.1)
    raise AssertionError(counted(batches))


@pytest.mark.prometheus
def test_a_real_server_over_its_restart(live: Live) -> None:
    by, batches = source(live.prometheus.url, lambda: time.time_ns() // 1_000_000), list[Batch]()
    until(by, batches, lambda: counted(batches))
    live.value = 17
    until(by, batches, lambda: sum(value for _, value in counted(batches)) == 7)
    live.prometheus.stop()
    with pytest.raises(Disconnected, match=r"metrics of sw1 at http"):
        next(by.read({}))
    live.value = 20
    live.prometheus.start()
    until(by, batches, lambda: sum(value for _, value in counted(batches)) == 10)
    by.close()
    times = [at for at, _ in counted(batches)]
    assert times == sorted(set(times))
    assert {value for _, value in counted(batches, "up")} == {1.0}


@pytest.mark.prometheus
def test_a_query_that_is_wrong_is_told_in_the_words_of_the_server(live: Live) -> None:
    by = source(live.prometheus.url, lambda: time.time_ns() // 1_000_000, query='{job="')
    with pytest.raises(Disconnected, match="answered 400 .*parse error"):
        next(by.read({}))
