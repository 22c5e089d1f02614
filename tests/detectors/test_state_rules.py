"""Rules on samples and balance events: blocked accounts, dead peers, lost registrations, denials."""

from __future__ import annotations

from typing import Any

import pytest

from detectors.acl import Acl
from detectors.balance import Balance
from detectors.reachability import Reachability
from detectors.registration import Registration
from pipeline.findings import Finding
from pipeline.records import MINUTE_MS
from pipeline.settings import GateSettings, HoldSettings, WatchSettings
from tests.detectors.records import Record, Story, sample


def event(kind: str, customer: str = "acme", **more: Any) -> Record:
    """A balance event; amounts in millionths."""
    return {"customer": customer, "event": kind} | more


def trunk(metric: str, value: float, peer: str = "in-1") -> Record:
    """A sample of a trunk."""
    return sample(metric, value, peer_kind="trunk", peer=peer)


def test_customers_blocked_within_a_quarter_of_an_hour_are_one_case() -> None:
    story = Story(Balance)
    [first] = story.step(balance=[event("blocked", "acme", reason="batch_error")])
    for _ in range(9):
        story.step()
    [both] = story.step(balance=[event("blocked", "other")])
    assert first.key == both.key and first.onset_ms == both.onset_ms
    assert both.customers == ("acme", "other") and both.notes == ("reason given: batch_error",)
    for _ in range(16):
        story.step()
    assert len(story.step(balance=[event("blocked", "third")])) == 2


def test_how_close_is_one_case_is_a_setting() -> None:
    story = Story(Balance, WatchSettings(hold=HoldSettings(joint_blocking_min=5)))
    story.step(balance=[event("blocked", "acme")])
    for _ in range(6):
        story.step()
    assert len(story.step(balance=[event("blocked", "other")])) == 2


def test_a_case_ends_when_its_last_account_is_unblocked() -> None:
    story = Story(Balance)
    story.step(balance=[event("blocked", "acme", account="a"), event("blocked", "acme", account="b")])
    [still] = story.step(balance=[event("unblocked", "acme", account="a")])
    assert still.ended_ms is None and still.figures[0].support == 1
    end = story.minute * MINUTE_MS + MINUTE_MS // 2
    [over] = story.step(balance=[event("topup", "acme", account="b")])
    assert over.ended_ms == end and over.cause == {"customer": ("acme",)}
    assert story.step() == []


def test_a_balance_on_the_edge_does_not_flap() -> None:
    story = Story(Balance)
    limit: dict[str, Any] = {"threshold_micro": 100}
    assert story.step(balance=[event("balance", balance_micro=101, **limit)]) == []
    [low] = story.step(balance=[event("balance", balance_micro=99, **limit)])
    assert low.signal == "balance_threshold"
    for amount in (101, 99, 119, 98):
        [same] = story.step(balance=[event("balance", balance_micro=amount, **limit)])
        assert (same.key, same.ended_ms) == (low.key, None)
    [over] = story.step(balance=[event("balance", balance_micro=120, **limit)])
    assert over.key == low.key and over.ended_ms is not None


def test_a_block_takes_the_threshold_with_it() -> None:
    story = Story(Balance)
    story.step(balance=[event("threshold")])
    told = story.step(balance=[event("blocked")])
    assert {(f.signal, f.ended_ms is None) for f in told} == {("balance_threshold", False), ("balance_blocked", True)}
    [blocked] = story.step(balance=[event("threshold")])
    assert blocked.signal == "balance_blocked"


def test_a_peer_is_down_after_two_probes_and_up_after_two() -> None:
    story = Story(Reachability)
    story.step(sip=[trunk("up", 1)])
    first = story.minute
    assert story.step(sip=[trunk("up", 0)]) == []
    [down] = story.step(sip=[trunk("up", 0)])
    assert (down.signal, down.cause, down.customers) == ("sip_unreachable", {"trunk": ("in-1",)}, ("acme",))
    assert down.onset_ms == (first + 1) * MINUTE_MS - 1
    [still] = story.step(sip=[trunk("up", 1)])
    assert still.ended_ms is None
    [up] = story.step(sip=[trunk("up", 1)])
    assert up.ended_ms == (first + 3) * MINUTE_MS - 1 and story.step(sip=[trunk("up", 1)]) == []


def test_a_probe_that_flaps_and_a_peer_that_never_answered_raise_nothing() -> None:
    flapping, never = Story(Reachability), Story(Reachability)
    for minute in range(40):
        assert flapping.step(sip=[trunk("up", minute % 2)]) == []
        assert never.step(sip=[trunk("up", 0)]) == []


def test_down_and_then_no_probe_at_all_is_down() -> None:
    story = Story(Reachability)
    story.step(sip=[trunk("up", 1)])
    told = [story.step(sip=[trunk("up", 0)]), story.step(), story.step()]
    assert [len(step) for step in told] == [0, 0, 1] or [len(step) for step in told] == [0, 1, 1]


def test_a_terminators_egress_trunk_names_the_terminator() -> None:
    story = Story(Reachability, WatchSettings(hold=HoldSettings(reachability_samples=1)))
    out = {"peer_kind": "terminator", "peer": "out-1"}
    story.step(sip=[sample("up", 1, **out)])
    [down] = story.step(sip=[sample("up", 0, **out)])
    assert down.cause == {"terminator": ("term-a",)}


def bindings(story: Story, value: float, minutes: int) -> list[list[Finding]]:
    """Minutes with so many bindings."""
    return [story.step(sip=[trunk("registrations", value)]) for _ in range(minutes)]


def test_lost_bindings_from_the_interval_they_were_lost_in_until_they_are_back() -> None:
    story = Story(Registration)
    bindings(story, 20, 15)
    lost = story.minute
    told = bindings(story, 5, 3)
    assert [len(step) for step in told] == [0, 1, 1]
    found = told[-1][0]
    assert (found.signal, found.cause, found.customers) == ("registration_loss", {"trunk": ("in-1",)}, ("acme",))
    assert found.onset_ms == lost * MINUTE_MS - 1 and found.figures[0].expected == 20.0
    back = bindings(story, 18, 3)
    assert [[f.ended_ms is not None for f in step] for step in back] == [[False], [True], []]


@pytest.mark.parametrize(("usual", "then"), [(20, 13), (4, 0)])
def test_a_small_dip_and_a_peer_of_few_bindings_raise_nothing(usual: float, then: float) -> None:
    story = Story(Registration)
    bindings(story, usual, 15)
    assert not any(bindings(story, then, 10))


def test_one_low_sample_and_a_loss_in_the_first_minutes_raise_nothing() -> None:
    story, young = Story(Registration), Story(Registration)
    bindings(story, 20, 15)
    assert not any(bindings(story, 0, 1) + bindings(story, 20, 5))
    bindings(young, 20, 3)
    assert not any(bindings(young, 5, 3))


def denials(story: Story, value: float, minutes: int, **more: object) -> list[list[Finding]]:
    """Minutes with so many denials."""
    return [story.step(sip=[sample("acl_denied", value, **more)]) for _ in range(minutes)]


def test_denials_far_above_the_sources_own_rate_until_they_calm_down() -> None:
    story = Story(Acl)
    assert not any(denials(story, 1, 60))
    onset = story.minute
    told = denials(story, 30, 4)
    found = told[-1][0]
    assert (found.signal, found.cause) == ("acl_denied", {"switch": ("sw-1",)})
    assert found.onset_ms == onset * MINUTE_MS and found.figures[0].observed == 30.0
    calm = denials(story, 1, 4)
    assert [[f.ended_ms for f in step] for step in calm[2:]] == [[(onset + 4) * MINUTE_MS], []]


def test_denials_of_a_trunk_are_its_customers() -> None:
    story = Story(Acl)
    denials(story, 0, 10)
    told = denials(story, 40, 3, peer_kind="trunk", peer="in-1")
    assert told[-1][0].cause == {"customer": ("acme",)} and told[-1][0].customers == ("acme",)


def test_a_noisy_internet_is_its_own_normal_and_the_ratio_is_a_setting() -> None:
    noisy, strict, usual = (Story(Acl, WatchSettings(gates=GateSettings(acl_ratio=ratio))) for ratio in (5, 50, 5))
    assert not any(denials(noisy, 12, 60) + denials(noisy, 25, 30))
    for story in (strict, usual):
        denials(story, 2, 60)
    assert not any(denials(strict, 20, 10)) and any(denials(usual, 20, 10))
