"""What of a watch goes into its snapshot, part by part, and how it comes back."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from pipeline.baseline.model import Fit
from pipeline.correlate.case import Case
from pipeline.correlate.impact import Tally
from pipeline.correlate.loss import Charges, Loss, Touched
from pipeline.findings import Finding
from pipeline.incidents import Cost, Evidence, Figure, Impact, Incident, Moved, Point
from pipeline.ownrate import Rate
from pipeline.quality.recent import Counts, Minute
from pipeline.quality.track import Track
from pipeline.rows import Rows
from pipeline.traffic.levels import KEPT as LEVELS
from pipeline.watch.snapshot import read, write

if TYPE_CHECKING:
    from pipeline.watch.watch import Watch

KINDS: Final[tuple[type, ...]] = (
    Case,
    Charges,
    Cost,
    Counts,
    Evidence,
    Figure,
    Finding,
    Fit,
    Impact,
    Incident,
    Loss,
    Minute,
    Moved,
    Point,
    Rate,
    Rows,
    Tally,
    Touched,
    Track,
)
ENGINE: Final = ("fits", "references", "tracks", "in_vain")
TRAFFIC: Final = ("since", "tracks", "waited")
COUNTERS: Final = ("minutes", "records", "thin")
SPREAD: Final = ("weight", "excess")
RETRIES: Final = ("pairs", "calls", "setup_at")


def _of(owner: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(owner, name) for name in names}


def _into(owner: object, state: dict[str, Any]) -> None:
    for name, value in state.items():
        setattr(owner, name, value)


def snapshot(watch: Watch) -> bytes:
    """Everything that a restart needs."""
    engine, traffic, learning = watch.engine, watch.traffic, watch.learning
    return write(
        {
            "names": watch.names.lists,
            "leaves": watch.leaves.state(),
            "buffer": watch.buffer.state(),
            "intake": {
                "hours": watch.intake.seen.hours,
                "retries": _of(watch.intake.retries, RETRIES),
                "duplicates": watch.intake.duplicates,
            },
            "engine": _of(engine, ENGINE),
            "spread": _of(engine.alarms.spread, SPREAD),
            "states": engine.alarms.states.log,
            "tests": engine.alarms.tests,
            "recent": list(engine.recent.minutes),
            "disabled": watch.disabled.state(),
            "history": learning.history.state(),
            "learning": {"begun": learning.begun, "learnt_until": learning.learnt_until},
            "traffic": _of(traffic, TRAFFIC),
            "traffic_states": traffic.states.log,
            "traffic_levels": _of(traffic.levels, LEVELS),
            "traffic_minutes": list(traffic.minutes),
            "rules": {rule.name: rule.state() for rule in watch.rules},
            "cases": watch.correlator.cases,
            "feeds": watch.feed_health.last,
            "counters": _of(watch, COUNTERS),
        }
    )


def restore(watch: Watch, blob: bytes) -> None:
    """Put a snapshot into a fresh watch. Raises SnapshotError."""
    state = read(blob, [*KINDS, *(kind for rule in watch.rules for kind in rule.kept)])
    engine, traffic, learning = watch.engine, watch.traffic, watch.learning
    watch.names.load(state["names"])
    watch.leaves.load(state["leaves"])
    watch.buffer.load(state["buffer"])
    watch.intake.seen.hours = state["intake"]["hours"]
    watch.intake.duplicates = state["intake"]["duplicates"]
    _into(watch.intake.retries, state["intake"]["retries"])
    _into(engine, state["engine"])
    engine.expecting.refit(engine.questions, engine.fits)
    _into(engine.alarms.spread, state["spread"])
    engine.alarms.states.load(state["states"])
    engine.alarms.tests = state["tests"]
    engine.recent.minutes = deque(state["recent"], maxlen=engine.recent.minutes.maxlen)
    watch.disabled.load(state["disabled"])
    learning.history.load(state["history"])
    _into(learning, state["learning"])
    _into(traffic, state["traffic"])
    traffic.states.load(state["traffic_states"])
    _into(traffic.levels, state["traffic_levels"])
    traffic.minutes = deque(state["traffic_minutes"], maxlen=traffic.minutes.maxlen)
    for rule in watch.rules:
        rule.load(state["rules"][rule.name])
    watch.correlator.cases = state["cases"]
    watch.feed_health.last = state["feeds"]
    _into(watch, state["counters"])
