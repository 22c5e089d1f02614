"""What an incident keeps of its grade: the facts behind it, and every customer with its figures."""

from __future__ import annotations

from dataclasses import fields

import pytest

from akira.stories.story import read
from akira.stories.telling import tell
from pipeline.desk.ticket import Ticket
from pipeline.severity import Facts, grade

NETWORK = "network customers=4 major=cust-0 terminators=3 destinations=2 switches=1\ncalls 60m rate=200\n"


def _ticket(fault: str) -> Ticket:
    story = read(f"{NETWORK}from 40m for 15m {fault}\nexpect ticket", "facts")
    ((ticket, _),) = tell(story)
    return ticket


def _facts(ticket: Ticket) -> Facts:
    return Facts(**{each.name: ticket.facts[each.name] for each in fields(Facts)})  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["terminator=term-1 asr=0.05", "asr=0.02", "customer=cust-2 balance=blocked"])
def test_the_kept_facts_give_the_grade_and_its_reason(fault: str) -> None:
    ticket = _ticket(fault)
    severity, why = grade(_facts(ticket))
    assert severity == ticket.severity and why == ticket.severity_history[-1].why


def test_every_customer_has_attempts_failures_expected_and_the_share_of_its_traffic() -> None:
    ticket = _ticket("terminator=term-1 asr=0.05")
    assert {c.customer for c in ticket.customers} == {f"cust-{n}" for n in range(4)}
    for customer in ticket.customers:
        assert customer.major == (customer.customer == "cust-0")
        assert 150 < customer.attempts < 400
        assert customer.failures > 0.85 * customer.attempts
        assert customer.expected_failures == pytest.approx(0.4 * customer.attempts, rel=0.15)
        assert customer.share_of_own == pytest.approx(1 / 3, abs=0.08)


def test_how_much_of_the_whole_the_cause_explains_is_kept() -> None:
    assert float(_ticket("terminator=term-1 asr=0.05").facts["explained"]) > 0.85
    assert float(_ticket("asr=0.02").facts["explained"]) > 0.85
