"""What an edge says when the other side or the operator is at fault."""

from __future__ import annotations


class ConnectorError(ValueError):
    """`message` names the place and what is wrong, `hint` what would be right; `away` is true when a retry may help."""

    def __init__(self, message: str, hint: str = "", *, away: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.away = away
