"""A wrong line is named with its file and number; an expectation that does not hold is found."""

from __future__ import annotations

import pytest

from akira.errors import OperatorError
from akira.stories.story import read
from akira.stories.telling import tell, wrong

WRONG = {
    "calls 5x\nexpect nothing": "s.scn:1: '5x' is no length of time",
    "calls 5m\nfrom 1m for 2m terminator=zz asr=0\nexpect nothing": "s.scn:2: no terminator 'zz'",
    "calls 5m\nfrom 1m for 2m colour=red\nexpect nothing": "s.scn:2: 'colour=red'",
    "calls 5m\nfrom 1m for 2m asr=low\nexpect nothing": "s.scn:2: could not convert string to float: 'low'",
    "calls 5m\nfrom 1m for 2m terminator=term-1 loop=1\nexpect nothing": "s.scn:2: loop=1: write how many attempts",
    "calls 5m\nhope nothing": "s.scn:2: cannot read 'hope nothing'",
    "calls 5m": "needs a line `calls` and a line `expect`",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_line_is_named(text: str) -> None:
    with pytest.raises(OperatorError) as said:
        read(text, "s.scn")
    assert WRONG[text] in said.value.message


def test_a_ticket_that_does_not_come_and_one_not_told_of_are_found() -> None:
    quiet = read("calls 20m rate=30\nexpect ticket signal=fas", "s.scn")
    assert wrong(quiet, tell(quiet)) == ["s.scn:2: no such ticket"]
    blocked = "calls 20m rate=30\nfrom 5m for 9m customer=cust-1 balance=threshold\n"
    silent = read(blocked + "expect nothing", "s.scn")
    assert [text.split(":")[1] for text in wrong(silent, tell(silent))] == [" not expected"]
    other = read(blocked + "expect ticket severity=SEV1 cause customer=cust-2", "s.scn")
    assert len(wrong(other, tell(other))) == 2
