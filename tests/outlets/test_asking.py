"""Tools that must be asked are asked beside the live loop: what they say is done, and one that is away is awaited."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from akira.asking import Asking, asking
from akira.metrics import Metrics
from akira.settings import Settings
from akira.wiring import Parts
from connectors.errors import ConnectorError
from connectors.outlets.back import Back
from connectors.outlets.port import Said
from connectors.outlets.rt import RtSettings
from pipeline.ports import Disconnected
from tests.monitoring.servers import until
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, serving
from tests.store.faults import incident


class Script:
    """Says what it is told to, or is away."""

    every_s = 0.01

    def __init__(self, *answers: tuple[Said, ...] | Exception) -> None:
        self.answers, self.took = deque(answers), 0

    def ask(self) -> tuple[Said, ...]:
        answer = self.answers[0] if self.answers else ()
        if isinstance(answer, Exception):
            self.answers.popleft()
            raise answer
        return answer

    def taken(self) -> None:
        self.took += 1
        if self.answers:
            self.answers.popleft()

    def close(self) -> None:
        pass


def settings(url: str = "http://127.0.0.1:9") -> RtSettings:
    given = {"kind": "rt", "name": "rt", "url": url, "token": "1-14-abcdef", "queue": "NOC", "poll_s": 0.02}
    return RtSettings.model_validate(given)


@pytest.fixture
def noc(tmp_path: Path) -> Iterator[Told]:
    with told(settings(), tmp_path) as made:
        yield made


def test_what_was_said_is_done_and_only_then_taken(noc: Told) -> None:
    ticket = noc.happens(incident())
    said = Said("acknowledged", "1", "ann", ticket_id=ticket)
    script = Script(Disconnected("outlet rt: away", 5.0), (said,))
    metrics = Metrics("0", lambda: 0.0)
    each = Asking("rt", script, Back(settings(), noc.desk, noc.outbox), metrics)
    assert not each.once(noc.at_ms) and script.took == 0
    assert 'akira_source_up{source="rt"} 0.0' in metrics.page().decode()
    assert each.once(noc.at_ms) and script.took == 1
    assert 'akira_source_up{source="rt"} 1.0' in metrics.page().decode()
    found = noc.desk.ticket(ticket)
    assert found is not None and found.state == "acknowledged" and found.acknowledged_by == "outlet:rt"


def test_a_run_asks_until_it_ends(noc: Told) -> None:
    with serving(lambda asked: Reply(200, {"items": []})) as tool:
        parts = Parts(Settings(outlet=(settings(tool.url),)), noc.store)
        with asking(parts, threading.Event()):
            until("it was asked again", lambda: len(tool.asked) >= 3)
        assert {asked.path for asked in tool.asked} == {"/REST/2.0/transactions"}


def test_nonsense_is_told_and_changes_nothing(noc: Told) -> None:
    with serving(lambda asked: Reply(200, {"items": [{"id": "no number"}]})) as tool:
        known = settings(tool.url)
        poll = known.poll()
        assert poll is not None
        with pytest.raises(ConnectorError, match="outlet rt: 127.0.0.1 gives transactions unlike those of RT 5"):
            poll.ask()
        poll.close()


def test_a_bug_ends_the_run_and_is_not_kept_quiet(noc: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RtSettings, "poll", lambda self: Script(ZeroDivisionError("a bug")))
    parts, stop = Parts(Settings(outlet=(settings(),)), noc.store), threading.Event()
    with pytest.raises(ZeroDivisionError, match="a bug"), asking(parts, stop):
        until("the run is told to stop", stop.is_set)
