"""CDRs by HTTP POST: every body that switches send, every refusal, and that "received" means on disk."""

from __future__ import annotations

import asyncio
import base64
import gzip
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import FastAPI

from connectors.http_intake import BODY_MAX, cdr_router
from connectors.spool import Spool, SpoolFull, SpoolSettings
from connectors.vendors.freeswitch_json import FreeswitchJson
from connectors.watchdir import WatchDir, WatchDirSettings
from pipeline.directory import Directory

DATA = Path(__file__).parent.parent / "data" / "vendors"
RECORD = (DATA / "freeswitch_json.ndjson").read_text().splitlines()[0]
TOKEN = {"Authorization": "Bearer good"}
CALL = "a0000000-0000-4000-8000-000000000001"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(SpoolSettings(path=tmp_path / "spool"), now=lambda: 1_772_445_600.0)


class Door:
    """The router in an application, asked without a network."""

    def __init__(self, spool: Spool) -> None:
        self.app = FastAPI()
        self.app.include_router(cdr_router({"fs1": spool}, lambda token: token == "good"))

    def post(self, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://akira") as client:
                return await client.post(path, **request)

        return asyncio.run(ask())


@pytest.fixture
def door(spool: Spool) -> Door:
    return Door(spool)


def read(spool: Spool) -> list[str]:
    source = WatchDir(WatchDirSettings(path=spool.settings.path), FreeswitchJson(), Directory(), follow=False)
    return [call for batch in source.read({}) for call in batch.frame["call_id"]]


FORM = "application/x-www-form-urlencoded"
BODIES = {
    "raw": (RECORD.encode(), {"Content-Type": "application/json"}),
    "pretty": (RECORD.replace('{"core-uuid"', '{\n"core-uuid"').encode(), {"Content-Type": "application/json"}),
    "no type": (RECORD.encode(), {}),
    "form": (urlencode({"uuid": "a_1", "cdr": RECORD}).encode(), {"Content-Type": FORM}),
    "form of the switch": (b"cdr=" + quote(RECORD).encode(), {"Content-Type": f"{FORM}; charset=utf-8"}),
    "base64": (
        b"cdr=" + base64.b64encode(RECORD.encode()),
        {"Content-Type": "application/x-www-form-base64-encoded"},
    ),
    "gzip": (gzip.compress(RECORD.encode()), {"Content-Type": "text/plain", "Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_body_of_a_switch_becomes_its_record(door: Door, spool: Spool, name: str) -> None:
    body, headers = BODIES[name]
    answer = door.post("/intake/cdr/fs1", content=body, headers=TOKEN | headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert read(spool) == [CALL]


def test_the_token_may_come_as_the_password_of_basic(door: Door) -> None:
    assert door.post("/intake/cdr/fs1", content=RECORD, auth=("switch", "good")).status_code == 204
    for headers in ({}, {"Authorization": "Bearer bad"}, {"Authorization": "Basic ?"}, {"Authorization": "good"}):
        answer = door.post("/intake/cdr/fs1", content=RECORD, headers=headers)
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
    assert door.post("/intake/cdr/fs1", content=RECORD, auth=("good", "bad")).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(RECORD.encode())[:-9], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"0" * (BODY_MAX + 1)), {"Content-Encoding": "gzip"}, 413),
        (b"0" * (BODY_MAX + 1), {}, 413),
        (RECORD.encode(), {"Content-Encoding": "br"}, 415),
        (RECORD.encode(), {"Content-Type": "image/png"}, 415),
        (b"uuid=1", {"Content-Type": FORM}, 400),
        (b"\xff\xff", {"Content-Type": FORM}, 400),
        (b"cdr=?", {"Content-Type": "application/x-www-form-base64-encoded"}, 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_what_would_be_right(
    door: Door, spool: Spool, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = door.post("/intake/cdr/fs1", content=body, headers=TOKEN | headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert read(spool) == []


def test_an_unknown_source_is_named_with_those_there_are(door: Door) -> None:
    answer = door.post("/intake/cdr/fs2", content=RECORD, headers=TOKEN)
    assert (answer.status_code, "fs1" in answer.json()["detail"]) == (404, True)


def test_a_full_spool_or_disk_asks_the_sender_to_keep_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(SpoolSettings(path=tmp_path, max_bytes=1 << 20))
    door = Door(spool)
    assert door.post("/intake/cdr/fs1", content=b"x" * 1_000_000, headers=TOKEN).status_code == 204
    answer = door.post("/intake/cdr/fs1", content=b"y" * 100_000, headers=TOKEN)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    written = os.write
    monkeypatch.setattr(os, "write", lambda file, data: written(file, data[:3]) if len(data) == 11 else _disk_full())
    assert door.post("/intake/cdr/fs1", content=b"z" * 10, headers=TOKEN).status_code == 503
    monkeypatch.undo()
    assert b"z" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert door.post("/intake/cdr/fs1", content=b"{}", headers=TOKEN).status_code == 204


def _disk_full() -> int:
    raise OSError(28, "No space left on device")


def test_the_spool_begins_a_file_each_hour_and_forgets_only_old_ones(tmp_path: Path) -> None:
    at = [1_772_445_600.0]
    spool = Spool(SpoolSettings(path=tmp_path, keep_h=2), now=lambda: at[0])
    (tmp_path / "not-mine.txt").write_text("x")
    for hour in range(4):
        at[0] = 1_772_445_600.0 + hour * 3600
        spool.append(b"{}")
        os.utime(tmp_path / f"20260302{10 + hour}.cdr", (at[0], at[0]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026030211.cdr",
        "2026030212.cdr",
        "2026030213.cdr",
        "not-mine.txt",
    ]
    spool.close()
    again = Spool(SpoolSettings(path=tmp_path, max_bytes=1 << 20))
    with pytest.raises(SpoolFull):
        again.append(b"x" * (1 << 20))
    assert oct((tmp_path / "2026030213.cdr").stat().st_mode)[-3:] == "600"
