"""Settings: file, then environment; what is unknown or out of bounds is told with its place and the right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from akira.errors import OperatorError
from akira.settings import load


def written(directory: Path, text: str) -> Path:
    path = directory / "akira.toml"
    path.write_text(text)
    return path


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, '[kafka]\nbootstrap = "file:9092"\ngroup = "g"\n[web]\nport = 81\n')
    environ = {"AKIRA_KAFKA__BOOTSTRAP": "env:9092", "AKIRA_RUN__SINKS": "[]", "AKIRA_WEB__PORT": "82", "PATH": "/bin"}
    settings = load(path, environ)
    assert (settings.kafka.bootstrap, settings.kafka.group, settings.run.sinks) == ("env:9092", "g", ())
    assert settings.web.port == 82


def test_a_directory_is_found_beside_the_file(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'directory = "who.toml"'), {}).directory == str(tmp_path / "who.toml")


def test_a_secret_of_digits_stays_text_and_is_never_shown(tmp_path: Path) -> None:
    text = '[kafka]\nsecurity = "SASL_SSL"\nsasl = "PLAIN"\nusername = "u"\n'
    settings = load(written(tmp_path, text), {"AKIRA_KAFKA__PASSWORD": "12345678"})
    assert settings.kafka.password is not None
    assert settings.kafka.password.get_secret_value() == "12345678"
    assert "12345678" not in repr(settings)
    assert "12345678" not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("text", "environ", "message", "hint"),
    [
        ('[kafka]\nbootstrp = "x"', {}, r"akira\.toml: \[kafka\] bootstrp: unknown setting", "kafka.bootstrap"),
        ("[kafak]\n", {}, r"akira\.toml: kafak: unknown setting", "did you mean kafka"),
        (
            "[watch.gates]\nasr_support = 1",
            {},
            r"\[watch\.gates\] asr_support: input should be greater",
            "docs/settings",
        ),
        ("", {"AKIRA_KAFKA__BOTSTRAP": "x"}, r"^AKIRA_KAFKA__BOTSTRAP: unknown setting", "kafka.bootstrap"),
        ("", {"AKIRA_WEB__PORT": "many"}, r"^AKIRA_WEB__PORT: input should be a valid integer", "docs/settings"),
        ('[kafka]\nsecurity = "SASL_SSL"', {}, "needs sasl, username and password", "docs/settings"),
        ("port = ", {}, "not TOML", "docs/settings"),
        ("a = 1\nb = 2", {}, "unknown setting \\(and 1 more\\)", "docs/settings"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, text: str, environ: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(OperatorError, match=message) as told:
        load(written(tmp_path, text), environ)
    assert hint in told.value.hint


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(OperatorError, match="no such file"):
        load(None, {"AKIRA_SETTINGS": str(tmp_path / "none.toml")})


def test_what_the_tests_are_told_is_no_setting() -> None:
    assert load(None, {"AKIRA_TEST_LAB": "somewhere"}) == load(None, {})
