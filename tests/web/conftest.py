"""A small desk behind the application: one incident with evidence, one request of a customer, a clock to move."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from akira.serving import served
from akira.web.app import create_app
from akira.web.auth.access import Role
from connectors.store.door import Desk
from connectors.store.engine import Store
from connectors.store.journal import Journal
from pipeline.desk.commands import Open
from pipeline.desk.policy import DeskPolicy, RotaPolicy
from pipeline.desk.ticket import Intake
from pipeline.directory import Customer, Directory, Terminator
from pipeline.incidents import Cost, Evidence, Figure, Impact, Incident, Point

NOW = 1_750_000_020_000
MINUTE = 60_000
REQUEST = "D-000001"
POLICY = DeskPolicy(rota=RotaPolicy(people=("anna", "bert"), from_ms=NOW))
DIRECTORY = Directory(
    customers=(Customer(id="big", name="Big Telco", major=True), Customer(id="acme")),
    terminators=(Terminator(id="term-05", egress_trunks=("eg5",)),),
)


def incident(key: str = "I-1", revision: int = 1, now: int = NOW, summary: str = "") -> Incident:
    """A terminator that rejects the calls of two customers since twenty minutes."""
    onset = now - 20 * MINUTE
    points = tuple(Point(onset + n * MINUTE, 100, 0.58 if n < 0 else 0.06, 0.58, 0.55, 0.61) for n in range(-20, 20))
    figure = Figure("asr_drop", "ASR", 0.06, 0.58, 0.56, 0.60, 3912, "ratio")
    cost = Cost("not_carried", "EUR", 84_240_000, 28_080_000, 208.0, 135_000, 412)
    return Incident(
        id=key,
        revision=revision,
        at_ms=now,
        opened_at_ms=onset + 3 * MINUTE,
        onset_ms=onset,
        ended_ms=None,
        recovered_at_ms=None,
        ticket_type="sip_quality",
        signals=("asr_drop",),
        lead="asr_drop",
        cause={"terminator": ("term-05",), "destination": ("Germany-Mobile",)},
        customers=(Impact("big", True, 300, 280, 120.0, 0.5), Impact("acme", False, 90, 84, 36.0, 0.2)),
        severity="SEV1",
        why="because 2 customers cannot place calls",
        summary=summary or "term-05 rejects calls to Germany-Mobile",
        evidence=Evidence((figure,), points, ("call-1", "call-2"), ("503 in 91 % of failures",), costs=(cost,)),
    )


@dataclass
class Clock:
    """Time as the tests set it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass
class Feed:
    """A row of feed health."""

    kind: str
    source: str
    age_s: float
    disabled: tuple[tuple[str, str], ...] = ()


@dataclass
class Web:
    """The application with what a test needs around it."""

    app: FastAPI
    store: Store
    clock: Clock
    request_id: str = REQUEST
    address: str = ""
    feeds: list[Feed] = field(default_factory=list)

    def token(self, role: Role, **more: object) -> str:
        """A new token of `role`."""
        issued, _ = self.app.state.tokens.issue(f"{role}-person", role, at_ms=NOW, by="test", lasts_ms=None, **more)
        return str(issued)

    def client(self, role: Role | None = None) -> httpx.Client:
        """A client, with a token of `role` if any; redirects are not followed."""
        headers = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False)


def build(url: str, clock: Callable[[], int] | None = None) -> Web:
    """A web over the store at `url`."""
    store = Store.open(url)
    feeds: list[Feed] = [Feed("cdr", "sw1", 2.0)]
    held = Clock()
    app = create_app(store, POLICY, directory=DIRECTORY, feeds=lambda: feeds, clock=clock or held)
    return Web(app, store, held, feeds=feeds)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the incident and the request, made once and copied for each test."""
    path = tmp_path_factory.mktemp("seeded") / "akira.db"
    store = Store.open(f"sqlite:///{path}")
    Journal(store, POLICY).record([incident()], None)
    command = Open("billing", "Invoice 7 charges twice", Intake(customer="acme"))
    assert Desk(store, POLICY, DIRECTORY).open(command, NOW, "anna") == REQUEST
    store.close()
    return path


@pytest.fixture
def web(tmp_path: Path, seeded: Path) -> Iterator[Web]:
    shutil.copy(seeded, tmp_path / "akira.db")
    made = build(f"sqlite:///{tmp_path / 'akira.db'}")
    with served(made.app, "127.0.0.1", 0, made.app.state.hub.close) as made.address:
        yield made
    made.store.close()
