"""Who is who: customers, terminators, destinations and switches of the carrier.

What a record names and the directory lacks is taken as a standard customer, an unnamed terminator and so on.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Customer(_Entry):
    """An originator: `major` raises severity, `prepaid` is subject to blocking, `trunks` its ingress trunk groups."""

    id: str = Field(min_length=1, max_length=255)
    name: str = ""
    major: bool = False
    prepaid: bool = False
    accounts: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    contact: str = ""


class Terminator(_Entry):
    """A supplier, with the egress trunks that lead to it."""

    id: str = Field(min_length=1, max_length=255)
    name: str = ""
    egress_trunks: tuple[str, ...] = ()


class Destination(_Entry):
    """A destination and the E.164 prefixes that belong to it; the longest prefix of a dialled number wins."""

    name: str = Field(min_length=1, max_length=255)
    prefixes: tuple[str, ...] = ()


class Switch(_Entry):
    """An element that writes call records."""

    id: str = Field(min_length=1, max_length=255)


class Directory(BaseModel):
    """The whole directory; an empty one is legal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    customers: tuple[Customer, ...] = ()
    terminators: tuple[Terminator, ...] = ()
    destinations: tuple[Destination, ...] = ()
    switches: tuple[Switch, ...] = ()

    def majors(self) -> frozenset[str]:
        """Ids of the customers marked major."""
        return frozenset(c.id for c in self.customers if c.major)

    def customer_of_trunk(self) -> dict[str, str]:
        """Trunk id (and source address) to the customer it belongs to."""
        return {trunk: c.id for c in self.customers for trunk in c.trunks}

    def terminator_of_trunk(self) -> dict[str, str]:
        """Egress trunk (or address) to the terminator it leads to."""
        return {trunk: t.id for t in self.terminators for trunk in t.egress_trunks}
