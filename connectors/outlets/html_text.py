"""The text of a comment or a mail that is HTML. Time grows with its length and no faster, whatever it holds."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)[^<>]*>|<[!?/][^<>]*>")
_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "blockquote", "pre", "h1", "h2", "h3"})
_UNSEEN: Final = frozenset({"script", "style", "head"})


def html_text(html: str) -> str:
    """What a reader sees, one line for each block."""
    parts: list[str] = []
    shown, at, hidden_by = _uncommented(html), 0, ""
    for tag in _TAG.finditer(shown):
        closing, name = bool(tag[1]), (tag[2] or "").lower()
        if not hidden_by:
            parts.append(_flat(shown[at : tag.start()]))
        at = tag.end()
        if hidden_by:
            over = (closing and name == hidden_by) or (hidden_by == "head" and name == "body")
            hidden_by = "" if over else hidden_by
        elif name in _UNSEEN and not closing:
            hidden_by = name
        elif name in _BREAKS:
            parts.append("\n")
    if not hidden_by:
        parts.append(_flat(shown[at:]))
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(line for line in lines if line)


def _uncommented(html: str) -> str:
    """Without comments; one that has no end takes the rest."""
    parts, at = [], 0
    while (mark := html.find("<!--", at)) >= 0:
        parts.append(html[at:mark])
        end = html.find("-->", mark + 4)
        if end < 0:
            return "".join(parts)
        at = end + 3
    return "".join([*parts, html[at:]])


def _flat(text: str) -> str:
    """Characters for their references, on one line."""
    return " ".join(unescape(text).split("\n"))
