"""Which findings are signs of one fault."""

from __future__ import annotations

from pipeline.correlate.relate import Known, belongs
from pipeline.findings import Finding
from pipeline.names import Names
from pipeline.quality.recent import Recent
from pipeline.records import MINUTE_MS

KNOWN = Known({}, Recent(1), Names())


def _finding(signal: str, minute: int, **cause: str) -> Finding:
    named = {dim: (value,) for dim, value in cause.items()}
    return Finding(signal, signal, named, minute * MINUTE_MS, None, 20.0, ())


def test_a_part_that_stands_out_late_by_the_other_measure_is_the_same_failed_calls() -> None:
    whole = _finding("asr_drop", 0, terminator="t1")
    assert belongs(_finding("ner_drop", 11, terminator="t1", customer="a"), whole, KNOWN)
    assert not belongs(_finding("ner_drop", 11, terminator="t2", customer="a"), whole, KNOWN)
    assert not belongs(_finding("pdd_rise", 11, terminator="t1", customer="a"), whole, KNOWN)


def test_what_is_wider_and_began_later_is_another_fault() -> None:
    part = _finding("asr_drop", 0, terminator="t1", customer="a")
    assert not belongs(_finding("ner_drop", 11, terminator="t1"), part, KNOWN)


def test_everything_takes_in_only_what_began_with_it() -> None:
    everything = _finding("asr_drop", 0)
    assert belongs(_finding("ner_drop", 2, terminator="t1"), everything, KNOWN)
    assert not belongs(_finding("ner_drop", 11, terminator="t1"), everything, KNOWN)
