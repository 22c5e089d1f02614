"""What recorded xhttp_prom pages add to the events and records of the same switch: each thing is counted once."""

from __future__ import annotations

from typing import Final

from connectors.prometheus.elements import KAMAILIO_XHTTP_PROM
from connectors.prometheus.profiles import Profile, Rule

_OF_EVENTS: Final = ("acl_denied", "register_failures", "registrations")
"""What events tell by address, and the page only for the whole switch."""
_TAKEN_IN: Final = Rule(family=r"kamailio_\w+_invite_total", metric="invites", mode="counter")
"""A script's own counter of the calls it took in; dialogues leave out those refused before one was made."""


def profile(*, with_events: bool, own_counter: bool) -> Profile:
    """The rules for pages, without what the events tell, and with the script's own counter in place of dialogues."""
    rules = [rule for rule in KAMAILIO_XHTTP_PROM.rules if not (with_events and rule.metric in _OF_EVENTS)]
    if own_counter:
        rules = [_TAKEN_IN, *(rule for rule in rules if rule.metric != "invites")]
    return KAMAILIO_XHTTP_PROM.model_copy(update={"rules": tuple(rules)})


def counts_calls(page: str) -> bool:
    """Whether the page has the script's own counter."""
    return "_invite_total" in page
