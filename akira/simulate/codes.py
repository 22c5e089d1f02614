"""Final SIP responses of calls: their Q.850 cause, who releases, how often the far end rang first, how long it took."""

from __future__ import annotations

from typing import Final

import numpy as np

from akira.simulate.chance import Floats, Ints

CALLER: Final = 0
CALLEE: Final = 1
SWITCH: Final = 2
ANSWERED: Final = 200

# code: (Q.850 by RFC 3398 or -1, releasing side, share that rang, median wait in s, spread of the wait)
_TABLE: Final[dict[int, tuple[int, int, float, float, float]]] = {
    200: (16, CALLER, 0.99, 7.0, 0.6),
    402: (21, SWITCH, 0.0, 0.02, 0.3),
    403: (21, SWITCH, 0.0, 0.02, 0.3),
    404: (1, CALLEE, 0.0, 0.6, 0.4),
    408: (102, SWITCH, 0.0, 5.0, 0.01),
    480: (18, CALLEE, 0.9, 32.0, 0.2),
    482: (25, CALLEE, 0.0, 0.4, 0.4),
    484: (28, SWITCH, 0.0, 0.05, 0.4),
    486: (17, CALLEE, 0.15, 0.3, 0.5),
    487: (-1, CALLER, 0.95, 13.0, 0.7),
    488: (127, CALLEE, 0.0, 0.3, 0.4),
    500: (41, CALLEE, 0.0, 0.5, 0.6),
    502: (38, CALLEE, 0.0, 0.6, 0.5),
    503: (34, CALLEE, 0.0, 0.35, 0.6),
    603: (21, CALLEE, 0.5, 4.0, 0.6),
}
CODES: Final[tuple[int, ...]] = tuple(_TABLE)
NETWORK: Final[tuple[tuple[int, float], ...]] = ((503, 0.6), (500, 0.15), (502, 0.1), (408, 0.15))
"""How a supplier's network fails in ordinary times; such calls are tried elsewhere."""
SUBSCRIBER: Final[tuple[tuple[int, float], ...]] = ((486, 0.33), (480, 0.35), (487, 0.27), (603, 0.05))
"""How a subscriber fails to answer."""


def _column(place: int) -> Floats:
    table = np.zeros(700)
    for code, row in _TABLE.items():
        table[code] = row[place]
    return table


Q850: Final = _column(0).astype(np.int64)
RELEASE: Final = _column(1).astype(np.int64)
RINGS: Final = _column(2)
WAIT_S: Final = _column(3)
WAIT_SPREAD: Final = _column(4)


def draw(codes: tuple[tuple[int, float], ...], dice: Floats) -> Ints:
    """Codes by their shares (which need not sum to one)."""
    share = np.cumsum([weight for _, weight in codes])
    which = np.searchsorted(share / share[-1], dice, side="right")
    return np.array([code for code, _ in codes], dtype=np.int64)[np.minimum(which, len(codes) - 1)]
