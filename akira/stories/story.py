"""The text of a story, line by line; a wrong line is named with its file and number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from akira.errors import OperatorError

NETWORK: Final = {"customers": 6, "terminators": 3, "destinations": 4, "switches": 2, "trunks": 0}
WHERE: Final[tuple[str, ...]] = ("customer", "terminator", "destination", "switch", "trunk")
EFFECTS: Final = (
    "asr", "pdd", "talk", "fas", "traffic", "lag", "lost", "twice", "unrated", "up",
    "balance", "denied", "dead", "failover", "loop", "to", "garbage", "ringing", "unanswered", "code",
)  # fmt: skip
EXPECTED: Final = (
    "signal", "signals", "lead", "severity", "severities", "class", "within", "begins", "ends", "flaps", "customers",
    "parent", *WHERE,
)  # fmt: skip
_LENGTH: Final = re.compile(r"(\d+)([smh])")
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True, slots=True)
class Change:
    """What happens from `start_ms` to `end_ms` of the story, to the calls inside `where`."""

    start_ms: int
    end_ms: int
    where: dict[str, tuple[str, ...]]
    effects: dict[str, str]


@dataclass(frozen=True, slots=True)
class Expected:
    """A ticket that must come; `since_ms` is the start of the change told before it."""

    line: int
    since_ms: int
    facts: dict[str, str]
    cause: dict[str, tuple[str, ...]] | None


@dataclass(slots=True)
class Story:
    """A whole story."""

    name: str
    sizes: dict[str, int] = field(default_factory=lambda: dict(NETWORK))
    majors: tuple[str, ...] = ()
    directory: bool = True
    length_ms: int = 0
    rate: float = 0.0
    seed: int = 1
    changes: list[Change] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    judged: bool = False
    """It says what must come of it."""


def read(text: str, name: str) -> Story:
    """The story of `text`. Raises OperatorError with file and line for what cannot be read."""
    story = Story(name)
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        try:
            if words:
                _line(story, number, words)
        except ValueError as wrong:
            raise OperatorError(f"{name}:{number}: {wrong}", "see docs/stories.md") from wrong
    if not story.length_ms or not story.judged:
        raise OperatorError(f"{name}: a story needs a line `calls` and a line `expect`", "see docs/stories.md")
    return story


def _line(story: Story, number: int, words: list[str]) -> None:
    match words:
        case ["network", *rest]:
            for key, value in _pairs(rest, (*NETWORK, "major", "directory")).items():
                if key == "major":
                    story.majors = tuple(value.split(","))
                elif key == "directory":
                    story.directory = _one_of(value, "yes", "no") == "yes"
                else:
                    story.sizes[key] = int(value)
        case ["calls", length, *rest]:
            facts = _pairs(rest, ("rate", "seed"))
            story.length_ms, story.rate = span_ms(length), float(facts.get("rate", "400"))
            story.seed = int(facts.get("seed", "1"))
        case ["from", start, "for", length, *rest]:
            story.changes.append(_change(story, span_ms(start), span_ms(length), rest))
        case ["expect", "nothing"]:
            story.judged = True
        case ["expect", "ticket", *rest]:
            story.expected.append(_expected(story, number, rest))
            story.judged = True
        case _:
            raise ValueError(f"cannot read {' '.join(words)!r}: begin with network, calls, from or expect")


def _change(story: Story, start_ms: int, length_ms: int, rest: list[str]) -> Change:
    facts = _pairs(rest, (*WHERE, *EFFECTS))
    where = {dim: tuple(facts.pop(dim).split(",")) for dim in WHERE if dim in facts}
    for dim, values in where.items():
        known = names(story, dim)
        unknown = [value for value in values if value not in known]
        if unknown:
            raise ValueError(f"no {dim} {unknown[0]!r}: the network has {', '.join(known)}")
    if not facts:
        raise ValueError(f"nothing changes: name one of {', '.join(EFFECTS)}")
    for name, value in facts.items():
        _check(story, name, value)
    return Change(start_ms, start_ms + length_ms, where, facts)


def _check(story: Story, name: str, value: str) -> None:
    """Raise ValueError for the value of an effect that says nothing."""
    match name:
        case "pdd" | "lag":
            span_ms(value.removeprefix("+"))
        case "loop":
            if int(value) < 2:
                raise ValueError(f"loop={value}: write how many attempts a call makes, 2 or more")
        case "to":
            _one_of(value, *names(story, "terminator"))
        case "balance":
            _one_of(value, "blocked", "threshold")
        case "dead" | "ringing" | "unanswered":
            _one_of(value, {"dead": "quiet", "ringing": "none", "unanswered": "lost"}[name])
        case _:
            float(value)


def _expected(story: Story, number: int, rest: list[str]) -> Expected:
    named = "cause" in rest
    facts = _pairs([word for word in rest if word != "cause"], EXPECTED)
    cause = {dim: tuple(sorted(facts.pop(dim).split(","))) for dim in WHERE if dim in facts}
    since_ms = story.changes[-1].start_ms if story.changes else 0
    return Expected(number, since_ms, facts, cause if cause or named else None)


def names(story: Story, dim: str) -> tuple[str, ...]:
    """All values of a dimension: cust-0, term-0, dest-0, sw-0 and so on; trunk-N is one of customer N modulo all."""
    short = {"customer": "cust", "terminator": "term", "destination": "dest", "switch": "sw"}.get(dim, dim)
    plural = "switches" if dim == "switch" else f"{dim}s"
    return tuple(f"{short}-{n}" for n in range(story.sizes[plural]))


def span_ms(text: str) -> int:
    """A length of time such as 30s, 15m or 2h, in ms."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no length of time: write 30s, 15m or 2h")
    return int(found[1]) * _UNIT_MS[found[2]]


def _pairs(words: list[str], known: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or key not in known:
            raise ValueError(f"{word!r}: write name=value with one of {', '.join(known)}")
        found[key] = value
    return found


def _one_of(value: str, *known: str) -> str:
    if value not in known:
        raise ValueError(f"{value!r}: write {' or '.join(known)}")
    return value
