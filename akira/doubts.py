"""What a first look at a CDR sample makes doubtful: zone, durations, failures, ringing, codes, names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from connectors.rows.understanding import Understanding
from pipeline.directory import Directory
from pipeline.intake import strangers
from pipeline.ports import Reject

ENOUGH: Final = 20
"""Fewer records say nothing about shares."""
FUTURE_MS: Final = 120_000
HOUR_MS: Final = 3_600_000
_QUARTER_MS: Final = 900_000
_EXPECTED: Final = ("set_aside", "half_call")
"""Refusals that a whole file of the format has too: other legs, and calls that go on beyond its end."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """`what` is seen, `cure` is what to do if it is wrong; `grave` doubts make the numbers false."""

    what: str
    cure: str
    grave: bool = False


def doubts(
    frame: pl.DataFrame, rejects: Sequence[Reject], told: Understanding, directory: Directory, written_ms: int | None
) -> list[Doubt]:
    """Doubts about CDRs in contract columns; `written_ms` is when the file was last written, if that is known."""
    found = [*_refused(frame, rejects)]
    if frame.is_empty():
        return found
    if written_ms is not None:
        found += _zone(frame, told, written_ms)
    found += [*_answers(frame, told), *_ringing(frame, told), *_durations(frame, told), *_codes(frame, told)]
    found += [*_names(frame, directory), *_identity(frame, told)]
    return found


def directory_doubts(directory: Directory) -> list[Doubt]:
    """Destinations to which no number can belong (what contradicts itself is refused when the file is read)."""
    found = []
    for entry in directory.destinations:
        odd = [prefix for prefix in entry.prefixes if not prefix.removeprefix("+").isdigit()]
        if odd or not entry.prefixes:
            what = f"destination {entry.name}: " + (f"prefix {', '.join(odd)}" if odd else "no prefix")
            found.append(Doubt(what, "prefixes are digits of E.164 numbers, such as 4420 (no 00)", grave=bool(odd)))
    return found


def _refused(frame: pl.DataFrame, rejects: Sequence[Reject]) -> list[Doubt]:
    total = frame.height + len(rejects)
    found = []
    for (reason, field, expected), count in Counter((r.reason, r.field, r.expected) for r in rejects).most_common(8):
        first = next(r for r in rejects if (r.reason, r.field, r.expected) == (reason, field, expected))
        place = f"line {first.line}" + (f", field {field}" if field else "")
        done = "set aside" if reason == "set_aside" else f"refused ({reason})"
        what = f"{count} of {total} {done}, first at {place}"
        found.append(Doubt(what, f"expected {expected}", grave=reason not in _EXPECTED and count * 10 > total))
    if frame.is_empty() and total:
        found.append(Doubt("no record could be read at all", "is it the right format, and the right file?", grave=True))
    return found


def _zone(frame: pl.DataFrame, told: Understanding, written_ms: int) -> list[Doubt]:
    """The last call of a file that a switch writes ends about when the file was written."""
    ahead = int(frame.select(pl.col("ended_at").max()).item()) - written_ms
    quarters = round(ahead / _QUARTER_MS)
    near = abs(ahead - quarters * _QUARTER_MS) < 2 * FUTURE_MS
    if ahead > FUTURE_MS:
        offset = f", by {quarters / 4:g} h: a zone's offset" if near and quarters else ""
        cure = f"zone is {told.zone}: set the zone that the switch's clock has, or set that clock right"
        return [Doubt(f"the last call ends {_h(ahead)} after the file was written{offset}", cure, grave=True)]
    if ahead < -HOUR_MS + 2 * FUTURE_MS and near and ahead > -15 * HOUR_MS:
        what = f"the last call ends {_h(-ahead)} before the file was written, close to a zone's offset"
        return [Doubt(what, f"zone is {told.zone}; if the file was copied later than written, all is well")]
    return []


def _answers(frame: pl.DataFrame, told: Understanding) -> list[Doubt]:
    share = frame["answered_at"].is_not_null().mean()
    if frame.height < ENOUGH or not isinstance(share, float) or (told.answered_only and share == 1.0):
        return []
    if share == 1.0:
        what = "every call was answered: failed calls seem not to be logged, and ASR would read 100 %"
        return [
            Doubt(what, "make the switch log failed calls, or say answered_only: ASR is then not asked", grave=True)
        ]
    if share == 0.0:
        return [Doubt("no call was answered", "is the answer time read from the right column?", grave=True)]
    if not 0.05 <= share <= 0.95:
        return [Doubt(f"{share:.1%} of the calls were answered", "unusual for a carrier: is it so?")]
    return []


def _ringing(frame: pl.DataFrame, told: Understanding) -> list[Doubt]:
    if any(kind == "pdd_rise" for kind, _ in told.disabled):
        return []
    answered = frame.filter(pl.col("answered_at").is_not_null())
    silent = answered["ringing_at"].is_null().mean()
    if answered.height >= ENOUGH and isinstance(silent, float) and silent > 0.5:
        what = f"{silent:.0%} of the answered calls have no ringing time"
        return [
            Doubt(what, "PDD then says little, and every one of them looks like false answer supervision", grave=True)
        ]
    return []


def _durations(frame: pl.DataFrame, told: Understanding) -> list[Doubt]:
    calls = frame.filter(pl.col("answered_at").is_not_null())
    if calls.height < ENOUGH:
        return []
    found = []
    talk, whole = pl.col("ended_at") - pl.col("answered_at"), pl.col("ended_at") - pl.col("setup_at")
    billed = calls.filter(pl.col("billed_ms").is_not_null())
    far = (
        (billed["billed_ms"] - billed.select(talk).to_series()).abs() > 60_000 if billed.height else pl.Series([False])
    )
    if billed.height >= ENOUGH and (share := far.mean() or 0.0) and isinstance(share, float) and share > 0.1:
        what = f"billed time differs from end minus answer by more than a minute in {share:.0%} of the calls"
        found.append(Doubt(what, "is the duration counted from set-up, or a time in another zone?"))
    at_once = calls.select((pl.col("answered_at") == pl.col("setup_at")).mean()).item()
    if at_once > 0.5 and not any(kind == "pdd_rise" for kind, _ in told.disabled):
        found.append(
            Doubt(f"{at_once:.0%} of the calls were answered as they were set up", "is set-up the INVITE's time?")
        )
    long = calls.select((whole > 4 * HOUR_MS).mean()).item()
    if long > 0.01:
        found.append(
            Doubt(f"{long:.0%} of the calls last longer than 4 h", "unit of the duration, or calls without a BYE")
        )
    return found


def _codes(frame: pl.DataFrame, told: Understanding) -> list[Doubt]:
    failed = frame.filter(pl.col("answered_at").is_null())
    if failed.height < ENOUGH or any(kind == "ner_drop" for kind, _ in told.disabled):
        return []
    bare = failed.select((pl.col("sip_code").is_null() & pl.col("q850").is_null()).mean()).item()
    if bare > 0.1:
        what = f"{bare:.0%} of the failed calls have neither a SIP code nor a Q.850 cause"
        return [Doubt(what, "NER and the blame of a failure rest on them: map the switch's own codes")]
    return []


def _names(frame: pl.DataFrame, directory: Directory) -> list[Doubt]:
    found = []
    for dimension, names in strangers(frame, directory).items():
        listed = ", ".join(sorted(names, key=lambda name: -names[name])[:5])
        what = f"{len(names)} {dimension}(s) that the directory lacks, in {sum(names.values())} records: {listed}"
        found.append(Doubt(what, f"add them to the directory; until then each is a standard {dimension}"))
    found += _destinations(frame)
    away = frame.select(pl.col("terminator").is_null().mean()).item()
    if away == 1.0 and frame.height >= ENOUGH:
        what = "no record names a supplier: faults cannot be pinned on one"
        found.append(Doubt(what, "make the switch log the gateway that the call left by", grave=True))
    return found


def _destinations(frame: pl.DataFrame) -> list[Doubt]:
    """Numbers that no prefix of the directory fits, by their first two digits."""
    lost = frame.filter(pl.col("destination").is_null() & pl.col("dialed").is_not_null())
    if lost.height < ENOUGH or lost.height * 20 < frame.height:
        return []
    heads = lost["dialed"].str.strip_prefix("+").str.slice(0, 2).value_counts(sort=True).head(5)
    listed = ", ".join(f"{head}… ({count})" for head, count in heads.iter_rows())
    what = f"{lost.height} of {frame.height} dialled numbers belong to no destination: {listed}"
    return [Doubt(what, "add their prefixes under destinations; until then a fault is told without its destination")]


def _identity(frame: pl.DataFrame, told: Understanding) -> list[Doubt]:
    twice = frame.height - frame.select("call_id", "attempt", "switch").n_unique()
    if twice:
        cure = f"identity is {' and '.join(told.identity)}: legs, runs or attempts of one call may be logged apart"
        return [
            Doubt(
                f"{twice} of {frame.height} records repeat an earlier one's identity",
                cure,
                grave=twice * 20 > frame.height,
            )
        ]
    return []


def _h(ms: int) -> str:
    return f"{ms / HOUR_MS:.1f} h" if ms >= HOUR_MS else f"{ms / 60_000:.0f} min"
