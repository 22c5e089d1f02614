"""The desk that most tests here use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail.desk import MailDesk, mail_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MailDesk]:
    with mail_desk(tmp_path) as made:
        yield made
