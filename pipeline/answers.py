"""What a final response says of a call: seizures, subscriber-side ends, numbers that do not exist.

Sources: ITU-T E.425 (NER counts answers, busy, no answer and refusals by the subscriber), RFC 3261 response codes,
RFC 3398 for the Q.850 causes. The tables are settings of the carrier's field, printed on the ticket.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pipeline.rows import Flags, Rows

NOT_SEIZED: Final = (402, 403, 404, 484)
"""Refused before or because of the number or the customer: no seizure of a terminator to be judged by ASR."""
NUMBER_FAILURES: Final = (404, 410, 484)
NUMBER_CAUSES: Final = (1, 22, 28)
SUBSCRIBER: Final = (486, 600, 603, 487)
"""Busy, declined, cancelled by the caller: the network has done its work."""
SUBSCRIBER_IF_RANG: Final = (480, 408, 0)
SUBSCRIBER_CAUSES: Final = (17, 18, 19, 21)


def seizures(rows: Rows) -> Flags:
    """Attempts that ASR counts: answered, or ended otherwise than by a refusal of number or customer."""
    refused = np.isin(rows.sip_code, NOT_SEIZED) | rows.blocked
    return rows.answered | ~(refused | rows.retry)


def effective(rows: Rows) -> Flags:
    """Attempts that reached the subscriber (E.425): answered, busy, declined, cancelled, or rang unanswered."""
    rang = rows.rang & np.isin(rows.sip_code, SUBSCRIBER_IF_RANG)
    side = np.isin(rows.sip_code, SUBSCRIBER) | rang
    by_cause = (rows.sip_code == 0) & np.isin(rows.q850, SUBSCRIBER_CAUSES)
    return rows.answered | side | by_cause


def number_failures(rows: Rows) -> Flags:
    """Attempts that failed for the number itself."""
    by_cause = (rows.sip_code == 0) & np.isin(rows.q850, NUMBER_CAUSES)
    return ~rows.answered & (np.isin(rows.sip_code, NUMBER_FAILURES) | by_cause)
