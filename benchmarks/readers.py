"""Records a second of CPU that each CDR reader takes, beside a reader that goes row by row.

The rival in the same run parses each line with csv.reader or json.loads and validates one record of the contract with
pydantic (`pipeline.intake.exact`): it maps no column and parses no local time, so it does less. CPU time of all threads
is counted, so that a rate is that of one core; of three runs the middle one counts. Data: the samples of
tests/data/vendors, repeated in blocks of 8 MB as sources give them; `freeswitch_json, 12 kB` has as many variables as a
real switch writes.

    python -m benchmarks.readers [--records 100000] [--json]
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from connectors.formats import reader
from pipeline.directory import Directory
from pipeline.intake import exact

DATA = Path(__file__).parent.parent / "tests" / "data" / "vendors"
BLOCK = 8 << 20
RUNS = 3
Loop = Callable[[str], object]


RECORD = {
    "call_id": "c1",
    "customer": "alfa",
    "terminator": "gw1",
    "setup_at": "2026-03-02T10:00:00Z",
    "answered_at": "2026-03-02T10:00:04Z",
    "ended_at": "2026-03-02T10:01:04Z",
    "sip_code": 200,
}


def rows(parse: Callable[[str], object]) -> Loop:
    """Row by row: parse a line, validate a record."""

    def loop(text: str) -> None:
        for line in text.splitlines():
            parse(line)
            exact.read("cdr", RECORD)

    return loop


def by_csv(line: str) -> object:
    """The fields of a delimited line."""
    return next(csv.reader([line]))


def by_pairs(line: str) -> object:
    """The pairs of a KEY=value line."""
    return dict(part.split("=", 1) for part in line.split(","))


def by_event(text: str) -> None:
    """Events of `key::value` lines; a record for each."""
    for event in text.split("\n\n"):
        dict(line.split("::", 1) for line in event.splitlines() if "::" in line)
        exact.read("cdr", RECORD)


@dataclass(frozen=True)
class Case:
    """A format, the sample lines that are repeated, and the rival loop."""

    name: str
    sample: str
    lines: slice
    loop: Loop
    options: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    """The lines belong together: each copy gets call ids of its own."""
    padding: int = 0
    """Further variables of a FreeSWITCH leg."""


LOCAL = {"zone": "Europe/Paris"}
CASES = (
    Case("kamailio", "kamailio.ndjson", slice(0, 2), rows(json.loads)),
    Case("freeswitch_json", "freeswitch_json.ndjson", slice(0, 2), rows(json.loads)),
    Case("freeswitch_json", "freeswitch_json.ndjson", slice(0, 2), rows(json.loads), padding=190),
    Case("freeswitch_csv", "freeswitch_csv.csv", slice(0, 2), rows(by_csv)),
    Case("asterisk_csv", "asterisk_csv.csv", slice(0, 2), rows(by_csv), LOCAL),
    Case("asterisk_cel", "asterisk_cel.csv", slice(None), rows(by_csv), whole=True),
    Case("opensips_flatstore", "opensips_flatstore.txt", slice(0, 3), rows(by_csv), whole=True),
    Case("opensips_event", "opensips_event.txt", slice(8, 40), by_event, whole=True),
    Case("didww", "didww.ndjson", slice(0, 2), rows(json.loads)),
    Case("mera", "mera.txt", slice(0, 2), rows(by_pairs)),
    Case("sonus_act", "sonus_act.txt", slice(3, 5), rows(by_csv)),
    Case("vos3000", "vos3000.txt", slice(0, 2), rows(by_csv), LOCAL),
    Case("cgrates_json", "cgrates.ndjson", slice(1, 3), rows(json.loads)),
    Case("cgrates_csv", "cgrates.csv", slice(1, 3), rows(by_csv)),
    Case(str(DATA / "profile_json.toml"), "didww.ndjson", slice(0, 2), rows(json.loads)),
)


def blocks(case: Case, records: int) -> Iterator[bytes]:
    """The sample again and again, each time with other call ids, in blocks of about 8 MB."""
    lines = (DATA / case.sample).read_text().split("\n")[case.lines]
    text = "\n".join(lines).strip("\n") + ("\n\n" if case.name == "opensips_event" else "\n")
    if case.padding:
        more = ",".join(f'"variable_{n}":"value {n} of a leg, as dialplans leave them"' for n in range(case.padding))
        text = text.replace('"variables":{', f'"variables":{{{more},')
    per_copy = len(text.splitlines()) if case.name != "opensips_event" else 2
    block, size = [], 0
    for number in range(max(1, records // per_copy)):
        copy = text
        for mark in ("call-", "a0000000-", "1772445600.1", "1772445630.9", "tagA", "tagB"):
            copy = copy.replace(mark, f"{number}-{mark}") if case.whole else copy
        block.append(copy)
        size += len(copy)
        if size >= BLOCK:
            yield "".join(block).encode()
            block, size = [], 0
    yield "".join(block).encode()


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of all threads, in the middle one of RUNS."""
    took = []
    for _ in range(RUNS):
        start = time.process_time()
        run()
        took.append(time.process_time() - start)
    return median(took)


def measured(case: Case, records: int) -> dict[str, Any]:
    """Rates of the reader, and how many times that of the rival, over the same blocks."""
    data = list(blocks(case, records))
    texts = [block.decode() for block in data]
    first_lines = list(accumulate((block.count(b"\n") for block in data[:-1]), initial=1))
    made = 0

    def read() -> None:
        nonlocal made
        by, made = reader(case.name, case.options), 0
        for block, first_line in zip(data, first_lines, strict=True):
            frame, rejects = by.read(block, case.sample, first_line, Directory())
            assert not [reject for reject in rejects if reject.reason != "set_aside"], rejects[:3]
            made += frame.height

    reading = cpu(read)
    looping = cpu(lambda: [case.loop(text) for text in texts])
    size = sum(len(block) for block in data)
    return {
        "format": Path(case.name).name + (f", {size // made // 1000} kB" if case.padding else ""),
        "records": made,
        "records_per_s": round(made / reading),
        "mb_per_s": round(size / reading / 1e6),
        "times_the_rival": round(looping / reading, 1),
    }


def main() -> None:
    """Print a row for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for case in CASES:
        row = measured(case, given.records)
        if given.json:
            print(json.dumps(row), flush=True)
        else:
            rate = f"{row['records_per_s']:9,d}/s  {row['mb_per_s']:4d} MB/s"
            print(f"{row['format']:24s} {row['records']:7d}  {rate}  ×{row['times_the_rival']}", flush=True)


if __name__ == "__main__":
    main()
