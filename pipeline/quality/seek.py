"""Where the search looks: the last hour's counts with every known cause explained away, per leaf and per minute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from pipeline.evidence import ratio
from pipeline.explain import Found, Settings, one_by_one
from pipeline.explain import Leaves as Table
from pipeline.names import DIMS
from pipeline.quality.cause import inside
from pipeline.quality.recent import Span, by_minute
from pipeline.quality.tilt import BLOCK_MIN, tilt
from pipeline.quality.track import Track, onset_of
from pipeline.questions import Question

if TYPE_CHECKING:
    from pipeline.quality.engine import Engine

SEARCHED: Final[tuple[tuple[str, ...], ...]] = (
    ("customer",),
    ("trunk",),
    ("terminator",),
    ("destination",),
    ("switch",),
    ("terminator", "destination"),
    ("customer", "destination"),
    ("customer", "terminator"),
    ("customer", "trunk"),
)
DISPERSION: Final = 1.2
EDGE: Final = 0.01


def find(engine: Engine, question: Question, since: int, minute: int, skip: Track | None = None) -> Iterator[Found]:
    """Causes since a minute, with every known cause but `skip` explained away, each looked for when it is asked for."""
    span = unexplained(engine, question, engine.recent.span(question.name, since, minute), minute, skip)
    size = len(engine.leaves)
    total, hits, normal = (_per_leaf(span, column, size) for column in (span.total, span.hits, span.expected))
    used = np.flatnonzero(total)
    if not len(used):
        return iter(())
    return one_by_one(
        Table(
            dims=DIMS,
            codes=engine.leaves.codes[used],
            names=tuple(tuple(engine.names.lists[dim]) for dim in DIMS),
            total=total[used],
            hits=hits[used],
            # nearer to 0 or 1 no shift of the grid reaches what is seen, and "everything" would explain it as well
            expected=np.clip(normal[used], EDGE * total[used], (1 - EDGE) * total[used]),
        ),
        _settings(question),
    )


def unexplained(engine: Engine, question: Question, span: Span, minute: int, skip: Track | None = None) -> Span:
    """The span with what every known cause but `skip` explains taken into the expectation."""
    normal = span.expected
    for track in engine.tracks_of(question.name):
        if track is skip:
            continue
        until = track.ended if track.ended is not None else minute + 1
        lasts = (span.minute >= track.onset - 2) & (span.minute < until)
        within = inside(track.cause, engine.leaves.codes)[span.leaf] & lasts
        normal = tilt(span.total, span.hits, normal, within, span.minute // BLOCK_MIN)
    return replace(span, expected=normal)


def _settings(question: Question) -> Settings:
    watched = [set(dims) for dims in question.families]
    return Settings(
        families=tuple(dims for dims in SEARCHED if any(each <= set(dims) for each in watched)),
        depth=2,
        dispersion=DISPERSION,
        direction="up" if question.rises else "down",
        min_score=8.0,
        min_effect=0.1,
    )


def onset(engine: Engine, question: Question, span: Span, within: npt.NDArray[np.bool_]) -> int:
    """The minute since which the leaves `within` [leaves] differ most from what is expected."""
    inside_rows = within[span.leaf]
    if not inside_rows.any():
        return int(engine.recent.minutes[-1].minute)
    table = by_minute(span, inside_rows)
    sign, rho = 1.0 if question.rises else -1.0, engine.settings.evidence.overdispersion
    ratios = ratio(table[:, 2], table[:, 1], table[:, 3], np.zeros(len(table)), sign, rho)
    return onset_of(table[:, 0].astype(np.int64), ratios)


def _per_leaf(span: Span, column: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float64]:
    return np.bincount(span.leaf, column, size).astype(np.float64)


def loudest_leaves(engine: Engine, slice_number: int) -> npt.NDArray[np.bool_]:
    """[leaves] which belong to a slice."""
    return engine.leaves.slices[:, engine.leaves.slice_family[slice_number]] == slice_number
