"""A metric that is disabled is said: by the live source to the watch, by the watch to the console and the report."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from akira.web.feeds import lines
from connectors.switches import Switches, SwitchSettings
from connectors.watchdir import WatchDirSettings
from pipeline.directory import Directory
from pipeline.ports import Batch
from tests.bad_input.replayed import blank, replayed
from tests.watch.carrier import Carrier, watch

SW0 = pl.col("switch") == "sw-0"
VENDORS = Path(__file__).parent.parent / "data" / "vendors"


def test_a_live_switch_says_what_its_format_lacks(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_bytes((VENDORS / "asterisk_csv.csv").read_bytes())
    settings = SwitchSettings(
        name="pbx",
        format="asterisk_csv",
        options={"switch": "pbx-1"},
        files=WatchDirSettings(path=tmp_path, pattern="*.csv"),
    )
    source = Switches([settings], Directory(), follow=False, wait=lambda s: None)
    told = [batch.disabled for batch in source.read({}) if len(batch.frame)]
    source.close()
    assert told and all(set(one) == {"pbx-1"} and set(one["pbx-1"]) == {"pdd_rise", "fas"} for one in told)


def test_the_console_has_a_line_for_each_reason_and_silence_stays_silence() -> None:
    present = watch()
    present.feed(Batch("cdr", blank(Carrier(minutes=40, rate=60).frame(), "ringing_at", SW0)))
    shown = {line.source: line for line in lines(present.feeds())}
    [said] = shown["sw-0"].disabled
    assert said.startswith("sw-0: NER, PDD, suspected false answers disabled: no ringing time in its last ")
    assert list(shown["sw-1"].disabled) == [] and not shown["sw-0"].silent


def test_what_the_reader_told_is_said_until_after_a_restart() -> None:
    frame = Carrier(minutes=5, rate=60).frame()
    present, restarted = watch(), watch()
    present.feed(Batch("cdr", frame, disabled={"sw-0": {"pdd_rise": "its format has no ringing time"}}))
    restarted.restore(present.snapshot())
    for one in (present, restarted):
        said = {feed.source: feed.disabled for feed in one.feeds()}
        assert said == {"sw-0": (("PDD", "its format has no ringing time"),), "sw-1": ()}


def test_the_summary_of_a_replay_says_it(tmp_path: Path) -> None:
    outcome = replayed(tmp_path, blank(Carrier(minutes=40, rate=60).frame(), "ringing_at", SW0))
    [line] = outcome.summary()["disabled"]
    assert outcome.disabled == [line] and line.startswith("sw-0: NER, PDD")
