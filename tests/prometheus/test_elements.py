"""Each profile reads its own page into contract samples; wrong names and rules are refused with a cure."""

from __future__ import annotations

import gzip
import json
import os
import re
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from connectors.errors import ConnectorError
from connectors.prometheus.elements import PROFILES, profile
from connectors.prometheus.page import PageReader
from connectors.prometheus.profiles import Peer, Rule, peers_of
from pipeline.directory import Customer, Directory, Terminator
from pipeline.records import PEER_KINDS, SIP_METRICS, SIP_SCHEMA

DATA = Path(__file__).parents[1] / "data" / "prometheus"
MINUTE = 60_000
PEERS = peers_of(
    Directory(
        customers=(Customer(id="cust-a", trunks=("10.1.0.1",)),),
        terminators=(
            Terminator(id="term-1", egress_trunks=("10.2.0.1", "supplier-a", "supplier-a.example")),
            Terminator(id="term-2", egress_trunks=("sip:10.2.0.2:5060;transport=udp",)),
        ),
    )
)


def grown(text: str, by: int = 7) -> str:
    """The page a minute later: every whole number that a counter may be has grown."""
    return re.sub(r" (\d+)( \d{13})?$", lambda m: f" {int(m[1]) + by}" + (" 1" if m[2] else ""), text, flags=re.M)


def told(name: str) -> dict[tuple[str, str | None], float]:
    reader = PageReader(profile(name), "sw1", PEERS, down_s=0, up_s=0)
    text = (DATA / f"{name}.txt").read_text()
    reader.read(0, text, name)
    read = reader.read(MINUTE, grown(text), name)
    assert read.frame.schema == pl.Schema(SIP_SCHEMA) and not read.rejects and read.known
    assert set(read.frame["metric"]) <= set(SIP_METRICS) and set(read.frame["peer_kind"]) <= set(PEER_KINDS)
    return {(metric, peer): value for metric, peer, value in read.frame.select("metric", "peer", "value").rows()}


def test_kamailio_xhttp_prom_counts_per_interval() -> None:
    seen = told("kamailio_xhttp_prom")
    assert seen[("invites", None)] == 7.0 and seen[("answers", None)] == 7.0
    assert seen[("responses_4xx", None)] == 7.0 and seen[("acl_denied", None)] == 7.0
    assert seen[("active_calls", None)] == 7.0 and seen[("registrations", None)] == 7.0


def test_kamailio_exporter_tells_gateways_by_their_flags() -> None:
    seen = told("kamailio_exporter")
    ups = {peer: value for (metric, peer), value in seen.items() if metric == "up"}
    assert ups == {None: 8.0, "term-1": 1.0, "term-2": 0.0, "10.2.0.3:5060": 1.0}
    assert seen[("responses_5xx", None)] == 7.0 and seen[("acl_denied", None)] == 7.0
    assert ("invites", None) not in seen


def test_freeswitch_exporter_tells_gateways_and_no_invites() -> None:
    reader = PageReader(profile("freeswitch_exporter"), "sw1", PEERS, down_s=0, up_s=0)
    read = reader.read(0, (DATA / "freeswitch_exporter.txt").read_text(), "page")
    rows = {(m, p): v for m, p, v in read.frame.select("metric", "peer", "value").rows()}
    assert rows == {
        ("up", None): 1.0,
        ("up", "term-1"): 1.0,
        ("up", "supplier-b"): 0.0,
        ("rtt_ms", "term-1"): 24.5,
        ("active_calls", None): 17.0,
        ("registrations", None): 230.0,
    }


def test_asterisk_leaves_unknown_endpoints_out() -> None:
    reader = PageReader(profile("asterisk_res_prometheus"), "sw1", PEERS, down_s=0, up_s=0)
    text = (DATA / "asterisk_res_prometheus.txt").read_text()
    reader.read(0, text, "page")
    read = reader.read(MINUTE, text.replace("} 1200", "} 1230"), "page")
    rows = {(m, p): v for m, p, v in read.frame.select("metric", "peer", "value").rows()}
    assert rows == {
        ("invites", None): 30.0,
        ("active_calls", None): 6.0,
        ("up", "term-1"): 1.0,
        ("up", "supplier-b"): 0.0,
        ("registrations", "term-1"): 1.0,
        ("registrations", "supplier-b.example"): 0.0,
    }


def test_heplify_counts_per_target_and_for_the_switch_without_counting_byes() -> None:
    seen = told("heplify_server")
    assert seen == {
        ("invites", "term-1"): 7.0,
        ("answers", "term-1"): 7.0,
        ("responses_4xx", "term-1"): 7.0,
        ("responses_5xx", "term-1"): 7.0,
        ("invites", None): 7.0,
        ("answers", None): 7.0,
        ("responses_4xx", None): 7.0,
        ("register_failures", None): 7.0,
    }


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_has_a_page_and_remarks(name: str) -> None:
    assert told(name) and profile(name).remarks


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConnectorError) as wrong:
        profile("kamailo")
    assert "kamailio_exporter" in wrong.value.hint and "custom" in wrong.value.hint


def test_own_rules_come_after_the_profile_and_may_scale_and_name_a_customer() -> None:
    own = (
        Rule(family="kamailio_lab_invite_total", metric="invites", mode="counter", customer="customer"),
        Rule(family="probe_rtt_seconds", metric="rtt_ms", mode="gauge", scale=1000, peer="trunk", peer_kind="trunk"),
    )
    reader = PageReader(profile("custom", own), "sw1", {"t1": Peer(id="t1", kind="trunk", customer="cust-a")})
    page = 'kamailio_lab_invite_total{customer="custA"} 600\nprobe_rtt_seconds{trunk="t1"} 0.025\n'
    reader.read(0, page, "page")
    frame = reader.read(MINUTE, page.replace("600", "640"), "page").frame
    assert frame.select("metric", "peer", "peer_kind", "customer", "value").rows() == [
        ("invites", None, "switch", "custA", 40.0),
        ("rtt_ms", "t1", "trunk", "cust-a", 25.0),
    ]


def test_a_rule_with_a_broken_expression_is_refused() -> None:
    with pytest.raises(ValidationError, match="no regular expression"):
        Rule(family="a(", metric="up", mode="gauge")


def test_a_page_that_repeats_its_time_stamps_is_stale_and_tells_nothing() -> None:
    reader = PageReader(profile("kamailio_xhttp_prom"), "sw1", PEERS)
    text = (DATA / "kamailio_xhttp_prom.txt").read_text()
    assert not reader.read(0, text, "page").stale
    again = reader.read(MINUTE, text, "page")
    assert again.stale and again.frame.is_empty()


def test_a_gateway_that_flaps_in_a_busy_probe_is_held_up() -> None:
    reader = PageReader(profile("kamailio_exporter"), "sw1", PEERS, down_s=30, up_s=30)
    text = (DATA / "kamailio_exporter.txt").read_text()
    ups = []
    for step, flags in enumerate(["AP", "IP", "AP", "IP", "IP", "IP", "IP", "AP", "AP", "AP"]):
        frame = reader.read(step * 15_000, text.replace('flags="AP"', f'flags="{flags}"'), "page").frame
        ups.append(frame.filter((pl.col("metric") == "up") & (pl.col("peer") == "term-1"))["value"].item())
    assert ups == [1, 1, 1, 1, 1, 0, 0, 0, 0, 1]


def test_recorded_capture_of_a_real_kamailio() -> None:
    """A longer recording, when its folder is named: counts are never negative and follow its own total."""
    folder = os.environ.get("AKIRA_TEST_CAPTURE")
    if not folder:
        pytest.skip("AKIRA_TEST_CAPTURE names no folder with prom.jsonl.gz")
    reader = PageReader(profile("kamailio_xhttp_prom"), "sw1", {})
    with gzip.open(Path(folder) / "prom.jsonl.gz", "rt") as lines:
        pages = [json.loads(line) for line in lines]
    frame = pl.concat([reader.read(page["at"], page["text"], "prom.jsonl").frame for page in pages])
    invites = frame.filter(pl.col("metric") == "invites")["value"]
    total = [
        int(m[1]) for page in (pages[0], pages[-1]) for m in [re.search(r"processed_dialogs (\d+)", page["text"])] if m
    ]
    assert invites.min() >= 0 and invites.sum() == total[-1] - total[0]
