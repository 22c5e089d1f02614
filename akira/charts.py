"""The picture of an incident: the observed line over the band that was expected, with its marks, as SVG or PNG.

One drawing serves console, ticket, mail and report. Colours: Okabe and Ito, "Color Universal Design" (2008).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import altair as alt
import vl_convert as vlc

from pipeline.incidents import Point

OBSERVED: Final = "#000000"
"""Okabe-Ito black: what was seen; an inlined SVG takes the colour of its page's text instead."""
EXPECTED: Final = "#0072B2"
"""Okabe-Ito blue: what was to be expected."""
INK: Final = "#767676"
"""Axes and words: a grey of at least 4.5:1 on white; inlined it takes the page's text colour too."""

MarkKind = Literal["onset", "opened", "cleared", "change", "person", "route"]
_DASH: Final[dict[str, list[int]]] = {
    "onset": [2, 2],
    "opened": [1, 0],
    "cleared": [6, 3],
    "change": [1, 3],
    "person": [1, 3],
    "route": [4, 2],
}
_UNITS: Final[dict[str, tuple[str, str]]] = {
    "ratio": ("%", ".0%"),
    "s": ("s", "~g"),
    "calls": ("calls", "~s"),
    "records": ("records", "~s"),
    "count": ("count", "~s"),
}
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the time axis with a word or two: an onset, an opening, a clearing, a change of route."""

    at_ms: int
    kind: MarkKind
    label: str


def incident_chart(
    points: Sequence[Point], marks: Sequence[Mark], *, metric: str, unit: str, width: int = 720, height: int = 190
) -> dict[str, Any]:
    """A Vega-Lite drawing of `points` (a minute each) with `marks`; `metric` and `unit` (of `Figure`) title it."""
    title, tick_format = _UNITS.get(unit, (unit, "~g"))
    rows = [_row(point) for point in points]
    time_axis = alt.Axis(format=_time_format(points), title="time (UTC)", labelOverlap=True, tickCount=8, grid=False)
    x = alt.X("at:T", scale=alt.Scale(type="utc"), axis=time_axis)
    value_axis = alt.Axis(format=tick_format, title=f"{metric} ({title})", tickCount=5)
    y_scale = alt.Scale(zero=True, nice=True)
    base = alt.Chart(alt.InlineData(values=rows))
    band = base.mark_area(color=EXPECTED, opacity=0.32).encode(
        x=x, y=alt.Y("low:Q", axis=value_axis, scale=y_scale), y2=alt.Y2("high:Q")
    )
    normal = base.mark_line(color=EXPECTED, strokeWidth=1, strokeDash=[4, 3]).encode(x=x, y=alt.Y("expected:Q"))
    seen = base.mark_line(color=OBSERVED, strokeWidth=2, interpolate="step-after").encode(x=x, y=alt.Y("observed:Q"))
    layers: list[alt.Chart] = [band, normal, seen, *_line_names(points), *_mark_layers(marks)]
    drawing = alt.layer(*layers).properties(width=width, height=height, autosize=alt.AutoSizeParams(type="fit"))
    spec: dict[str, Any] = drawing.to_dict()
    axis = {"labelColor": INK, "titleColor": INK, "tickColor": INK, "domainColor": INK, "gridColor": INK}
    config = {"axis": {**axis, "gridOpacity": 0.2, "titleFontWeight": "normal"}, "view": {"stroke": None}}
    return {**spec, "config": config, "background": None}


def svg(chart: dict[str, Any], *, title: str) -> str:
    """The chart as one inline `<svg>` that takes the page's text colour, names itself `title` and needs no style."""
    drawn = str(vlc.vegalite_to_svg(chart))
    drawn = re.sub(r"\sstyle=\"[^\"]*\"", "", drawn)
    drawn = drawn.replace(INK, "currentColor").replace(OBSERVED, "currentColor")
    head = f'<svg role="img" aria-label="{_attribute(title)}" font-family="inherit"'
    return re.sub(r"<svg(?: class=\"[^\"]*\")?", head, drawn, count=1)


def png(chart: dict[str, Any], *, scale: float = 2.0) -> bytes:
    """The same chart as a PNG on white, `scale` device pixels to a unit, for mail and tickets elsewhere."""
    return bytes(vlc.vegalite_to_png({**chart, "background": "white"}, scale=scale))


def _row(point: Point) -> dict[str, float | int | None]:
    return {
        "at": point.at_ms,
        "observed": point.observed,
        "expected": point.expected,
        "low": point.low,
        "high": point.high,
    }


def _line_names(points: Sequence[Point]) -> list[alt.Chart]:
    """The names of the two lines at their right ends, pushed apart where the lines meet, in place of a legend."""
    last_seen = next((point for point in reversed(points) if point.observed is not None), None)
    if last_seen is None or last_seen.observed is None:
        return []
    below = last_seen.observed <= last_seen.expected
    layers: list[alt.Chart] = []
    for name, value, up in (("observed", last_seen.observed, not below), ("normal", last_seen.expected, below)):
        base = alt.Chart(alt.InlineData(values=[{"at": points[-1].at_ms, "value": value, "name": name}]))
        words = base.mark_text(align="left", dx=5, dy=-5 if up else 5, color=INK, fontSize=11)
        x = alt.X("at:T", scale=alt.Scale(type="utc"))
        layers.append(words.encode(x=x, y=alt.Y("value:Q"), text="name:N"))
    return layers


def _mark_layers(marks: Sequence[Mark]) -> list[alt.Chart]:
    """A vertical rule per mark and its words above the plot; words of neighbours take turns in three rows."""
    layers: list[alt.Chart] = []
    x = alt.X("at:T", scale=alt.Scale(type="utc"))
    for row, mark in enumerate(sorted(marks, key=lambda m: m.at_ms)):
        base = alt.Chart(alt.InlineData(values=[{"at": mark.at_ms, "label": mark.label}]))
        layers.append(base.mark_rule(color=INK, strokeWidth=1.2, strokeDash=_DASH[mark.kind]).encode(x=x))
        words = base.mark_text(align="left", baseline="bottom", dx=-2, color=INK, fontSize=11)
        layers.append(words.encode(x=x, y=alt.value(-3 - 12 * (row % 3)), text="label:N"))
    return layers


def _time_format(points: Sequence[Point]) -> str:
    spans_days = bool(points) and points[-1].at_ms - points[0].at_ms > _DAY_MS
    return "%d %b %H:%M" if spans_days else "%H:%M"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
