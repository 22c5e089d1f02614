"""The Prometheus text exposition format (version 0.0.4): samples of a page, and the lines that are none.

Parsing is prometheus_client's. What is added: a bound on the size, and that one bad line does not cost the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from pipeline.ports import Reject

PAGE_BYTES: Final = 8_000_000
_RAW_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: `stamped_ms` is the page's own time of it, which few elements write."""

    name: str
    labels: dict[str, str]
    value: float
    stamped_ms: int | None

    def series(self) -> str:
        """The sample's identity: its name and its labels in order."""
        return self.name + "{" + ",".join(f'{name}="{self.labels[name]}"' for name in sorted(self.labels)) + "}"


@dataclass(frozen=True, slots=True)
class Page:
    """What one page said: its samples, its refused lines, the latest time stamp on it."""

    samples: tuple[Sample, ...]
    rejects: tuple[Reject, ...]
    stamped_ms: int | None


def parse(text: str, source: str) -> Page:
    """Samples of `text` in order; bad lines are `Reject`s with their line number, the others count.

    A page that ends inside a line was cut off: its last line is refused, since `12` may have been `1234`.
    """
    if len(text) > PAGE_BYTES:
        return Page((), (_reject(source, None, "too_long", f"a page of at most {PAGE_BYTES} bytes", text),), None)
    whole, _, cut = text.rpartition("\n")
    rejects = (
        [_reject(source, whole.count("\n") + 2, "cut_off", "a line feed at the end of the page", cut)] if cut else []
    )
    try:
        samples = tuple(_samples(whole + "\n"))
    except ValueError:
        samples, bad = _by_line(whole, source)
        rejects = bad + rejects
    stamps = [sample.stamped_ms for sample in samples if sample.stamped_ms is not None]
    return Page(samples, tuple(rejects), max(stamps, default=None))


def _samples(text: str) -> Iterator[Sample]:
    # Comments are taken out: by a TYPE line the parser would rename counters that do not end in _total.
    bare = "\n".join(line for line in text.split("\n") if not line.startswith("#"))
    for family in text_string_to_metric_families(bare):
        for name, labels, value, stamp, *_ in family.samples:
            if value == value:  # NaN says "no value"
                yield Sample(name, labels, value, None if stamp is None else round(float(stamp) * 1000))


def _by_line(text: str, source: str) -> tuple[tuple[Sample, ...], list[Reject]]:
    samples: list[Sample] = []
    rejects: list[Reject] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.startswith("#"):
            try:
                samples.extend(_samples(line + "\n"))
            except ValueError as wrong:
                rejects.append(
                    _reject(source, number, "not_exposition", f'name{{label="value"}} number ({wrong})', line)
                )
    return tuple(samples), rejects


def _reject(source: str, line: int | None, reason: str, expected: str, raw: str) -> Reject:
    return Reject(source, line, None, reason, expected, raw[:_RAW_CHARS])
