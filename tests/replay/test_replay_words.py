"""The head of a report: what was read, and what could not be judged, and why."""

from __future__ import annotations

from collections import Counter

import pytest

from akira.replay_words import directory_words, judged_words, read_words
from pipeline.settings import WatchSettings


@pytest.mark.parametrize(
    ("minutes", "thin", "slices", "judged", "said"),
    [
        (9, 0, 5, False, "not judged: what is normal is known after 10 min of records"),
        (60, 5, 5, False, "not judged: none of 5 slices had 30 calls in the last full hour"),
        (60, 4, 5, True, "not enough calls in the last full hour: 4 of 5 slices, judged with what holds them"),
    ],
)
def test_too_short_and_too_quiet_are_not_judged(minutes: int, thin: int, slices: int, judged: bool, said: str) -> None:
    stats = {"minutes": minutes, "slices_thin": thin, "slices": slices}
    assert judged_words(stats, WatchSettings()) == (judged, said)


def test_what_was_read_refused_and_not_known() -> None:
    assert read_words({"sip": 2, "cdr": 1200, "balance": 0}, {"order": 1, "not_json": 3}, 61, 1_772_445_600_000) == [
        "read: 1,200 cdr, 2 sip, 61 min until 2026-03-02 10:00 UTC",
        "refused: 3 not_json, 1 order",
    ]
    assert read_words({"cdr": 1}, {}, 0, None) == ["read: 1 cdr"]
    assert directory_words(True, {}) == []
    strangers = {"customer": Counter({"": 1, "x": 2})}
    assert directory_words(False, strangers)[1] == "not in the directory: 2 customer values, such as x, (none)"
