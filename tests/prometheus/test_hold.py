"""Hold-down: a flapping probe tells nothing, a real outage is told after its time, and so is the recovery."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.prometheus.hold import Held, hold_down
from pipeline.records import SIP_SCHEMA

SECOND = 1_000


def samples(ups: list[tuple[int, float]], peer: str = "gw1") -> pl.DataFrame:
    rows = [(at * SECOND, 15_000, "sw1", peer, "terminator", None, "up", value) for at, value in ups]
    return pl.DataFrame(rows, schema=SIP_SCHEMA, orient="row")


def told(ups: list[tuple[int, float]], cuts: tuple[int, ...] = ()) -> list[tuple[int, float]]:
    held, seen = Held.none(), []
    edges = [0, *cuts, len(ups)]
    for a, b in zip(edges, edges[1:], strict=False):
        out, held = hold_down(samples(ups[a:b]), held, down_ms=30 * SECOND, up_ms=20 * SECOND)
        seen += [(at // SECOND, value) for at, value in out.select("at", "value").rows()]
    return seen


def test_a_short_flap_is_not_told() -> None:
    assert told([(0, 1), (15, 0), (30, 1), (45, 0), (60, 1)]) == [(0, 1), (15, 1), (30, 1), (45, 1), (60, 1)]


def test_an_outage_is_told_after_the_hold_and_its_end_too() -> None:
    seen = told([(0, 1), (15, 0), (30, 0), (45, 0), (60, 1), (75, 1), (90, 1)])
    assert seen == [(0, 1), (15, 1), (30, 1), (45, 0), (60, 0), (75, 0), (90, 1)]


def test_a_peer_first_seen_down_is_told_only_when_confirmed() -> None:
    assert told([(0, 0), (15, 0), (30, 0)]) == [(30, 0)]


def test_other_metrics_pass_and_peers_do_not_touch_each_other() -> None:
    calls = samples([(0, 5)]).with_columns(metric=pl.lit("active_calls"))
    rows = pl.concat([samples([(0, 1), (15, 0)]), samples([(0, 1), (15, 1)], "gw2"), calls])
    out, _ = hold_down(rows, Held.none(), down_ms=30 * SECOND, up_ms=0)
    assert out.filter(pl.col("metric") == "active_calls")["value"].to_list() == [5.0]
    assert out.filter(pl.col("metric") == "up")["value"].to_list() == [1.0] * 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=20), st.integers(1, 19))
def test_a_split_changes_nothing(states: list[float], cut: int) -> None:
    ups = [(15 * n, value) for n, value in enumerate(states)]
    assert told(ups, (min(cut, len(ups)),)) == told(ups)
