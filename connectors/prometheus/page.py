"""Pages in, contract samples out: parse, map, difference, hold down; the same for a live scrape and a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from connectors.prometheus.counters import Carried, intervals
from connectors.prometheus.exposition import Sample, parse
from connectors.prometheus.hold import Held, hold_down
from connectors.prometheus.profiles import Peer, Profile, readings
from pipeline.ports import Reject


@dataclass(frozen=True, slots=True)
class Read:
    """One page as understood. `known` counts its samples that the profile knows: 0 means a wrong profile or page;
    `stale` that it repeats the time stamps of the page before."""

    frame: pl.DataFrame
    rejects: tuple[Reject, ...]
    known: int
    stale: bool


class PageReader:
    """Reads the pages of one switch in order of time and remembers what the next page is compared with."""

    def __init__(
        self, profile: Profile, switch: str, peers: Mapping[str, Peer], *, down_s: float = 30.0, up_s: float = 30.0
    ) -> None:
        self._profile, self._switch, self._peers = profile, switch, peers
        self._down_ms, self._up_ms = round(down_s * 1000), round(up_s * 1000)
        self._carried, self._held = Carried.none(), Held.none()
        self._stamped_ms: int | None = None

    def read(self, at_ms: int, text: str, source: str) -> Read:
        """Samples (`SIP_SCHEMA`) at `at_ms`, the time of the scrape; `source` names the page in rejects.

        The element's own time stamps place nothing: a switch whose clock runs ahead must not move everybody's time.
        """
        page = parse(text, source)
        stale = page.stamped_ms is not None and page.stamped_ms == self._stamped_ms
        if page.stamped_ms is not None:
            self._stamped_ms = page.stamped_ms
        return replace(self.take(at_ms, () if stale else page.samples), rejects=page.rejects, stale=stale)

    def take(self, at_ms: int, page: Iterable[Sample]) -> Read:
        """Samples (`SIP_SCHEMA`) of a page that is parsed."""
        seen = readings(page, self._profile, at_ms, self._switch, self._peers)
        samples, self._carried = intervals(seen, self._carried)
        samples, self._held = hold_down(samples, self._held, down_ms=self._down_ms, up_ms=self._up_ms)
        return Read(samples, (), seen.height, False)
