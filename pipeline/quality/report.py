"""What a cause under watch says to the outside: a finding with its figures, its chart and its example calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.answers import in_words
from pipeline.findings import Finding
from pipeline.incidents import Figure, Point
from pipeline.quality.cause import inside, named
from pipeline.quality.counting import hits_of
from pipeline.quality.judge import observe
from pipeline.quality.track import Track
from pipeline.questions import Question, Window
from pipeline.records import MINUTE_MS
from pipeline.rows import Rows

if TYPE_CHECKING:
    from pipeline.quality.engine import Engine

CHART_MIN: Final = 90
SHOWN_MIN: Final = 60
EXAMPLES: Final = 10


def finding(engine: Engine, track: Track, minute: int) -> Finding:
    """The finding of `track` when `minute` has closed."""
    question = next(q for q in engine.questions if q.name == track.question)
    window = None
    if track.active:
        since = max(track.onset, minute - SHOWN_MIN + 1)
        window = observe(engine, question, track.cause, since, minute, np.array(track.series))
    return Finding(
        key=track.key,
        signal=question.signal,
        cause=named(track.cause, engine.names),
        onset_ms=_moment(engine, track, question),
        ended_ms=None if track.ended is None else track.ended * MINUTE_MS,
        score=round(track.score, 3),
        figures=(_figure(engine, track, question, window),),
        series=_series(engine, track),
        examples=_examples(engine, question, window) if window is not None else (),
        notes=_notes(engine, question, window) if window is not None else (),
        facts={"explained": round(track.explained, 2)},
    )


def _moment(engine: Engine, track: Track, question: Question) -> int:
    """The onset in milliseconds: the first bad attempt of the onset minute was set up no earlier than this."""
    start = track.onset * MINUTE_MS
    bad = [m for m in engine.recent.minutes if m.minute == track.onset]
    if not bad or not len(bad[0].rows):
        return start
    rows = bad[0].rows
    rows = rows.take(inside(track.cause, rows.codes) & question.counts(rows))
    wrong = rows.setup_at[hits_of(question, rows, engine.fits[question.name]) == question.rises]
    if not len(wrong):
        return start
    return int(max(start - 2 * MINUTE_MS, min(np.quantile(wrong, 0.1), start + MINUTE_MS)))


def _figure(engine: Engine, track: Track, question: Question, window: Window | None) -> Figure:
    total, hits, normal = track.sums()
    support = int(total)
    if window is not None and not np.isnan(window.median_ms) and not np.isnan(window.normal_ms):
        usual = window.normal_ms / 1000
        return Figure(
            question.signal,
            f"median {question.metric}",
            round(window.median_ms / 1000, 3),
            round(usual, 3),
            round(usual * 0.8, 3),
            round(usual * 1.25, 3),
            support,
            "s",
        )
    rate = hits / total if total else 0.0
    p = normal / total if total else 0.0
    sd = _sd(p, total, engine.settings.evidence.overdispersion)
    return Figure(
        question.signal,
        question.metric,
        round(rate, 4),
        round(p, 4),
        round(max(p - 2 * sd, 0), 4),
        round(min(p + 2 * sd, 1), 4),
        support,
        "ratio",
    )


def _sd(p: float, total: float, rho: float) -> float:
    return float(np.sqrt(max(p * (1 - p), 1e-9) / max(total, 1) * (1 + max(min(total, 200) - 1, 0) * rho)))


def _series(engine: Engine, track: Track) -> tuple[Point, ...]:
    points = []
    for minute, total, hits, normal in track.series[-CHART_MIN:]:
        p = normal / total if total else np.nan
        if np.isnan(p):
            continue
        sd = _sd(p, total, engine.settings.evidence.overdispersion)
        points.append(
            Point(
                minute * MINUTE_MS,
                int(total),
                round(hits / total, 4),
                round(p, 4),
                round(max(p - 2 * sd, 0), 4),
                round(min(p + 2 * sd, 1), 4),
            )
        )
    return tuple(points)


def _examples(engine: Engine, question: Question, window: Window) -> tuple[str, ...]:
    rows = window.rows
    return _latest(rows, hits_of(question, rows, engine.fits[question.name]) == question.rises)


def _latest(rows: Rows, chosen: np.typing.NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(rows.take(np.flatnonzero(chosen)[-EXAMPLES:]).call_id.to_list())


def _notes(engine: Engine, question: Question, window: Window) -> tuple[str, ...]:
    notes: list[str] = []
    if question.signal == "fas":
        notes.append("false answers are suspected from the records: confirm by test calls")
    failed = window.rows.sip_code[~window.rows.answered]
    if question.signal in {"asr_drop", "ner_drop"} and len(failed):
        codes, counts = np.unique(failed, return_counts=True)
        most = int(counts.argmax())
        word = str(codes[most]) if codes[most] else "no final code"
        notes.append(f"{word} in {counts[most] / len(failed):.0%} of the failures")
    if defined := in_words(engine.settings.definitions, question.metric):
        notes.append(defined)
    return tuple(notes)
