"""The bounds of the record contract, shared by the column rules and by the exact path."""

from __future__ import annotations

from typing import Final

DAY_MS: Final = 86_400_000
TIME_MIN_MS: Final = 946_684_800_000
"""2000-01-01: anything earlier is seconds mistaken for milliseconds, or a clock that was never set."""
TIME_MAX_MS: Final = 4_102_444_800_000
"""2100-01-01: anything later is microseconds mistaken for milliseconds, or a broken clock."""
SPAN_MAX_MS: Final = 7 * DAY_MS
"""The longest call, billed duration or counting interval."""
LAG_MIN_MS: Final = -DAY_MS
LAG_MAX_MS: Final = 31 * DAY_MS
"""`emitted_at - ended_at`: one record with a wild emission time must not throw the clock of the whole stream."""
TEXT_MAX: Final = 255
REASON_MAX: Final = 2_000
MONEY_MAX_MICRO: Final = 10**18
"""A million million units; keeps sums of a day within 64 bits."""
RAW_MAX: Final = 2_000
"""Characters of a refused record kept with its reject."""

EXPECTED_TIME: Final = "epoch milliseconds, or an RFC 3339 text with its offset, between 2000 and 2100"
EXPECTED_TEXT: Final = f"a text of 1 to {TEXT_MAX} characters"
EXPECTED_REASON: Final = f"a text of at most {REASON_MAX} characters"
EXPECTED_WHOLE: Final = "a whole number"
EXPECTED_COUNT: Final = "a whole number, 0 or more"
EXPECTED_MONEY: Final = "a decimal number with a dot, at most a million million"
EXPECTED_CURRENCY: Final = "an ISO 4217 code of three capital letters, such as EUR"
EXPECTED_BILLED: Final = "seconds, 0 to 604800 (7 days)"
EXPECTED_INTERVAL: Final = "seconds, more than 0 and at most 604800 (7 days)"
EXPECTED_VALUE: Final = "a finite number, 0 or more (`up`: 0 to 1)"
