"""Which broker the tests take: the given one first, and in CI never a quiet skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.brokers import choose


def test_an_address_given_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1234")
    assert list(choose.bootstrap(tmp_path)) == ["127.0.0.1:1234"]


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_tools_it_skips_aloud_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(choose, "docker_answers", lambda: False)
    monkeypatch.setattr(choose, "missing_tools", lambda: ["java", "mvn"])
    with pytest.raises(outcome, match="java and mvn is missing"):
        next(choose.bootstrap(tmp_path))
