"""Pages from templates: filters for figures and times, and what every page shows around its content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from akira.web.auth.access import Principal
from akira.web.problems import Problem
from akira.wording import SHAPES, duration, value_words
from pipeline.desk.words import clock

NAVIGATION: Final = (
    ("/", "Wall", "g w"),
    ("/queue", "Queue", "g q"),
    ("/customers", "Customers", "g c"),
    ("/routes", "Routes", "g r"),
    ("/silences", "Silences", "g s"),
    ("/on-call", "On-call", "g o"),
    ("/admin", "Admin", "g a"),
)
_YEAR_9999_MS: Final = 253_402_300_799_000


def environment() -> Environment:
    """The templates with their filters; everything is escaped."""
    made = Environment(
        loader=PackageLoader("akira.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": lambda ms: clock(_sane(ms)),
        "iso": lambda ms: datetime.fromtimestamp(_sane(ms) / 1000, UTC).isoformat(),
        "field_time": lambda ms: f"{datetime.fromtimestamp(_sane(ms) / 1000, UTC):%Y-%m-%dT%H:%M:%S}",
        "duration": duration,
        "number": lambda value: f"{value:,.0f}",
        "percent": lambda value: f"{100 * value:.0f} %",
        "value": value_words,
        "safe_link": safe_link,
        "actor": lambda name: name.removeprefix("akira/"),
    }
    made.globals |= {"shapes": SHAPES, "navigation": NAVIGATION}
    return made


def safe_link(text: str) -> str:
    """An http(s) link as it is; anything else (`javascript:` and the like) leads nowhere."""
    return text if urlsplit(text).scheme in ("http", "https") else "#"


def page(
    request: Request,
    me: Principal | None,
    template: str,
    *,
    status: int = 200,
    notice: Problem | None = None,
    **content: Any,
) -> HTMLResponse:
    """Render `template` for `me`; `notice` is a refusal shown above it."""
    state = request.app.state
    theme = request.cookies.get("akira_theme")
    around: Mapping[str, Any] = {
        "me": me,
        "csrf_field": csrf_field(me),
        "here": request.url.path,
        "theme": theme if theme in ("dark", "light") else None,
        "notice": notice,
        "now_ms": state.clock(),
        "feeds": state.office.feeds() if me else [],
    }
    body = state.templates.get_template(template).render({**around, **content})
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})


def csrf_field(me: Principal | None) -> Markup:
    """The hidden field that a form of this session must send back."""
    mark = me.csrf if me and me.csrf else ""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(mark)


def _sane(ms: int) -> int:
    return min(max(int(ms), 0), _YEAR_9999_MS)
