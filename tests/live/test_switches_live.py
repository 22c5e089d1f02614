"""`akira run` on switches: files with a drain, posts with a token, and the same destinations as an archive."""

from __future__ import annotations

import base64
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import polars as pl
import pytest

from akira.errors import OperatorError
from akira.serving import served
from akira.settings import load
from akira.sources import opened_source, resolving
from akira.switch_door import open_door
from connectors.codec import encode
from connectors.spool import Spool, SpoolSettings
from pipeline.directory import Destination, Directory
from tests.run import carrier
from tests.web.conftest import build

DIRECTORY = Directory(destinations=(Destination(name="Germany", prefixes=("49",)),))
ROW = "INVITE|a1|b1|c1|486|Busy Here|1772445601|x|alfa|12025550143\n"


def settings_file(path: Path) -> Path:
    (path / "in").mkdir()
    (path / "in" / "acc").write_text(ROW + "half a record\n")
    made = path / "akira.toml"
    made.write_text(
        f'[run]\nsource = "switches"\ndeadletters = "{path}/letters"\n[store]\nurl = "sqlite:///{path}/a.db"\n'
        f'[[cdr]]\nname = "sw1"\nformat = "opensips_flatstore"\nfiles = {{ path = "{path}/in" }}\n'
    )
    return made


def test_a_run_drains_the_files_of_a_switch_without_a_broker(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "akira", "run", "--drain", "--no-web", "--settings", str(settings_file(tmp_path))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert "half a record" in (tmp_path / "letters").read_text()


def test_no_switch_is_told(tmp_path: Path) -> None:
    path = tmp_path / "akira.toml"
    path.write_text('[run]\nsource = "switches"\n')
    settings = load(path, {})
    assert (settings.run.sinks, settings.run.deadletters) == ((), "deadletters.ndjson")
    with pytest.raises(OperatorError, match="no switch is given"):
        opened_source(settings, DIRECTORY, threading.Event(), drain=True, from_oldest=False)


def test_messages_get_their_destination_by_prefix() -> None:
    frame = carrier.cdrs()[:2].with_columns(destination=pl.lit(None, pl.String), dialed=pl.Series(["4930", "331"]))
    batch = resolving(DIRECTORY)("cdr", encode("cdr", frame).splitlines(), "t[0]", [0, 1])
    assert batch.frame["destination"].to_list() == ["Germany", None]


def test_posts_need_a_token_that_may_write(tmp_path: Path) -> None:
    web, spool = build(f"sqlite:///{tmp_path}/a.db"), Spool(SpoolSettings(path=tmp_path / "spool"))
    open_door(web.app, {"sw1": spool})
    issued, _ = web.app.state.tokens.issue("sw1", "noc", at_ms=1, by="t", lasts_ms=None)
    reader, _ = web.app.state.tokens.issue("r", "viewer", at_ms=1, by="t", lasts_ms=None)
    with served(web.app, "127.0.0.1", 0) as address:
        basic = base64.b64encode(f"x:{issued}".encode()).decode()
        for header, status in ((f"Basic {basic}", 204), (f"Bearer {issued}", 204), (f"Bearer {reader}", 401)):
            body = ROW * 20_000 if status == 204 else ROW
            answer = httpx.post(f"{address}/intake/cdr/sw1", content=body, headers={"Authorization": header})
            assert answer.status_code == status, answer.text
    assert sum(path.stat().st_size for path in (tmp_path / "spool").iterdir()) == 2 * len(ROW) * 20_000
    spool.close()
    web.store.close()
