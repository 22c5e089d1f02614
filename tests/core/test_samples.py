"""SIP samples of a stretch by metric, and the steps in which peers are moved."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import MINUTE_MS, SIP_SCHEMA
from pipeline.samples import NO_SAMPLES, Sample, by_metric, each, one_of_each


def test_each_stretch_has_its_samples_by_metric_in_their_order() -> None:
    rows = [("up", "gw1"), ("invites", None), ("up", "gw2"), ("up", "")]
    samples = [
        {"at": at, "interval_ms": 0 if at else 5000, "switch": "sw-1", "metric": metric, "peer": peer, "value": 1.0}
        | ({"peer_kind": "trunk"} if peer else {})
        for at, (metric, peer) in enumerate(rows)
    ]
    first, second, none = by_metric(pl.DataFrame(samples, schema=SIP_SCHEMA), np.array([0, 2, 4, 4]))
    assert [s.peer for s in each(first["up"])] == ["gw1"]
    assert [s.key for s in each(second["up"])] == ["trunk=gw2", "switch=sw-1"]
    assert list(each(first["invites"])) == [
        Sample(1, MINUTE_MS, "sw-1", "switch", "sw-1", "", 1.0, True, "switch=sw-1")
    ]
    assert not any(map(len, none.values()))
    assert first["up"].schema == NO_SAMPLES.schema and tuple(first["up"].columns) == Sample._fields


@given(peers=st.lists(st.integers(0, 4), max_size=30))
def test_a_peers_samples_come_one_a_step_in_their_order(peers: list[int]) -> None:
    peer = np.array(peers, np.int32)
    steps = [place.tolist() for place in one_of_each(peer)]
    assert sorted(sum(steps, [])) == list(range(len(peers)))
    assert all(len(set(peer[step])) == len(step) for step in steps)
    for one in set(peers):
        assert [at for step in steps for at in step if peers[at] == one] == np.flatnonzero(peer == one).tolist()
    assert len(steps) == (np.bincount(peer).max() if peers else 0)
