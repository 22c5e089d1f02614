"""Commands that bind tickets to each other; every one has its opposite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merge:
    """This ticket is the same matter as `into`."""

    into: str
    why: str


@dataclass(frozen=True, slots=True)
class Unmerge:
    """Undo a merge: the ticket stands for itself again."""

    why: str


@dataclass(frozen=True, slots=True)
class Split:
    """Take `customers` out into a ticket of their own, which remembers where it came from."""

    customers: tuple[str, ...]
    summary: str
    why: str


@dataclass(frozen=True, slots=True)
class Unsplit:
    """Undo a split: this ticket goes back into the one it was taken from."""

    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """Relate two tickets."""

    other: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unlink:
    """Undo a link."""

    other: str


@dataclass(frozen=True, slots=True)
class SetParent:
    """This ticket is part of the larger fault `parent`."""

    parent: str
    why: str


@dataclass(frozen=True, slots=True)
class ClearParent:
    """Undo SetParent."""

    why: str
