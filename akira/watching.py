"""The watch of the product: the core with every detector in it."""

from __future__ import annotations

from detectors import QUESTIONS, rules
from pipeline.directory import Directory
from pipeline.ports import Timing, untimed
from pipeline.settings import WatchSettings
from pipeline.watch import Watch


def new_watch(
    directory: Directory, settings: WatchSettings, snapshot: bytes | None = None, timing: Timing = untimed
) -> Watch:
    """A fresh watch, or one that goes on from a snapshot. Raises SnapshotError when the bytes are none."""
    watch = Watch(directory, settings, QUESTIONS, rules(settings), timing)
    if snapshot is not None:
        watch.restore(snapshot)
    return watch
