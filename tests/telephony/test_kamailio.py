"""Calls through a real Kamailio: what its records and its metrics page say is understood exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from fastapi import FastAPI

from akira.serving import served
from connectors.http_intake import cdr_router
from connectors.kamailio.cdr import KamailioCdr
from connectors.prometheus.getting import ScrapeSettings
from connectors.prometheus.scrape import ScrapeSource
from connectors.spool import Spool, SpoolSettings
from pipeline.directory import Directory, Terminator
from tests.monitoring.servers import until
from tests.telephony.edge import CUSTOMERS, Edge, edge, needed

pytestmark = pytest.mark.kamailio
TOKEN = "a-token-of-the-switch"
STRANGER = "127.0.1.9"
DIRECTORY = Directory(
    terminators=(Terminator(id="north", egress_trunks=("gw1",)), Terminator(id="south", egress_trunks=("gw2",)))
)
ACME = ("442079460000", "442079460010", "442079460020", "442079460001", "442079460011", "442079460004")
GLOBEX = ("442079460002", "442079460003", "442079460013", "442079460005", "442079460030")
ATTEMPTS = {
    "0": [("north", 200)],
    "1": [("north", 486)],
    "2": [("north", 404)],
    "3": [("north", 503), ("south", 200)],
    "4": [("north", 487)],
    "5": [("north", 503), ("south", 503)],
}
"""By the last digit of the called number, what each terminator in turn must have answered."""
RELEASED = {"0": "caller", "1": "callee", "2": "callee", "3": "caller", "4": "caller", "5": "callee"}
RANG = {"0", "3", "4"}


@dataclass(frozen=True)
class Played:
    """What the calls left behind: attempts as read, the samples of the page after them, the marks of both ends."""

    attempts: pl.DataFrame
    samples: dict[str, float]
    edge: Edge

    def finals(self) -> Iterator[dict[str, object]]:
        """The last attempt of each call."""
        yield from self.attempts.filter("last_attempt").iter_rows(named=True)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    needed()
    folder = tmp_path_factory.mktemp("edge")
    app = FastAPI()
    app.include_router(cdr_router({"edge": Spool(SpoolSettings(path=folder / "spool"))}, TOKEN.__eq__))
    calls = dict(zip(CUSTOMERS, (ACME, GLOBEX), strict=True))
    with served(app, "127.0.0.1", 0) as intake, edge(folder, intake, TOKEN) as running:
        settings = ScrapeSettings(url=running.page, switch="edge", profile="kamailio_xhttp_prom", interval_s=0.01)
        source = ScrapeSource(settings, {})
        pages = source.read({})
        next(pages)
        running.call(STRANGER, ["442079460006"])
        for address, called in calls.items():
            running.call(address, list(called))
        until("a record of every call", lambda: len(spooled(folder).splitlines()) >= len(ACME) + len(GLOBEX))
        last = next(pages)
        source.close()
    attempts, rejects = KamailioCdr(switch="edge").read(spooled(folder), "edge", 1, DIRECTORY)
    assert rejects == () and last.rejects == ()
    return Played(attempts, dict(last.frame.select("metric", "value").iter_rows()), running)


def spooled(folder: Path) -> bytes:
    """The raw records that the switch has posted."""
    return b"".join(path.read_bytes() for path in sorted((folder / "spool").iterdir()))


def test_each_call_is_one_record_of_its_customer_and_a_stranger_has_none(played: Played) -> None:
    whose = sorted((str(call["customer"]), str(call["dialed"])) for call in played.finals())
    assert whose == sorted([("acme", number) for number in ACME] + [("globex", number) for number in GLOBEX])
    assert {(call["customer"], call["source_ip"]) for call in played.finals()} == {
        (customer, address) for address, customer in CUSTOMERS.items()
    }


def test_each_terminators_answer_is_an_attempt(played: Played) -> None:
    columns = ("dialed", "attempt", "terminator", "sip_code")
    seen: dict[str, list[tuple[str, int]]] = {}
    for number, _, terminator, code in played.attempts.sort("dialed", "attempt").select(columns).iter_rows():
        seen.setdefault(number, []).append((terminator, code))
    assert seen == {number: ATTEMPTS[number[-1]] for number in (*ACME, *GLOBEX)}


def test_who_ended_a_call_and_whether_it_rang(played: Played) -> None:
    assert {str(call["dialed"]): call["released_by"] for call in played.finals()} == {
        number: RELEASED[number[-1]] for number in (*ACME, *GLOBEX)
    }
    rang = {str(call["dialed"]) for call in played.finals() if call["ringing_at"] is not None}
    assert rang == {number for number in (*ACME, *GLOBEX) if number[-1] in RANG}


def test_answer_and_end_lie_between_what_both_ends_saw(played: Played) -> None:
    heard, said = played.edge.heard(), played.edge.said()
    answered = {str(call["call_id"]): call for call in played.finals() if call["answered_at"] is not None}
    assert answered.keys() == heard.keys() == said.keys()
    assert {str(call["dialed"])[-1] for call in answered.values()} == {"0", "3"}
    for call_id, call in answered.items():
        (sent,), (answer, hung_up, confirmed) = said[call_id], heard[call_id]
        order = [call["setup_at"], call["ringing_at"], sent, call["answered_at"], answer, hung_up, call["ended_at"]]
        slack_ms = 1.0  # records are rounded to a millisecond
        times = [float(str(at)) for at in (*order, confirmed)]
        assert all(early <= late + slack_ms for early, late in zip(times, times[1:], strict=False)), (call_id, times)


def test_the_switchs_own_page_counts_the_same_calls(played: Played) -> None:
    assert played.samples["invites"] == len(ACME) + len(GLOBEX)
    assert played.samples["active_calls"] == 0
    # Replies are counted as received, and a slow machine repeats them.
    for metric, digits in (("answers", "03"), ("responses_4xx", "124"), ("responses_5xx", "355")):
        least = sum(digits.count(number[-1]) for number in (*ACME, *GLOBEX))
        assert played.samples[metric] >= least, metric
    assert played.samples["acl_denied"] >= 1
