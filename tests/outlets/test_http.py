"""What is read of a tool's answer is bounded, and what is told of it never holds a secret."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from connectors.outlets.http import ANSWER_BYTES, SAID_CHARS, WAIT_MOST_S, Http, retry_after_s
from connectors.outlets.port import Refused, Throttled
from pipeline.ports import Disconnected
from tests.outlets.fake import Reply, serving

NOW_S = 1_750_000_000.0


@pytest.mark.parametrize(
    ("written", "wait_s"),
    [
        ("30", 30.0),
        ("0", 1.0),
        ("999999", WAIT_MOST_S),
        (format_datetime(datetime.fromtimestamp(NOW_S + 90, UTC), usegmt=True), 90.0),
        (format_datetime(datetime.fromtimestamp(NOW_S - 90, UTC), usegmt=True), 1.0),
        ("", None),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_in_both_forms_and_within_reason(written: str, wait_s: float | None) -> None:
    assert retry_after_s(written, NOW_S) == wait_s


def test_a_huge_answer_is_read_to_its_bound_and_told_in_a_line() -> None:
    with serving(lambda asked: Reply(200, b"x" * (3 * ANSWER_BYTES))) as tool, closing(Http("it", tool.url, 5)) as http:
        assert len(http.ask("GET").body) == ANSWER_BYTES
        tool.faults.append(Reply(422, b"y" * ANSWER_BYTES))
        with pytest.raises(Refused) as refused:
            http.ask("GET")
        assert len(refused.value.message) < SAID_CHARS + 100


def test_nobody_there_is_told_by_outlet_and_host_alone() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with closing(Http("it", f"http://127.0.0.1:{port}/hooks/s3cret-path", 2, secrets=("s3cret-path",))) as http:
            with pytest.raises(Disconnected) as away:
                http.ask("POST", body={})
    assert "outlet it: 127.0.0.1 does not answer" in away.value.hint and "s3cret" not in away.value.hint


def test_busy_without_a_time_is_tried_like_any_other() -> None:
    with serving(lambda asked: Reply(429, {})) as tool, closing(Http("it", tool.url, 5)) as http:
        with pytest.raises(Disconnected) as busy:
            http.ask("GET")
    assert not isinstance(busy.value, Throttled)
