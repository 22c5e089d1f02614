"""Rules on the records themselves: late, silent, missing, copied. Onset, hold, end, and what must stay quiet."""

from __future__ import annotations

import pytest

from detectors.cdr_delay import CdrDelay, Silence
from detectors.cdr_duplicate import CdrDuplicate
from detectors.cdr_missing import CdrMissing
from pipeline.findings import Finding
from pipeline.records import MINUTE_MS
from pipeline.settings import GateSettings, HoldSettings, WatchSettings
from tests.detectors.records import T0, Record, Story, call, sample

LATE = 300_000


def ended(lag_ms: int = 500, **more: object) -> Record:
    """A call that ended a minute ago and was written `lag_ms` later."""
    one = call(**more)  # type: ignore[arg-type]
    return one | {"emitted_at": one["ended_at"] + lag_ms}


def run(story: Story, minutes: int, *records: Record, **more: object) -> list[list[Finding]]:
    """The findings of `minutes` equal minutes."""
    return [story.step(*records, **more) for _ in range(minutes)]  # type: ignore[arg-type]


def test_late_records_of_a_switch_from_their_onset_to_their_end() -> None:
    story = Story(CdrDelay)
    assert not any(run(story, 30, *[ended()] * 10))
    onset = story.minute
    bad = run(story, 6, *[ended(LATE)] * 10)
    [found] = bad[-1]
    assert (found.signal, found.cause, found.ended_ms) == ("cdr_delayed", {"switch": ("sw-1",)}, None)
    assert found.onset_ms == onset * MINUTE_MS and found.figures[0].observed == 1.0
    assert found.examples and len({f.key for step in bad for f in step}) == 1
    good = run(story, 20, *[ended()] * 10)
    endings = [f for step in good for f in step if f.ended_ms is not None]
    assert [f.ended_ms for f in endings] == [(onset + 6) * MINUTE_MS]
    assert not good[-1]


def test_a_switch_that_always_writes_late_is_no_fault() -> None:
    assert not any(run(Story(CdrDelay), 120, *[ended(LATE)] * 3, *[ended()]))


def test_how_late_is_late_is_a_setting() -> None:
    patient = WatchSettings(gates=GateSettings(delayed_s=600))
    for settings, told in ((WatchSettings(), True), (patient, False)):
        story = Story(CdrDelay, settings)
        run(story, 30, *[ended()] * 10)
        assert any(run(story, 6, *[ended(LATE)] * 10)) is told


def test_a_few_late_records_among_many_are_no_fault() -> None:
    story = Story(CdrDelay)
    run(story, 30, *[ended()] * 20)
    assert not any(run(story, 30, *[ended()] * 18, *[ended(LATE)] * 2))


def test_a_silent_switch_from_its_first_minute_without_a_record_to_the_next_record() -> None:
    story = Story(Silence)
    run(story, 20, *[ended()] * 20)
    since = story.minute
    quiet = run(story, 5)
    assert [len(step) for step in quiet] == [0, 0, 1, 1, 1]
    assert quiet[-1][0].onset_ms == since * MINUTE_MS and "source silent" in quiet[-1][0].notes[0]
    [back] = story.step(ended())
    assert back.ended_ms == (since + 5) * MINUTE_MS
    assert not any(run(story, 3, ended()))


def test_silence_is_nothing_where_time_does_not_go_on_or_few_calls_are_usual_or_no_call_comes_in() -> None:
    end_of_archive, rare, idle = Story(Silence), Story(Silence), Story(Silence)
    run(end_of_archive, 20, *[ended()] * 20)
    assert not any(run(end_of_archive, 60, fresh=False))
    run(rare, 20, ended())
    assert not any(run(rare, 20))
    run(idle, 20, *[ended()] * 20)
    assert not any(run(idle, 20, sip=[sample("invites", 0.0)]))


def test_how_long_silence_must_last_is_a_setting() -> None:
    story = Story(Silence, WatchSettings(hold=HoldSettings(silent_s=600)))
    run(story, 20, *[ended()] * 20)
    assert [len(step) for step in run(story, 10)] == [0] * 9 + [1]


def numbered(story: Story, *lost: int, per_minute: int = 20) -> list[Finding]:
    """A minute of records with the switch's own numbers, some of them lost."""
    first = (story.minute - T0) * per_minute + 1000
    return story.step(*(ended(seq=first + n) for n in range(per_minute) if n not in lost))


def test_numbers_that_never_come_are_lost_records_after_the_grace() -> None:
    story = Story(CdrMissing)
    assert not any(numbered(story) for _ in range(30))
    onset, told = story.minute, [numbered(story, 3, 4, 5, 6, 7, 8, 9, 10) for _ in range(8)]
    assert not any(told[:2])
    [found] = told[-1]
    assert (found.signal, found.cause) == ("cdr_missing", {"switch": ("sw-1",)})
    assert onset * MINUTE_MS <= found.onset_ms <= (onset + 2) * MINUTE_MS
    healed = [numbered(story) for _ in range(30)]
    assert [f.ended_ms is not None for step in healed for f in step][-1] and not healed[-1]


def test_numbers_that_come_late_are_no_loss() -> None:
    story = Story(CdrMissing)
    for _ in range(20):
        numbered(story)
    for _ in range(20):
        first = (story.minute - T0) * 20 + 1000
        held = [n for n in range(first, first + 20) if n % 4 == 0]
        before = [ended(seq=n - 20) for n in held]
        assert not story.step(*(ended(seq=n) for n in range(first, first + 20) if n not in held), *before)


def test_a_counter_that_starts_again_is_a_restart() -> None:
    story = Story(CdrMissing)
    for _ in range(20):
        numbered(story)
    assert not any(story.step(*(ended(seq=minute * 20 + n) for n in range(20))) for minute in range(30))


def counted(story: Story, calls: float, records: int) -> list[Finding]:
    """A minute in which the switch counted `calls` and wrote `records`, set up in that minute."""
    at = story.minute * MINUTE_MS
    shift = at - T0 * MINUTE_MS
    times = ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")
    one = call(talk=100)
    moved = one | {name: one[name] + shift for name in times}
    return story.step(*[moved] * records, sip=[sample("invites", calls)])


def test_counted_calls_without_a_record_are_told_after_the_tail_of_long_dialogues() -> None:
    story = Story(CdrMissing)
    assert not any(counted(story, 30, 30) for _ in range(40))
    onset, told = story.minute, [counted(story, 30, 20) for _ in range(25)]
    first = next(at for at, step in enumerate(told) if step)
    assert first >= 10 and told[first][0].figures[0].metric == "counted calls without a record"
    assert told[first][0].onset_ms >= onset * MINUTE_MS
    assert not any(counted(Story(CdrMissing), 30, 30) for _ in range(60))


def test_a_counter_that_counts_less_than_the_records_is_no_loss() -> None:
    story = Story(CdrMissing)
    assert not any(counted(story, 10, 30) for _ in range(60))


@pytest.mark.parametrize(("copies", "told"), [(10, True), (0, False)])
def test_copies_of_records(copies: int, told: bool) -> None:
    story = Story(CdrDuplicate)
    run(story, 30, *[ended()] * 20)
    found = run(story, 5, *[ended()] * 20, copies={"sw-1": copies} if copies else {})
    assert bool(found[-1]) is told
    if told:
        assert (found[-1][0].signal, found[-1][0].examples) == ("cdr_duplicated", ("copy-1",))
        assert not run(story, 40, *[ended()] * 20)[-1]


def test_one_copy_now_and_then_is_none() -> None:
    story = Story(CdrDuplicate)
    run(story, 30, *[ended()] * 20)
    for minute in range(60):
        assert not story.step(*[ended()] * 20, copies={"sw-1": 1} if minute % 20 == 0 else {})
