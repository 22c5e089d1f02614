"""The row of an incident in a list: who does what to whom, in the words of the field."""

from __future__ import annotations

from typing import Final

from pipeline.findings import NamedCause

VERB: Final[dict[str, str]] = {
    "asr_drop": "answers fewer calls",
    "ner_drop": "fails calls in the network",
    "acd_drop": "ends calls early",
    "pdd_rise": "rings late",
    "fas": "gives suspected false answers",
    "traffic_drop": "has lost its traffic",
    "sip_unreachable": "does not answer OPTIONS",
    "registration_loss": "has lost registrations",
    "acl_denied": "is denied by the ACL",
    "route_failover": "fails over, other terminators carry the calls",
    "cdr_delayed": "delivers its CDRs late",
    "cdr_missing": "loses CDRs",
    "cdr_duplicated": "delivers CDRs twice",
    "rating_failure": "has calls that could not be rated",
    "balance_threshold": "is below its balance threshold",
    "balance_blocked": "is blocked for want of balance",
    "platform_down": "completes no calls",
}
NAMED_MOST: Final = 3
SUBJECTS: Final = ("switch", "terminator", "trunk", "customer")


def place(cause: NamedCause) -> str:
    """The cause in words: `term-05 to Germany-Mobile`."""
    if not cause:
        return "the platform"
    words = {dim: _list(values) for dim, values in cause.items()}
    subject = [words[dim] for dim in SUBJECTS if dim in words]
    text = " with ".join(subject) if subject else ""
    if "destination" in words:
        text = f"{text} to {words['destination']}" if text else words["destination"]
    return text


def sentence(lead: str, cause: NamedCause) -> str:
    """One sentence."""
    return f"{place(cause)} {_plural(VERB[lead]) if _several(cause) else VERB[lead]}"


def _several(cause: NamedCause) -> bool:
    """The sentence has more than one subject."""
    subject = next((dim for dim in (*SUBJECTS, "destination") if dim in cause), None)
    return subject is not None and len(cause[subject]) > 1


def _plural(verb: str) -> str:
    word, _, rest = verb.partition(" ")
    many = {"is": "are", "has": "have", "does": "do"}.get(word, word.removesuffix("s"))
    return f"{many} {rest}".replace(" its ", " their ")


def _list(values: tuple[str, ...]) -> str:
    if len(values) <= NAMED_MOST:
        return ", ".join(values)
    return f"{', '.join(values[:NAMED_MOST])} and {len(values) - NAMED_MOST} more"
