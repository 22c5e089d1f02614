"""Real Prometheus and Alertmanager read Akira's page: queries run, a fault fires the right alert, and it clears."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from akira.metrics import Metrics
from akira.slice_metrics import SliceFigure
from tests.monitoring.servers import Server, Web, alertmanager, prometheus, until

pytestmark = pytest.mark.prometheus
DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "akira.json"


class Stack:
    """Akira's metrics page, a Prometheus that scrapes it, an Alertmanager that it alarms."""

    def __init__(self, folder: Path) -> None:
        (folder / "am").mkdir()
        (folder / "prom").mkdir()
        self.metrics = Metrics("test", time.time)
        self.metrics.clock(time.time_ns() // 1_000_000)
        self.page, self.hook = Web(self.metrics.page), Web()
        self.am = alertmanager(folder / "am", f"http://{self.hook.address}/hook")
        self.am.start()
        self.prom: Server = prometheus(folder / "prom", self.page.address, self.am.url.removeprefix("http://"))
        self.prom.start()

    def stop(self) -> None:
        self.prom.stop()
        self.am.stop()
        self.page.close()
        self.hook.close()

    def query(self, expression: str) -> list[dict]:
        return self.prom.get("/api/v1/query", query=expression)["data"]["result"]

    def firing(self, name: str) -> list[dict]:
        return [a for a in self.am.get("/api/v2/alerts") if a["labels"]["alertname"] == name]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("prometheus"))
    yield running
    running.stop()


def test_the_page_is_scraped_whole(stack: Stack) -> None:
    until("the first scrape", lambda: stack.query('up{job="akira"} == 1'))
    assert stack.query("scrape_samples_scraped{job='akira'}")[0]["value"][1] != "0"
    kinds = {
        t["metric"]: t["type"] for t in stack.prom.get("/api/v1/targets/metadata", match_target='{job="akira"}')["data"]
    }
    assert kinds["akira_records_total"] == "counter" and kinds["akira_minute_seconds"] == "histogram"
    assert kinds["akira_asr_ratio"] == "gauge"


def test_every_query_of_the_dashboard_runs(stack: Stack) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [note["expr"] for note in dashboard["annotations"]["list"]]
    stack.metrics.records("cdr", "accepted", 5)
    for expression in asked:
        said = stack.prom.get("/api/v1/query", query=expression.replace("$__rate_interval", "1m"))
        assert said["status"] == "success", expression
    until("SEV1 open is told as zero", lambda: stack.query('sum(akira_tickets_open{severity="SEV1"})'))


def test_a_fault_fires_its_alerts_and_they_clear_with_it(stack: Stack) -> None:
    slice_ = {"terminator": "term-05", "destination": "Germany-Mobile"}
    stack.metrics.incidents({"asr_drop": 1})
    stack.metrics.slices([SliceFigure("ASR", "ratio", slice_, 0.06, 0.58)])
    signal = until("AkiraAsrDrop at Alertmanager", lambda: stack.firing("AkiraAsrDrop"))[0]
    assert signal["labels"]["severity"] == "ticket" and signal["annotations"]["runbook_url"].endswith("/asr_drop")
    shares = until("the recorded share", lambda: stack.query("akira:asr:expected_share"))
    assert float(shares[0]["value"][1]) == pytest.approx(0.06 / 0.58)
    assert slice_.items() <= shares[0]["metric"].items()
    until("AkiraAsrLow pending or firing", lambda: stack.query('ALERTS{alertname="AkiraAsrLow"}'))
    stack.metrics.incidents({})
    stack.metrics.slices([])
    until("no alert left in Prometheus", lambda: not stack.query('ALERTS{signal="asr_drop"}'))
    until("no alert left in Alertmanager", lambda: not stack.firing("AkiraAsrDrop"))


def test_what_akira_says_of_itself_is_not_sent_back_to_it(stack: Stack) -> None:
    stack.metrics.incidents({"cdr_delayed": 1})
    until("AkiraCdrDelayed at Alertmanager", lambda: stack.firing("AkiraCdrDelayed"))
    assert stack.firing("AkiraCdrDelayed")[0]["receivers"] == [{"name": "people"}]
    assert until("the heartbeat", lambda: stack.firing("AkiraHeartbeat"))[0]["receivers"] == [{"name": "nobody"}]
    stack.metrics.incidents({})
    assert stack.hook.posts == []


def test_lag_is_alarmed_when_the_process_stands_still(stack: Stack) -> None:
    stack.metrics.clock(time.time_ns() // 1_000_000 - 600_000)
    until("AkiraLag pending", lambda: stack.query('ALERTS{alertname="AkiraLag", alertstate="pending"}'))
    stack.metrics.clock(time.time_ns() // 1_000_000)
    until("AkiraLag gone", lambda: not stack.query('ALERTS{alertname="AkiraLag"}'))
