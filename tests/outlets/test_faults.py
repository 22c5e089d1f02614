"""What every tool must stand, against servers that hold the documented contracts and show the faults of real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from connectors.outlets.kinds import AnyOutlet
from connectors.outlets.settings import OutletSettings
from pipeline.desk.commands import Acknowledge, AddNote, Resolve
from tests.outlets.contract import SECRET, Contract
from tests.outlets.contracts import CONTRACTS
from tests.outlets.desk import Told, told
from tests.outlets.fake import Reply, Tool, serving

ANY: TypeAdapter[OutletSettings] = TypeAdapter(AnyOutlet)


@dataclass
class Bench:
    contract: Contract
    tool: Tool
    noc: Told
    said: list[str] = field(default_factory=list)

    def work(self) -> str:
        """A ticket from opening to its end; its id."""
        ticket = self.noc.happens()
        self.noc.do(ticket, Acknowledge())
        self.noc.do(ticket, AddNote("looked at the trunk"))
        self.noc.do(ticket, Resolve("rerouted", override=True))
        return ticket

    def errors(self) -> str:
        return " ".join(row.last_error for row in self.noc.outbox.rows())


@pytest.fixture(params=sorted(CONTRACTS))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    contract = CONTRACTS[request.param]()
    with serving(contract) as tool, told(ANY.validate_python(contract.settings(tool.url)), tmp_path) as noc:
        yield Bench(contract, tool, noc)


def test_a_ticket_is_one_item_there_from_its_opening_to_its_end(bench: Bench) -> None:
    bench.work()
    bench.noc.send()
    assert bench.noc.waiting() == bench.noc.dead() == []
    assert (bench.contract.items(), bench.contract.open_items()) == (1, 0)
    assert not bench.contract.wrong


@pytest.mark.parametrize("seed", [5, 7])
def test_every_answer_that_is_lost_is_made_good_without_a_second_item(bench: Bench, seed: int) -> None:
    if bench.contract.doubles:
        pytest.skip("this tool has no key for duplicates and cannot be asked: docs/integrations.md says so")
    bench.work()
    luck, later = random.Random(seed), 0
    bench.tool.faults.extend(Reply(lost=True) if luck.random() < 0.4 else None for _ in range(300))
    while bench.noc.waiting():
        later += 3_600_000
        bench.noc.send(later)
    assert bench.noc.waiting() == bench.noc.dead() == []
    assert (bench.contract.items(), bench.contract.open_items(), bench.contract.doubled()) == (1, 0, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_a_tool_that_is_ill_is_tried_again_later(bench: Bench, status: int) -> None:
    bench.tool.faults.append(Reply(status, b"<html>oops</html>"))
    bench.noc.happens()
    bench.noc.send()
    (waiting,) = bench.noc.waiting()
    assert waiting.attempts == 1 and f"answered {status}" in waiting.last_error
    bench.noc.send(later_ms=60_000)
    assert bench.noc.waiting() == [] and bench.contract.items() == 1


def test_a_tool_that_is_busy_is_left_alone_as_long_as_it_says(bench: Bench) -> None:
    bench.tool.faults.append(Reply(429, {}, {"retry-after": "120"}))
    bench.noc.happens()
    bench.noc.send()
    assert bench.noc.waiting()[0].next_at_ms == bench.noc.at_ms + 120_000
    asked = len(bench.tool.asked)
    bench.noc.send(later_ms=119_999)
    assert len(bench.tool.asked) == asked
    bench.noc.send(later_ms=120_000)
    assert bench.noc.waiting() == [] and bench.contract.items() == 1


def test_a_refused_secret_waits_for_a_person_and_is_never_shown(bench: Bench) -> None:
    bench.tool.faults.append(Reply(401, f"the token {SECRET} is not valid".encode()))
    bench.noc.happens()
    bench.noc.send()
    (waiting,) = bench.noc.waiting()
    assert waiting.next_at_ms >= bench.noc.at_ms + 60_000, "slowly"
    assert "answered 401" in waiting.last_error and "is " in waiting.last_error and "?" in waiting.last_error
    assert SECRET not in bench.errors()


def test_what_it_will_never_take_is_a_dead_letter_in_its_words(bench: Bench) -> None:
    bench.tool.faults.append(Reply(422, {"message": "the summary is not allowed"}))
    bench.noc.happens()
    bench.noc.send()
    (dead,) = bench.noc.dead()
    assert "the summary is not allowed" in dead.last_error and SECRET not in dead.last_error


def test_it_does_not_follow_a_redirect_with_its_secret(bench: Bench) -> None:
    with serving(lambda asked: Reply(200, {"ok": True})) as stranger:
        bench.tool.faults.append(Reply(302, b"", {"location": f"{stranger.url}/login"}))
        bench.noc.happens()
        bench.noc.send()
        assert stranger.asked == []
    assert "write the final address" in bench.noc.waiting()[0].last_error


def test_an_error_inside_a_good_answer_is_an_error(bench: Bench) -> None:
    inside: Any = bench.contract.inside
    if inside is None:
        pytest.skip("this tool's answers are what their status says")
    bench.tool.faults.extend(inside)
    bench.noc.happens()
    bench.noc.send()
    assert bench.errors().strip(), "it was noticed"
    assert not [row for row in bench.noc.outbox.rows() if row.state == "sent"]


def test_the_test_message_says_what_it_is_and_leaves_nothing_open(bench: Bench) -> None:
    assert bench.noc.test("Akira: this is a test")
    assert "this is a test" in " ".join(asked.body.decode() for asked in bench.tool.asked)
    assert bench.contract.open_items() == 0
