"""What a test does without the program that it needs."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(words: str) -> NoReturn:
    """Skips aloud where a developer's machine lacks a tool; in CI that is a failure, since it must not go unseen."""
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)
