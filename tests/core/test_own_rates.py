"""Shares against the key's own rate: learnt first, then tested, not learnt from while ticketed, ended when good."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evidence import ratio
from pipeline.ownrate import OwnRates
from pipeline.quality.track import Track, onset_of
from pipeline.settings import EvidenceSettings


def rates(floor: float = 0.01, share: float = 0.2, least: int = 10) -> OwnRates:
    """Rates as the rules use them."""
    return OwnRates(floor, share, least, 5, EvidenceSettings())


def feed(of: OwnRates, minutes: range, total: float, hits: float, key: str = "sw") -> list[Track | None]:
    """The track of each minute."""
    return [of.add(key, minute, total, hits) for minute in minutes]


def test_a_key_that_has_always_been_so_is_normal() -> None:
    for hits in (0, 3, 10, 20):
        assert not any(feed(rates(), range(200), 20, hits))


def test_a_jump_is_told_from_its_onset_until_it_has_gone() -> None:
    own = rates()
    assert not any(feed(own, range(40), 20, 1))
    bad = [track for track in feed(own, range(40, 50), 20, 12) if track]
    assert bad and bad[-1].onset == 40 and bad[-1].sums() == (200.0, 120.0, bad[-1].sums()[2])
    good = feed(own, range(50, 70), 20, 1)
    assert {track.ended for track in good if track} == {50} and good[0] is not None and good[-1] is None


def test_one_key_says_nothing_of_another() -> None:
    own = rates()
    for minute in range(40):
        own.add("a", minute, 20, 1)
        own.add("b", minute, 20, 19)
    assert not any(feed(own, range(40, 60), 20, 19, "b"))
    assert any(feed(own, range(40, 60), 20, 19, "a"))


def test_what_is_ticketed_is_not_learnt() -> None:
    own = rates()
    feed(own, range(40), 20, 1)
    before = own.rates["sw"].hits / own.rates["sw"].total
    feed(own, range(40, 400), 20, 12)
    assert abs(own.rates["sw"].hits / own.rates["sw"].total - before) < 0.05


def test_a_small_excess_and_few_hits_are_no_finding() -> None:
    small, few = rates(), rates(least=1000)
    for own, hits in ((small, 3), (few, 12)):
        feed(own, range(40), 20, 1)
        assert not any(feed(own, range(40, 80), 20, hits))


def test_the_first_minutes_and_the_first_records_only_teach() -> None:
    assert not any(feed(rates(), range(10), 1000, 900))
    quiet = rates()
    feed(quiet, range(30), 1, 0)
    assert not any(feed(quiet, range(30, 50), 1, 1))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), p=st.floats(0.005, 0.5), total=st.integers(1, 200))
def test_chance_alone_opens_nothing(seed: int, p: float, total: int) -> None:
    rng, own = np.random.default_rng(seed), rates()
    assert not any(own.add("sw", minute, total, float(rng.binomial(total, p))) for minute in range(240))


@given(at=st.integers(1, 38), p=st.floats(0.05, 0.5))
def test_the_onset_is_where_the_change_is(at: int, p: float) -> None:
    total = np.full(40, 100.0)
    hits = np.where(np.arange(40) >= at, 95.0, np.round(100 * p))
    ratios = ratio(hits, total, total * p, np.zeros(40), 1.0, 0.01)
    assert onset_of(np.arange(40), ratios) == at


def test_a_silent_fault_is_not_over() -> None:
    track = Track("k", "q", {}, 0, 0, 20.0, series=[(m, 20.0, 18.0, 2.0) for m in range(5)])
    for minute in range(5, 60):
        track.add(minute, 0.0, 0.0, 0.0)
        track.judge_recovery(5, 0.01)
    assert track.active


def test_a_fault_of_what_hardly_ever_happens_is_over_after_some_calls_without_it() -> None:
    series = [(m, 8.0, 7.0, 8e-4) for m in range(30)]
    track = Track("k", "q", {}, 0, 0, 20.0, series=series)
    for minute in range(30, 40):
        track.add(minute, 6.0, 0.0, 6e-4)
        track.judge_recovery(5, 0.01)
    assert track.ended == 30
