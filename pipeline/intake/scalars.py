"""One value of the wire to one value of the contract, exactly. A ValueError says that it is no such value."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_LONGEST: Final = 64
"""A number or time in more characters than this is none."""


def text(value: object) -> object:
    """A text as it is; a plain number or truth value as its digits or word."""
    if value is None or isinstance(value, str):
        if value is not None and any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("lone surrogate")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)).normalize(), "f")
    raise ValueError("no text")


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool):
        raise ValueError("no number")
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and len(value) <= _TEXT_LONGEST and _NUMBER.fullmatch(value):
        return Decimal(value)
    raise ValueError("no number")


def _finite(value: object) -> Decimal:
    number = _decimal(value)
    if not number.is_finite():
        raise ValueError("not finite")
    return number


def whole(value: object) -> int | None:
    """A whole number: 7, 7.0, "7" or "7.0"."""
    if value is None:
        return None
    number = _finite(value)
    if abs(number) >= 2**64 or number != number.to_integral_value():
        raise ValueError("not whole")
    return int(number)


def flag(value: object) -> bool:
    """true or false, as a truth value, 1 or 0, or the words of either."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if whole(value) in (0, 1):
        return whole(value) == 1
    raise ValueError("neither true nor false")


def _scaled(value: object, scale: int) -> int | None:
    if value is None:
        return None
    number = _finite(value)
    if abs(number) >= 10**20:
        raise ValueError("too large")
    return int((number * scale).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def seconds_ms(value: object) -> int | None:
    """Seconds to milliseconds, halves to even."""
    return _scaled(value, 1_000)


def money_micro(value: object) -> int | None:
    """A decimal to millionths of its unit, halves to even."""
    return _scaled(value, 1_000_000)


def real(value: object) -> float:
    """A finite number."""
    number = float(_finite(value))
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def time_ms(value: object) -> int | None:
    """Epoch milliseconds, or an RFC 3339 text with its offset; parts of a millisecond are cut off."""
    if value is None:
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)
    if isinstance(value, str) and (parts := _RFC3339.fullmatch(value)):
        return _rfc3339_ms(parts)
    number = _finite(value)
    if abs(number) >= 2**63:
        raise ValueError("no time")
    return math.floor(number)


def _rfc3339_ms(parts: re.Match[str]) -> int:
    year, month, day, hour, minute, second = (int(parts[n]) for n in range(1, 7))
    if second > 60 or (parts[10] and (int(parts[10]) > 23 or int(parts[11]) > 59)):
        raise ValueError("no time")
    shift = timedelta(hours=int(parts[10]), minutes=int(parts[11])) if parts[10] else timedelta(0)
    zone = timezone(-shift if parts[9] == "-" else shift)
    # A leap second (:60) is the first second of the next minute.
    at = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone) + timedelta(seconds=second // 60)
    return (at - _EPOCH) // timedelta(milliseconds=1) + int((parts[7] or "0")[:3].ljust(3, "0"))
