"""The example of docs/mail.md is taken as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from akira.settings import load

PAGE = (Path(__file__).parents[2] / "docs/mail.md").read_text()


def test_the_example_is_taken_as_it_stands(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "akira.toml").write_text(example)
    known = load(tmp_path / "akira.toml", {"AKIRA_MAIL__IMAP__PASSWORD": "hush"})
    assert [outlet.kind for outlet in known.outlet] == ["customer_mail", "smtp"]
    assert known.mail.imap.password.get_secret_value() == "hush" and "hush" not in repr(known)
