"""The outbox: order, backoff, remote ids, dead letters, and nothing said twice after a crash but with the same key."""

from __future__ import annotations

import pytest

from connectors.store.engine import Store
from connectors.store.journal import Journal
from connectors.store.ledger import Ledger
from connectors.store.outbox import Outbox
from connectors.store.outcomes import ATTEMPTS, FIRST_WAIT_MS, LONGEST_WAIT_MS, again, dead, sent
from pipeline.desk.policy import DeskPolicy
from tests.store.faults import incident, recovered


@pytest.fixture
def outbox(store: Store) -> Outbox:
    """Two tickets; the first has three events for two targets."""
    Journal(store, DeskPolicy(), lambda ticket, event: ("jira", "kafka")).record(
        [incident(1), incident(2), incident(3, severity="SEV3"), incident(1, key="i-2")], None
    )
    return Outbox(store)


def _keys(outbox: Outbox, at_ms: int = 0) -> list[str]:
    return [row.key for row in outbox.due(at_ms)]


def _of_jira(outbox: Outbox, at_ms: int) -> list[str]:
    return [row.key for row in outbox.due(at_ms, target="jira")]


def test_rows_are_due_in_order_and_none_before_its_forerunner(outbox: Outbox) -> None:
    every = _of_jira(outbox, 0)
    assert every[:2] == ["i-1:1:jira", "i-1:2:jira"] and "i-2:1:jira" in every
    first = outbox.due(0, target="jira")[0]
    outbox.settle([again(first.id, 0, "503", 0, wait_ms=10)])
    assert _of_jira(outbox, 9) == [key for key in every if not key.startswith("i-1:")], "followers wait with it"
    assert _of_jira(outbox, 10) == every
    outbox.settle([sent(first.id)])
    assert _of_jira(outbox, 10) == every[1:]
    assert len(outbox.due(0, limit=1)) == 1


def test_the_remote_id_is_known_to_the_next_event_of_that_ticket_and_target_only(outbox: Outbox) -> None:
    jira, kafka = outbox.due(0, target="jira")[0], outbox.due(0, target="kafka")[0]
    outbox.settle([sent(jira.id, "NOC-17"), sent(kafka.id)])
    known = {row.key: row.remote_id for row in outbox.due(0)}
    assert {key: remote for key, remote in known.items() if remote} == {
        key: "NOC-17" for key in known if key.startswith("i-1:") and key.endswith(":jira")
    }
    assert "i-1:2:jira" in known and "i-2:1:jira" in known


def test_waits_double_hold_back_what_follows_and_end_dead(outbox: Outbox) -> None:
    row = outbox.due(0, target="jira")[0]
    now, waits = 0, []
    for _ in range(ATTEMPTS):
        again_due = next(due for due in outbox.due(now, target="jira") if due.event.ticket_id == "i-1")
        assert again_due.id == row.id
        outbox.settle([again(row.id, again_due.attempts, "503 busy", now, jitter=1.0)])
        waits.append(next(known for known in outbox.rows() if known.id == row.id).next_at_ms - now)
        now += waits[-1]
    assert waits[:3] == [FIRST_WAIT_MS, 2 * FIRST_WAIT_MS, 4 * FIRST_WAIT_MS] and waits[-1] == LONGEST_WAIT_MS
    (buried,) = outbox.rows("dead")
    assert (buried.id, buried.attempts, buried.last_error) == (row.id, ATTEMPTS, "503 busy")
    assert "i-1:2:jira" in _keys(outbox, now)
    assert outbox.resend(999, 5, "jo") == 0
    assert outbox.resend(buried.id, 5, "jo") == 1 and outbox.rows("dead") == []
    assert "i-1:1:jira" in _keys(outbox, now)


def test_what_is_sent_again_too_late_is_followed_by_how_things_are(outbox: Outbox) -> None:
    opened, *later = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    outbox.settle([dead(opened.id, 0, "400"), *(sent(row.id, "NOC-17") for row in later)])
    assert outbox.resend(opened.id, 5, "jo") == 1
    again_due = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    assert [(row.id, row.attempts) for row in again_due] == [(opened.id, 0), (later[-1].id, 1)]


def test_all_of_a_target_is_raised_or_given_up_at_once_and_on_record(outbox: Outbox, store: Store) -> None:
    jira = outbox.due(0, target="jira")
    outbox.settle([dead(row.id, 0, "401") for row in jira[:2]])
    assert outbox.resend("jira", 5, "jo") == 2 and outbox.rows("dead") == []
    assert [row.key for row in outbox.due(0, target="jira")] == [row.key for row in jira]
    outbox.settle([dead(row.id, 0, "401") for row in jira[:2]])
    assert outbox.drop(jira[0].id, 6, "jo") == 1 and outbox.drop(jira[0].id, 6, "jo") == 0
    assert outbox.drop("jira", 7, "jo") == len(jira) - 1
    assert outbox.due(0, target="jira") == [] and outbox.counts()["jira", "dropped"] == len(jira)
    assert outbox.due(0, target="kafka") != []
    assert [(line.action, line.target, line.detail) for line in Ledger(store).audit()] == [
        ("dropped", "jira", f"{len(jira) - 1} messages"),
        ("dropped", "i-1:1", "jira"),
        ("sent again", "jira", "2 messages"),
    ]


def test_a_target_may_ask_for_its_own_wait_and_refuse_for_good(outbox: Outbox) -> None:
    jira, kafka = outbox.due(0)[:2]
    outbox.settle([again(jira.id, 0, "429", 1000, wait_ms=60_000), dead(kafka.id, 0, "400 bad field")])
    assert "i-1:1:jira" not in _keys(outbox, 60_999) and "i-1:1:jira" in _keys(outbox, 61_000)
    assert [row.last_error for row in outbox.rows("dead")] == ["400 bad field"]
    assert (
        outbox.counts()["kafka", "dead"] == 1
        and outbox.counts()["jira", "pending"] == outbox.counts()["kafka", "pending"] + 1
    )


def test_jitter_spreads_the_wait_between_half_and_whole(outbox: Outbox) -> None:
    low, high = outbox.due(0)[:2]
    outbox.settle([again(low.id, 0, "x", 0, jitter=0.0), again(high.id, 0, "x", 0, jitter=1.0)])
    waits = {row.id: row.next_at_ms for row in outbox.rows()}
    assert (waits[low.id], waits[high.id]) == (FIRST_WAIT_MS // 2, FIRST_WAIT_MS)


def test_a_revision_read_again_says_nothing_twice(outbox: Outbox, store: Store) -> None:
    before = len(outbox.rows())
    Journal(store, DeskPolicy(), lambda ticket, event: ("jira", "kafka")).record([incident(1), incident(2)], None)
    assert len(outbox.rows()) == before
    Journal(store, DeskPolicy(), lambda ticket, event: ("jira",)).record([recovered(9, severity="SEV3")], None)
    assert len(outbox.rows()) == before + 3


LATER = 2**50
"""After every event."""


def _left(outbox: Outbox, target: str = "jira") -> list[str]:
    return sorted(row.key for row in outbox.rows() if row.target == target)


def test_old_messages_are_forgotten_but_for_the_last_that_each_target_took_of_a_ticket(outbox: Outbox) -> None:
    jira = outbox.due(0, target="jira")
    first = [row for row in jira if row.event.ticket_id == "i-1"]
    outbox.settle([sent(row.id, "NOC-17" if row in first else None) for row in jira])
    assert outbox.prune(first[1].event.at_ms, 100) == 1, "of an event before that time"
    assert _left(outbox) == sorted(row.key for row in jira if row is not first[0])
    assert outbox.prune(LATER, 100) > 0 == outbox.prune(LATER, 100)
    assert _left(outbox) == [first[-1].key, "i-2:1:jira"]
    assert outbox.ticket_of("jira", "NOC-17") == "i-1"
    assert len(_left(outbox, "kafka")) == len(jira), "what waits is kept"


def test_so_many_are_forgotten_at_once_the_oldest_first(outbox: Outbox) -> None:
    first = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    outbox.settle([sent(row.id) for row in first])
    assert outbox.prune(LATER, 1) == 1
    assert first[0].key not in _left(outbox) and first[1].key in _left(outbox)


def test_every_name_that_a_target_has_for_a_ticket_stays_known(outbox: Outbox) -> None:
    first = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    assert len(first) >= 3
    outbox.settle([sent(first[0].id, "NOC-1"), *(sent(row.id, "NOC-2") for row in first[1:])])
    assert outbox.prune(LATER, 100) == len(first) - 2
    assert (outbox.ticket_of("jira", "NOC-1"), outbox.ticket_of("jira", "NOC-2")) == ("i-1", "i-1")


def test_a_dead_letter_is_never_forgotten_and_what_follows_it_when_sent_again_neither(outbox: Outbox) -> None:
    opened, *later = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    outbox.settle([dead(opened.id, 0, "400"), *(sent(row.id) for row in later)])
    assert outbox.prune(LATER, 100) == len(later) - 1
    assert outbox.resend(opened.id, 5, "jo") == 1
    assert [row.id for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"] == [opened.id, later[-1].id]


def test_what_a_person_gave_up_goes_once_a_later_message_was_taken(outbox: Outbox) -> None:
    given_up, *later = [row for row in outbox.due(0, target="jira") if row.event.ticket_id == "i-1"]
    outbox.settle([dead(given_up.id, 0, "400")])
    outbox.drop(given_up.id, 5, "jo")
    assert outbox.prune(LATER, 100) == 0
    outbox.settle([sent(later[0].id)])
    assert outbox.prune(LATER, 100) == 1 and given_up.key not in _left(outbox)
