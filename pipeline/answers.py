"""What a final response says of a call: seizures, subscriber-side ends, numbers that do not exist.

Sources: ITU-T E.411 (seizures), E.425 (NER counts answers, busy, no answer and refusals by the subscriber), RFC 3261
(response codes), RFC 3398 section 8.2.6.1 (Q.850 causes as SIP codes, where a record has only a cause).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.settings import RFC_3398, DefinitionSettings, ReleaseCodes

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int16]
ALERTED: Final = (18, 19)
"""Causes which say that the subscriber was called and did not answer, whether or not an 18x was seen."""


@dataclass(frozen=True, slots=True)
class Ends:
    """[records] how an attempt that was not answered ended."""

    refused: Flags
    """Refused for the customer or the number: no seizure."""
    subscriber: Flags
    """The network did its work."""
    number: Flags
    """The number itself is at fault."""


class Definitions:
    """The tables of one source."""

    def __init__(self, codes: ReleaseCodes) -> None:
        self.refused = _table(codes.not_seized)
        self.subscriber = _table(codes.subscriber)
        self.if_rang = _table([0, *codes.subscriber_if_rang])
        self.number = _table(codes.number_failures)
        self.sip_of_q850 = np.zeros(128, np.int16)
        for cause, code in (RFC_3398 | codes.sip_of_q850).items():
            self.sip_of_q850[cause] = code

    def ends(self, sip_code: Codes, q850: Codes, rang: Flags) -> Ends:
        """How attempts with these codes (0: none) ended."""
        bare = sip_code == 0
        code = np.where(bare, self.sip_of_q850[q850], sip_code)
        called = rang | (bare & np.isin(q850, ALERTED))
        return Ends(self.refused[code], self.subscriber[code] | (called & self.if_rang[code]), self.number[code])


class Sources:
    """The definitions of every switch: the general ones, with those that a switch has of its own."""

    def __init__(self, settings: DefinitionSettings) -> None:
        self.general = Definitions(settings)
        self.own: Mapping[str, Definitions] = {name: Definitions(settings.of(name)) for name in settings.switches}

    def ends(self, sip_code: Codes, q850: Codes, rang: Flags, switch: npt.NDArray[np.int32], names: list[str]) -> Ends:
        """How attempts of several switches ended; `names` are those behind the codes in `switch`."""
        found = self.general.ends(sip_code, q850, rang)
        for code in [at for at, name in enumerate(names) if name in self.own]:
            ours = switch == code
            theirs = self.own[names[code]].ends(sip_code[ours], q850[ours], rang[ours])
            found.refused[ours], found.subscriber[ours] = theirs.refused, theirs.subscriber
            found.number[ours] = theirs.number
        return found


def in_words(settings: DefinitionSettings, metric: str) -> str:
    """How a metric is defined here, for its ticket; empty for one that rests on no table."""

    def listed(codes: Iterable[int]) -> str:
        return ", ".join(map(str, codes)) or "none"

    apart = f"{listed(settings.not_seized)} are no seizures"
    words = {
        "ASR": f"ASR is answers of seizures (E.411); {apart}",
        "NER": f"NER (E.425) counts answers and {listed(settings.subscriber)}, and after ringing "
        f"{listed(settings.subscriber_if_rang)}, of seizures; {apart}",
        "number failures": f"number failures are {listed(settings.number_failures)}",
    }.get(metric, "")
    return words + (f"; other tables at {', '.join(sorted(settings.switches))}" if words and settings.switches else "")


def _table(codes: Iterable[int]) -> Flags:
    table = np.zeros(700, np.bool_)
    table[list(codes)] = True
    return table
