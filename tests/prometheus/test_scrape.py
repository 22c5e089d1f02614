"""The scrape source against a real HTTP server on loopback, with the faults that pages really show."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError

from connectors.prometheus import getting
from connectors.prometheus.getting import ScrapeSettings
from connectors.prometheus.scrape import ScrapeSource
from pipeline.ports import Disconnected


class Element(ThreadingHTTPServer):
    """A SIP element's metrics page: `pages` are served one after the other, then the last for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.pages: list[tuple[int, bytes, int | None]] = []
        self.asked: list[dict[str, str]] = []
        self.hang = threading.Event()

    def serve(self, text: str, status: int = 200, length: int | None = None) -> None:
        self.pages.append((status, text.encode(), length))


class Answer(BaseHTTPRequestHandler):
    server: Element

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        status, body, length = self.server.pages.pop(0) if len(self.server.pages) > 1 else self.server.pages[0]
        if status == 0:
            self.server.hang.wait(5)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def element() -> Iterator[Element]:
    server = Element()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.hang.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Clock:
    """A minute passes at every scrape; two readings a scrape."""

    def __init__(self) -> None:
        self.now = -60_000

    def __call__(self) -> int:
        self.now += 60_000
        return self.now


def source(element: Element, **more: object) -> ScrapeSource:
    url = f"http://127.0.0.1:{element.server_port}/metrics"
    given = {"url": url, "switch": "sw1", "profile": "kamailio_xhttp_prom", "interval_s": 0.001, "timeout_s": 0.5}
    return ScrapeSource(ScrapeSettings.model_validate(given | more), {}, now_ms=Clock())


def counted(n: int) -> str:
    return f"kamailio_dialog_processed_dialogs {n}\n"


def test_scrapes_give_intervals_and_close_ends_them(element: Element) -> None:
    for n in (100, 130, 5):
        element.serve(counted(n))
    src = source(element)
    seen = []
    for batch in src.read({}):
        assert batch.kind == "sip" and not batch.rejects
        seen += batch.frame["value"].to_list()
        if len(seen) == 2:
            src.close()
    assert seen == [30.0, 5.0]


def test_a_page_away_is_silence_and_the_count_goes_on_after_it(element: Element) -> None:
    element.serve(counted(100))
    element.serve("busy", status=503)
    element.serve(counted(160))
    src = source(element, interval_s=7.0)
    reading = src.read({})
    assert next(reading).frame.is_empty()
    src._stop.wait = lambda _: False  # type: ignore[method-assign]
    with pytest.raises(Disconnected, match="sw1 .*answered 503") as away:
        next(reading)
    assert away.value.wait_s == 7.0
    frame = next(src.read({})).frame
    assert frame["value"].to_list() == [60.0] and frame["interval_ms"].item() > 60_000
    src.close()


@pytest.mark.parametrize(
    ("status", "text", "length", "why"),
    [(0, "", None, "Timeout|Protocol"), (200, "kamailio_dialog", 500, "Protocol"), (401, "", None, "answered 401")],
)
def test_faults_of_the_page_are_named(element: Element, status: int, text: str, length: int | None, why: str) -> None:
    element.serve(text, status, length)
    src = source(element)
    with pytest.raises(Disconnected, match=why):
        next(src.read({}))
    src.close()


def test_nobody_there_is_named_too(element: Element) -> None:
    src = source(element, url="http://127.0.0.1:1/metrics")
    with pytest.raises(Disconnected, match="127.0.0.1:1/metrics: ConnectError"):
        next(src.read({}))
    src.close()


def test_a_page_without_end_is_cut(element: Element, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getting, "PAGE_BYTES", 1000)
    element.serve(counted(1) * 1000)
    src = source(element)
    with pytest.raises(Disconnected, match="more than 1000 bytes"):
        next(src.read({}))
    src.close()


def test_a_page_of_something_else_is_a_reject_with_the_cure(element: Element) -> None:
    element.serve("node_load1 0.3\n")
    src = source(element)
    batch = next(src.read({}))
    assert batch.frame.is_empty()
    assert [(r.reason, "kamailio_xhttp_prom" in r.expected) for r in batch.rejects] == [("unknown_page", True)]
    src.close()


def test_a_page_that_stands_still_is_silence(element: Element) -> None:
    element.serve("kamailio_dialog_processed_dialogs 1 1795478952909\n")
    src = source(element)
    reading = src.read({})
    next(reading)
    with pytest.raises(Disconnected, match="repeats the time stamps"):
        next(reading)
    src.close()


def test_credentials_are_sent_and_never_shown(element: Element) -> None:
    element.serve(counted(1))
    bearer, basic = source(element, bearer_token="s3cret"), source(element, user="noc", password="s3cret")
    next(bearer.read({}))
    next(basic.read({}))
    assert element.asked[0]["Authorization"] == "Bearer s3cret" and element.asked[1]["Authorization"].startswith(
        "Basic "
    )
    assert "s3cret" not in repr(bearer._settings) + repr(basic._settings)
    bearer.close()
    basic.close()


def test_settings_refuse_what_is_no_page() -> None:
    with pytest.raises(ValidationError, match="url"):
        ScrapeSettings(url="file:///etc/passwd", switch="sw1", profile="kamailio_exporter")
