"""What people do in a tool is done at the desk, once, by the desk's own rules; it never closes and never echoes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from akira.serving import served
from akira.web.app import create_app
from connectors.outlets.back import Back
from connectors.outlets.port import Said
from pipeline.desk.commands import ForceSeverity
from pipeline.desk.policy import DeskPolicy
from pipeline.desk.ticket import Ticket
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving
from tests.outlets.test_pagerduty import posted, settings
from tests.store.faults import report


@dataclass
class Noc:
    """A ticket that the tool knows as its own id, and the way back from there."""

    told: Told
    tool: Tool
    back: Back
    ticket_id: str

    def says(self, what: str, key: str = "e-1", text: str = "") -> bool:
        return self.back.take(Said(what, key, "Ann Other", text, self.ticket_id), self.told.at_ms)  # type: ignore[arg-type]

    def ticket(self) -> Ticket:
        found = self.told.desk.ticket(self.ticket_id)
        assert found is not None
        return found

    def notes(self) -> list[str]:
        return [note.text for note in self.ticket().notes]


@pytest.fixture
def noc(tmp_path: Path) -> Iterator[Noc]:
    with ExitStack() as closing:
        tool = closing.enter_context(serving(lambda asked: Reply(202)))
        made = settings(tool.url, webhook_secret="s3cret")
        desk = closing.enter_context(told(made, tmp_path))
        ticket_id = desk.happens()
        desk.send()
        yield Noc(desk, tool, Back(made, desk.desk, desk.outbox), ticket_id)


def test_an_acknowledgement_is_taken_once_and_not_told_back(noc: Noc) -> None:
    assert noc.says("acknowledged") and noc.says("acknowledged")
    assert (noc.ticket().state, noc.ticket().acknowledged_by, noc.ticket().version) == ("acknowledged", "outlet:pd", 3)
    assert noc.notes() == ["Ann Other acknowledged it in pd."], "who it was is not lost"
    before = len(noc.tool.asked)
    noc.told.send()
    assert len(noc.tool.asked) == before, "what it did itself it is not told"


def test_a_comment_is_a_note_with_its_author_and_comes_once(noc: Noc) -> None:
    noc.says("commented", text="rerouted via term-07")
    noc.says("commented", text="rerouted via term-07")
    noc.says("commented", key="e-2", text="  ")
    assert noc.notes() == ["Ann Other in pd: rerouted via term-07"]


def test_a_resolve_while_telemetry_shows_the_fault_is_a_note_with_the_reason(noc: Noc) -> None:
    noc.says("resolved")
    noc.says("resolved")
    assert noc.ticket().state == "open"
    (note,) = noc.notes()
    assert note.startswith("Ann Other resolved it in pd. Not done here: Cannot resolve")


def test_a_close_over_there_resolves_here_and_says_what_closing_lacks(noc: Noc) -> None:
    asked = noc.told.desk.open(report(), noc.told.at_ms, "ann")
    assert isinstance(asked, str)
    request = replace(noc, ticket_id=asked)
    noc.told.do(asked, ForceSeverity("SEV2", "a big customer"))
    noc.told.send()
    request.says("closed", text="done")
    request.says("closed", text="done")
    assert request.ticket().state == "resolved"
    (note,) = request.notes()
    assert "Ann Other closed it in pd: done. Not closed here: lacks root cause" in note
    assert request.says("reopened", key="r-1") and request.ticket().state == "open"


def test_what_is_no_ticket_of_ours_is_let_be(noc: Noc) -> None:
    assert not noc.back.take(Said("resolved", "e-9", remote_id="another"), noc.told.at_ms)
    assert noc.ticket().version == 1


def test_the_door_believes_only_what_is_signed(noc: Noc) -> None:
    made = settings(noc.tool.url, webhook_secret="s3cret")
    deaf = settings(noc.tool.url, name="other")
    app = create_app(noc.told.store, DeskPolicy(), outlets=[made, deaf])
    good, forged = posted("incident.acknowledged"), posted("incident.resolved", secret="guess")
    with served(app, "127.0.0.1", 0, app.state.hub.close) as address, httpx.Client(base_url=address) as client:
        refused = client.post("/hooks/pd", content=forged.body, headers=dict(forged.headers))
        assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
        assert client.post("/hooks/other", content=good.body, headers=dict(good.headers)).status_code in (404, 405)
        assert client.post("/hooks/pd", content=good.body, headers=dict(good.headers)).status_code == 204
    assert noc.ticket().state == "acknowledged"
