"""Mistakes of the operator: a clear message, a hint that mends it, and a documented exit code."""

from __future__ import annotations

from typing import Final

EXIT_OK: Final = 0
EXIT_USAGE: Final = 2
EXIT_BAD_INPUT: Final = 3
"""A file, directory or setting is missing or wrong."""
EXIT_AWAY: Final = 4
"""A broker, server or database does not answer."""
EXIT_REFUSED: Final = 5
"""The desk or the API refused the command."""


class OperatorError(Exception):
    """Shown as one message and one hint, never as a traceback."""

    def __init__(self, message: str, hint: str = "", exit_code: int = EXIT_BAD_INPUT) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
