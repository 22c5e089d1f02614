"""What every question and every rule must keep, whatever it asks: a new one is tested by being in the lists."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akira.watching import new_watch
from detectors import QUESTIONS, RULES, rules
from pipeline.findings import Rule
from pipeline.incidents import TYPE_OF_SIGNAL
from pipeline.names import DIMS, Names
from pipeline.ports import Batch
from pipeline.questions import ALL_FAMILIES, NEEDS, Question
from pipeline.records import MINUTE_MS
from pipeline.settings import GateSettings, WatchSettings
from pipeline.watch.keep import KINDS
from pipeline.watch.snapshot import read, write
from tests.detectors.records import AT, DIRECTORY, Record, Story, call, frame, rows, sample

PARTS = ("Input:", "Method:", "Output:", "Limits:", "Source:")
by_name = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.name)
by_rule = pytest.mark.parametrize("kind", RULES, ids=lambda r: r.name)
codes = st.sampled_from([200, 200, 402, 403, 404, 408, 410, 480, 484, 486, 487, 500, 503, 603, 0])
calls = st.builds(
    call,
    codes,
    pdd=st.one_of(st.none(), st.integers(0, 60_000)),
    talk=st.integers(0, 9_000_000),
    attempt=st.integers(1, 3),
    last_attempt=st.booleans(),
    terminator=st.sampled_from([None, "term-a", "term-b"]),
    destination=st.sampled_from([None, "Alpha"]),
    trunk=st.sampled_from([None, "in-1"]),
    q850=st.sampled_from([None, 1, 16, 17, 34]),
    reason=st.sampled_from([None, "insufficient balance", ""]),
    rtp_rx=st.sampled_from([None, 0, 900]),
    rating=st.sampled_from([None, "rated", "unrated", "failed"]),
    seq=st.one_of(st.none(), st.integers(0, 10**12)),
)


@by_name
def test_a_questions_page_says_what_it_takes_does_and_cannot(question: Question) -> None:
    _says(question.gate.__module__)


@by_rule
def test_a_rules_page_says_what_it_takes_does_and_cannot(kind: type[Rule]) -> None:
    _says(kind.__module__)


def _says(module: str) -> None:
    page = importlib.import_module(module).__doc__ or ""
    at = [page.index(f"\n{part}") for part in PARTS]
    assert at == sorted(at)


def test_names_are_used_once_and_signals_are_known() -> None:
    names = [question.name for question in QUESTIONS] + [kind.name for kind in RULES]
    assert len(names) == len(set(names))
    for question in QUESTIONS:
        assert question.signal in TYPE_OF_SIGNAL and set(question.needs) <= set(NEEDS)
        assert set(question.families) <= set(ALL_FAMILIES) and question.least(GateSettings()) >= 5
        assert (question.hit is None) is (question.scale is not None)


@by_name
@settings(max_examples=20, deadline=None)
@given(records=st.lists(calls, max_size=12), order=st.randoms(use_true_random=False))
def test_a_question_answers_row_by_row_whatever_the_order(
    question: Question, records: list[Record], order: object
) -> None:
    numbered = [record | {"call_id": f"c-{n}"} for n, record in enumerate(records)]
    shuffled = list(numbered)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _answers(question, numbered) == _answers(question, shuffled)


def _answers(question: Question, records: list[Record]) -> dict[str, tuple[bool, bool]]:
    names = Names()
    seen = rows(*records, names=names)
    before = [np.array(column) for column in (seen.codes, seen.sip_code, seen.talk_ms, seen.pdd_ms)]
    counted = question.counts(seen)
    hit = counted if question.hit is None else question.hit(seen)
    assert counted.dtype == hit.dtype == np.bool_ and len(counted) == len(hit) == len(records)
    for column, old in zip((seen.codes, seen.sip_code, seen.talk_ms, seen.pdd_ms), before, strict=True):
        assert (column == old).all()
    return {str(seen.call_id[n]): (bool(counted[n]), bool(hit[n])) for n in range(len(records))}


@by_name
def test_a_record_that_says_only_what_it_must_is_taken(question: Question) -> None:
    bare = {"call_id": "x", "switch": "default", "customer": "c", "setup_at": AT, "ended_at": AT, "emitted_at": AT}
    seen = rows(bare)
    assert question.counts(seen).shape == (1,)
    if question.hit is not None:
        assert not (question.counts(seen) & question.hit(seen))[0] or not question.rises
    assert len(question.counts(rows())) == 0 and len(DIMS) == seen.codes.shape[1]


def _minutes(story: Story, number: int) -> list[object]:
    """A minute in which something of every kind happens, good or bad by turns."""
    at, bad = story.minute * MINUTE_MS, number % 40 >= 25
    times = ("setup_at", "ringing_at", "answered_at", "ended_at", "emitted_at")
    written = []
    for n in range(12):
        one = call(200, talk=1000, seq=number * 12 + n, switch=f"sw-{n % 2}")
        written.append(one | {name: one[name] + at - AT for name in times})
    late = [one | {"emitted_at": one["ended_at"] + 400_000} for one in written]
    samples = [
        sample("up", float(not bad), peer="in-1", peer_kind="trunk"),
        sample("registrations", 3.0 if bad else 20.0, peer="in-1", peer_kind="trunk"),
        sample("acl_denied", 50.0 if bad else 1.0),
        sample("invites", 12.0),
    ]
    events = [{"customer": "acme", "event": "blocked" if bad else "unblocked"}]
    kept = late[::2] if bad else written
    return [story.step(*kept, sip=samples, balance=events, copies={"sw-0": 5} if bad else {})]


def _told(story: Story, numbers: range) -> list[object]:
    return [found for number in numbers for found in _minutes(story, number)]


@by_rule
def test_a_rule_says_the_same_twice_and_after_a_restart(kind: type[Rule]) -> None:
    whole, again, restarted = Story(kind), Story(kind), Story(kind)
    told = _told(whole, range(80))
    assert told == _told(again, range(80))
    first = _told(restarted, range(33))
    blob = write(restarted.rule.state())
    restarted.rule = kind(restarted.settings)  # type: ignore[call-arg]
    restarted.rule.load(read(blob, [*KINDS, *restarted.rule.kept]))
    assert first + _told(restarted, range(33, 80)) == told
    if kind.name != "silence":
        assert any(told)


@by_rule
def test_a_rule_raises_nothing_where_nothing_comes(kind: type[Rule]) -> None:
    story = Story(kind)
    assert not any(story.step(fresh=fresh) for fresh in [True, False] * 30)


@by_rule
def test_a_rules_findings_name_their_signal_a_cause_and_a_figure(kind: type[Rule]) -> None:
    for step in _told(Story(kind), range(80)):
        for found in step:  # type: ignore[attr-defined]
            assert found.signal in TYPE_OF_SIGNAL and found.figures and found.key.startswith(found.signal)
            assert found.cause and all(names for names in found.cause.values())


def test_fresh_rules_share_nothing() -> None:
    one, other = rules(WatchSettings()), rules(WatchSettings())
    assert [rule.name for rule in one] == [kind.name for kind in RULES]
    assert not {id(rule) for rule in one} & {id(rule) for rule in other}


@settings(max_examples=20, deadline=None)
@given(records=st.lists(calls, min_size=1, max_size=30))
def test_no_record_that_keeps_the_contract_stops_the_watch(records: list[Record]) -> None:
    watch = new_watch(DIRECTORY, WatchSettings())
    numbered = [record | {"call_id": f"c-{n // 2}"} for n, record in enumerate(records)]
    assert watch.feed(Batch("cdr", frame(numbered))) + watch.finish() == []
