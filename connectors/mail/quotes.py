"""What is new in an answer: mail programs put the mail that is answered below it."""

from __future__ import annotations

import re
from typing import Final

_ORIGINAL: Final = re.compile(r"-{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine)\s*-{2,}", re.I)
_ATTRIBUTION: Final = re.compile(r".{0,300}(?:wrote|schrieb|a écrit|escribió|ha scritto)\b.{0,100}:")


def fresh(text: str) -> str:
    """`text` without what is quoted at its end; answers between quoted lines stay with them. Never empty if `text` is
    not."""
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if place and _ORIGINAL.fullmatch(line.strip()):
            lines = lines[:place]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    quoted = any(line.lstrip().startswith(">") for line in lines[end:])
    if quoted and end and _ATTRIBUTION.fullmatch(lines[end - 1].strip()):
        end -= 1
    return "\n".join(lines[:end]).strip() or text.strip()
