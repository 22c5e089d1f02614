"""A console on a real port and the system's Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from akira.serving import served
from connectors.store.journal import Journal
from tests.web.conftest import POLICY, Web, build, incident

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium: install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Web]:
    """A console of today: browsers have a clock of their own."""
    made = build(f"sqlite:///{tmp_path / 'akira.db'}", clock=_now)
    Journal(made.store, POLICY).record([incident(now=_now())], None)
    with served(made.app, "127.0.0.1", 0, made.app.state.hub.close) as made.address:
        yield made
    made.store.close()


@pytest.fixture
def open_page(console: Web, browser: Browser) -> Iterator[OpenPage]:
    """Opens a page as somebody of `role`; a script error or a refused request fails the test at its end."""
    wrong: list[str] = []
    with ExitStack() as contexts:

        def opened(path: str, role: str = "noc", width: int = 1280, height: int = 800, scripts: bool = True) -> Page:
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, java_script_enabled=scripts)  # type: ignore[arg-type]
            contexts.callback(context.close)
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("request", lambda request: _own(request.url, console.address, wrong))
            page.goto(f"{console.address}/sign-in?next={path}")
            page.fill("input[name=token]", console.token(role))  # type: ignore[arg-type]
            page.press("input[name=token]", "Enter")
            page.wait_for_selector("header.bar")
            page.wait_for_load_state()  # the keys are there only then
            return page

        yield opened
    assert wrong == []


def _own(url: str, address: str, wrong: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        wrong.append(f"a request left the host: {url}")
