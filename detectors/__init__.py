"""One file per question asked of the records.

`QUESTIONS` are put to every attempt by the evidence engine; `RULES` keep states, counters and silences.
"""

from typing import Final

from detectors.acd import ACD, ACD_SHORT
from detectors.acl import DENIED_CALLS, Acl
from detectors.asr import ASR
from detectors.balance import BLOCKED_CALLS, Balance
from detectors.cdr_delay import CdrDelay, Silence
from detectors.cdr_duplicate import CdrDuplicate
from detectors.cdr_missing import CdrMissing
from detectors.failover import FAILOVER
from detectors.fas import FAS
from detectors.ner import NER
from detectors.numbers import NUMBERS
from detectors.pdd import PDD, PDD_TAIL
from detectors.rating import RATING
from detectors.reachability import Reachability
from detectors.registration import Registration
from pipeline.findings import Rule
from pipeline.questions import Question
from pipeline.settings import WatchSettings

QUESTIONS: Final[tuple[Question, ...]] = (
    ASR,
    NER,
    PDD,
    PDD_TAIL,
    ACD,
    ACD_SHORT,
    FAS,
    FAILOVER,
    NUMBERS,
    RATING,
    BLOCKED_CALLS,
    DENIED_CALLS,
)
RULES: Final = (CdrDelay, Silence, CdrMissing, CdrDuplicate, Balance, Reachability, Registration, Acl)


def rules(settings: WatchSettings) -> tuple[Rule, ...]:
    """Fresh rules."""
    return tuple(rule(settings) for rule in RULES)
