"""A profile says what the samples of one kind of SIP element mean in the record contract.

Types are declared here, not believed: xhttp_prom writes no TYPE lines, and exporters call counters gauges.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.prometheus.counters import READING_SCHEMA
from connectors.prometheus.exposition import Sample
from pipeline.directory import Directory

Metric = Literal[
    "up",
    "rtt_ms",
    "registrations",
    "register_failures",
    "acl_denied",
    "invites",
    "answers",
    "responses_4xx",
    "responses_5xx",
    "responses_6xx",
    "active_calls",
]


class Rule(BaseModel):
    """One metric family and what it says; `family`, `where` and the keys of `values` are regular expressions that
    must match the whole text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str = Field(min_length=1, max_length=255)
    metric: Metric
    mode: Literal["counter", "gauge"]
    fold: Literal["sum", "max", "min", "mean"] = "sum"
    where: dict[str, str] = Field(default_factory=dict, description="label to the text it must have")
    peer: str | None = Field(default=None, description="label that names the peer; none: the switch itself")
    peer_kind: Literal["trunk", "terminator", "switch"] = "switch"
    customer: str | None = Field(default=None, description="label that names the customer")
    value_of: str | None = Field(default=None, description="label that is the value, instead of the number")
    values: dict[str, float] = Field(default_factory=dict, description="value as text to number; others are left out")
    scale: float = Field(default=1.0, gt=0, description="multiplies the number, e.g. 1000 from seconds to ms")

    @field_validator("family", "where", "values")
    @classmethod
    def _compiles(cls, given: str | dict[str, Any]) -> str | dict[str, Any]:
        patterns = [given] if isinstance(given, str) else [str(p) for p in (*given, *given.values())]
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as wrong:
                raise ValueError(f"{pattern!r} is no regular expression: {wrong}") from wrong
        return given

    def number(self, sample: Sample) -> float | None:
        """The contract's value of a sample, None where it says nothing."""
        if not self.values:
            return sample.value * self.scale
        text = f"{sample.value:g}" if self.value_of is None else sample.labels.get(self.value_of, "")
        return next((number for pattern, number in self.values.items() if re.fullmatch(pattern, text)), None)

    def takes(self, sample: Sample) -> bool:
        """Whether the labels of a sample of this family are meant."""
        return all(re.fullmatch(text, sample.labels.get(label, "")) for label, text in self.where.items())


class Profile(BaseModel):
    """The rules of one kind of element; `remarks` are what its users must know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...] = ()


class Peer(BaseModel):
    """Who answers behind an address, a URI or a trunk name of the element."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: Literal["trunk", "terminator"]
    customer: str | None = None


def peers_of(directory: Directory) -> dict[str, Peer]:
    """Trunks, egress trunks and addresses of the directory to whom they lead."""
    peers = {t.id: Peer(id=t.id, kind="terminator") for t in directory.terminators}
    for trunk, customer in directory.customer_of_trunk().items():
        peers[trunk] = Peer(id=trunk, kind="trunk", customer=customer)
    for trunk, terminator in directory.terminator_of_trunk().items():
        peers[trunk] = Peer(id=terminator, kind="terminator")
    return peers


def readings(
    samples: Iterable[Sample], profile: Profile, at_ms: int, switch: str, peers: Mapping[str, Peer]
) -> pl.DataFrame:
    """The samples that `profile` knows, as readings (`READING_SCHEMA`) at `at_ms`."""
    rules: dict[str, tuple[Rule, ...]] = {}
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        if sample.name not in rules:
            rules[sample.name] = tuple(rule for rule in profile.rules if re.fullmatch(rule.family, sample.name))
        rows.extend(_rows(sample, rules[sample.name], at_ms, switch, peers))
    return pl.DataFrame(rows, schema=READING_SCHEMA, orient="row")


def _rows(
    sample: Sample, rules: tuple[Rule, ...], at_ms: int, switch: str, peers: Mapping[str, Peer]
) -> Iterator[tuple[object, ...]]:
    for rule in rules:
        value = rule.number(sample) if rule.takes(sample) else None
        named = sample.labels.get(rule.peer, "") if rule.peer else ""
        if value is None or (rule.peer and not named):
            continue
        peer = _peer(named, rule, peers)
        customer = sample.labels.get(rule.customer) if rule.customer else None
        yield (
            at_ms,
            switch,
            peer.id if peer else None,
            peer.kind if peer else "switch",
            customer or (peer.customer if peer else None),
            rule.metric,
            rule.mode,
            rule.fold,
            f"{rule.metric}|{sample.name}",
            f"{rule.metric}|{sample.series()}",
            value,
        )


def _peer(named: str, rule: Rule, peers: Mapping[str, Peer]) -> Peer | None:
    """The directory's peer for a name such as `sip:10.0.0.1:5060;transport=udp`, else a peer of that very name."""
    if not named:
        return None
    bare = re.sub(r"^sips?:", "", named).split(";")[0].rpartition("@")[2]
    for text in (named, bare, re.sub(r":\d+$", "", bare)):
        if text in peers:
            return peers[text]
    return Peer(id=bare, kind="trunk" if rule.peer_kind == "trunk" else "terminator")
