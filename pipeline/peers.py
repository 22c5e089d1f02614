"""Whom a SIP element's peer stands for."""

from __future__ import annotations

from pipeline.directory import Directory


def cause_of(
    directory: Directory, kind: str, peer: str, customer: str
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The cause that a peer names, and the customers it belongs to."""
    if kind == "terminator":
        return {"terminator": (directory.terminator_of_trunk().get(peer, peer),)}, ()
    if kind == "trunk":
        owner = customer or directory.customer_of_trunk().get(peer, "")
        return {"trunk": (peer,)}, ((owner,) if owner else ())
    return {"switch": (peer,)}, ()
