"""Is a cause worth a ticket: the question's own gate, on the attempts inside the cause since its onset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt

from pipeline.baseline.history import BINS, bins, middle_ms
from pipeline.quality.cause import Codes, contains, inside
from pipeline.quality.cohort import excess_sd
from pipeline.quality.recent import by_minute
from pipeline.questions import Pace, Question, Window
from pipeline.records import MINUTE_MS
from pipeline.rows import Rows

if TYPE_CHECKING:
    from pipeline.quality.engine import Engine

Floats = npt.NDArray[np.float64]
Verdict = Literal["nothing", "excused", "fault"]
PACE_MIN: Final = 60
PACE_LEAST_MIN: Final = 10
JUST_BEFORE_MIN: Final = 5
NOW_MIN: Final = 5
STILL: Final = 0.5


def judge(engine: Engine, question: Question, cause: Codes, onset: int, minute: int) -> Verdict:
    """The gate's answer, while the last minutes still show the change."""
    span, gates = engine.recent.span(question.name, onset - PACE_MIN, minute), engine.settings.gates
    table = by_minute(span, inside(cause, engine.leaves.codes)[span.leaf])
    window = observe(engine, question, cause, onset, minute, table)
    if window is None or window.total < question.least(gates) or not question.gate(window, gates):
        return "nothing"
    if not _still(question, table[table[:, 0] >= max(onset, minute - NOW_MIN + 1)], window):
        return "nothing"
    own_doing = any(
        t.own_doing and (t.ended is None or t.ended > onset) and contains(t.cause, cause) for t in engine.tracks
    )
    if own_doing or (question.excuse is not None and question.excuse(window)):
        return "excused"
    return "fault"


def _still(question: Question, last: Floats, window: Window) -> bool:
    _, total, hits, expected = last.sum(axis=0)
    if not total:
        return True
    return float((hits - expected) / total) * (1 if question.rises else -1) >= STILL * abs(window.excess)


def observe(engine: Engine, question: Question, cause: Codes, onset: int, minute: int, table: Floats) -> Window | None:
    """What was seen inside the cause from `onset` to `minute`; None when nothing was. `table` [minutes, 4] has minute,
    total, hits and expected hits inside the cause, from an hour before the onset on as far as that is remembered."""
    rows = engine.recent.rows(onset, minute, inside(cause, engine.leaves.codes))
    if rows is None:
        return None
    rows = rows.take(question.counts(rows))
    _, total, hits, expected = table[(table[:, 0] >= onset) & (table[:, 0] <= minute)].sum(axis=0).tolist()
    median, normal = _medians(engine, question, rows)
    one_customer = "customer" in cause or "trunk" in cause
    pace = _pace(table, onset, minute, engine.recent.minutes[0].minute)
    cohort_sd = _cohort(engine, question, rows, onset, minute)
    return Window(total, hits, expected, rows, median, normal, pace, cohort_sd, one_customer)


def _cohort(engine: Engine, question: Question, rows: Rows, onset: int, minute: int) -> float:
    if question.scale is None or question.scale.of != "talk":
        return np.nan
    cuts, now_ms = engine.fits[question.name].cuts, (minute + 1) * MINUTE_MS
    return excess_sd(rows, engine.references["talk"], cuts, onset * MINUTE_MS, now_ms)


def _pace(table: Floats, onset: int, minute: int, known: int) -> Pace:
    """`known` is the first minute that is remembered."""
    start = onset - PACE_MIN
    table = table[(table[:, 0] >= max(start, known)) & (table[:, 0] <= minute)]
    place, size = table[:, 0].astype(np.int64) - start, minute - start + 1
    hits = np.bincount(place, table[:, 2], size)
    misses = np.bincount(place, table[:, 1] - table[:, 2], size)
    first = max(known - start, 0)
    if PACE_MIN - first < PACE_LEAST_MIN:
        return Pace()
    before = slice(first, PACE_MIN)
    return Pace(
        hits_now=float(hits[PACE_MIN:][-NOW_MIN:].mean()),
        misses_now=float(misses[PACE_MIN:][-NOW_MIN:].mean()),
        misses_before=float(np.median(misses[before])),
        hits_usual=float(
            max(np.median(hits[before]), hits[before].mean(), np.median(hits[PACE_MIN - PACE_LEAST_MIN : PACE_MIN]))
        ),
        total_just_before=float((hits + misses)[PACE_MIN - JUST_BEFORE_MIN : PACE_MIN].mean()),
        age_min=minute - onset + 1,
    )


def _medians(engine: Engine, question: Question, rows: Rows) -> tuple[float, float]:
    """Median of the scale inside, and the median of the reference for the same destinations."""
    if question.scale is None or not len(rows):
        return np.nan, np.nan
    of = question.scale.of
    values, destination = rows.pdd_ms if of == "pdd" else rows.talk_ms, rows.of("destination")
    seen = bins(values, of) >= 0
    if not seen.any():
        return np.nan, np.nan
    reference = engine.references[of]
    known = (destination >= 0) & (destination < len(reference))
    mix = np.bincount(destination[seen & known], minlength=len(reference)).astype(np.float64)
    shares = reference / np.maximum(reference.sum(axis=1, keepdims=True), 1e-9)
    histogram = (mix[:, None] * shares).sum(axis=0) if mix.sum() else reference.sum(axis=0)
    if histogram.sum() <= 0:
        return np.nan, np.nan
    share = histogram.cumsum() / histogram.sum()
    upper = int(np.searchsorted(share, 0.5))
    below = share[upper - 1] if upper else 0.0
    within = (0.5 - below) / max(share[upper] - below, 1e-9)
    return float(np.median(values[seen])), middle_ms(min(upper + within, BINS), of)
