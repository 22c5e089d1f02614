"""What every contract of a tool can tell."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.outlets.fake import Asked, Reply

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Contract:
    """`posts` counts by our key what was put there; `state` is the last of each item."""

    kind: ClassVar[str]
    doubles: ClassVar[bool] = False
    inside: ClassVar[list[Reply | None] | None] = None
    """Answers that are good by their status and bad by their content; None: it has no such."""
    posts: Counter[str] = field(default_factory=Counter)
    state: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def settings(self, url: str) -> Mapping[str, Any]:
        raise AssertionError

    def items(self) -> int:
        return len(self.state)

    def open_items(self) -> int:
        return sum(state != "over" for state in self.state.values())

    def doubled(self) -> int:
        """How many things are there more than once."""
        return 0

    def __call__(self, asked: Asked) -> Reply:
        raise AssertionError

    def refuse(self, why: str, status: int = 400) -> Reply:
        self.wrong.append(why)
        return Reply(status, {"message": why})
