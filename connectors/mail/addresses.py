"""Addresses of people: read from headers and settings, and matched with the contacts of the directory."""

from __future__ import annotations

import re
from collections import defaultdict
from email.utils import getaddresses
from typing import Final

from pipeline.directory import Directory

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
ANYBODYS: Final = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com"}
    | {"aol.com", "gmx.de", "gmx.net", "web.de", "mail.ru", "proton.me", "protonmail.com", "qq.com", "163.com"}
)
"""Domains at which anybody has an address: they tell nothing of the customer."""


def addresses_in(text: str) -> tuple[str, ...]:
    """Addresses of a header or a contact in their order, lower case, each once; what is none is left out."""
    if len(text) > 10_000:
        return ()
    found = (address.strip().lower() for _, address in getaddresses([text]))
    return tuple(dict.fromkeys(address for address in found if is_address(address)))


def is_address(text: str) -> bool:
    """Whether a mail can be sent to it: ASCII `local@domain`."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def domain(address: str) -> str:
    """What follows the @."""
    return address.rpartition("@")[2]


class Contacts:
    """The directory's contacts by address, and by domain when it is the domain of one customer only."""

    def __init__(self, directory: Directory) -> None:
        self._of = {customer.id: addresses_in(customer.contact) for customer in directory.customers}
        self._by_address: dict[str, set[str]] = defaultdict(set)
        self._by_domain: dict[str, set[str]] = defaultdict(set)
        for customer, addresses in self._of.items():
            for address in addresses:
                self._by_address[address].add(customer)
                self._by_domain[domain(address)].add(customer)

    def of(self, customer: str) -> tuple[str, ...]:
        """Where a customer is written to; empty when nobody knows."""
        return self._of.get(customer, ())

    def customer(self, address: str) -> str:
        """Whose address it is; empty when unknown, or when several could be meant."""
        exact = self._by_address.get(address, set())
        place = domain(address)
        found = exact or (set() if place in ANYBODYS else self._by_domain.get(place, set()))
        return next(iter(found)) if len(found) == 1 else ""
