"""Calls that the own switch refuses, seen in the records alone: by its access list, or for want of balance."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.ports import Batch
from pipeline.records import MINUTE_MS
from tests.watch.carrier import START_MS, Carrier, latest, replay


def refused(customers: list[str], code: int) -> pl.DataFrame:
    """From minute 60 to 75 no call of these customers leaves the switch."""
    frame = Carrier(minutes=90, rate=300).frame()
    since, until = (START_MS + minute * MINUTE_MS for minute in (60, 75))
    hit = pl.col("customer").is_in(customers) & pl.col("setup_at").is_between(since, until)
    gone = [pl.when(~hit).then(name).alias(name) for name in ("terminator", "ringing_at", "answered_at")]
    return frame.with_columns(*gone, sip_code=pl.when(hit).then(pl.lit(code, pl.Int16)).otherwise("sip_code"))


@pytest.mark.parametrize(("code", "signal"), [(403, "acl_denied"), (402, "balance_blocked")])
@pytest.mark.parametrize("customers", [["cust-3"], ["cust-2", "cust-4"]])
def test_one_ticket_names_the_customers_and_what_they_are_refused_for(
    code: int, signal: str, customers: list[str]
) -> None:
    [told] = latest(replay(Batch("cdr", refused(customers, code))))
    assert told.lead == signal and dict(told.cause) == {"customer": tuple(customers)}
    assert START_MS + 60 * MINUTE_MS < told.opened_at_ms <= START_MS + 65 * MINUTE_MS
    assert told.recovered_at_ms is not None
