"""Runbooks (docs/runbooks) as pages: what a signal or an alert means, what to look at first, whom to call."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from markdown_it import MarkdownIt
from markupsafe import Markup

from akira.web.auth.access import Principal
from akira.web.auth.guard import Guard
from akira.web.pages.render import page
from akira.web.problems import Problem

routes = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(Guard("tickets.read"))]
INDEX: Final = "README"
_FOLDER: Final = files("akira.web") / "runbooks"
_PAGE: Final = re.compile(r"(\w+)\.md")
_ELSEWHERE: Final = {"../incident-response.md": "/guide/incident-response"}


@routes.get("/runbooks", name="page.runbooks")
def index(request: Request, me: Reader) -> HTMLResponse:
    """All of them, by signal and by alert."""
    return _shown(request, me, INDEX)


@routes.get("/runbooks/{name}", name="page.runbook")
def runbook(request: Request, name: Annotated[str, Path(max_length=100)], me: Reader) -> HTMLResponse:
    """One runbook; the address that the alert rules link to."""
    if name not in titles():
        raise Problem(404, "not_found", f"There is no runbook {name}", hint="/runbooks lists them")
    return _shown(request, me, name)


@lru_cache(maxsize=1)
def titles() -> dict[str, str]:
    """Every runbook with the title of its page, without the name in brackets."""
    names = sorted(entry.name.removesuffix(".md") for entry in _FOLDER.iterdir() if entry.name.endswith(".md"))
    first_lines = {name: _text(name).split("\n", 1)[0] for name in names if name != INDEX}
    return {name: line.removeprefix("# ").split(" (`")[0] for name, line in first_lines.items()}


@lru_cache(maxsize=128)
def rendered(name: str) -> Markup:
    """The page as HTML: CommonMark without raw HTML, links to other pages of the documentation as addresses here."""
    parser = MarkdownIt("commonmark", {"html": False})
    tokens = parser.parse(_text(name))
    for token in (child for block in tokens for child in block.children or ()):
        if token.type == "link_open":
            token.attrSet("href", _address(str(token.attrGet("href"))))
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _address(href: str) -> str:
    found = _PAGE.fullmatch(href)
    return f"/runbooks/{found[1]}" if found else _ELSEWHERE.get(href, href)


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")


def _shown(request: Request, me: Principal, name: str) -> HTMLResponse:
    title = titles().get(name, "Runbooks")
    return page(request, me, "runbook.html", title=title, text=rendered(name), index=name == INDEX)
