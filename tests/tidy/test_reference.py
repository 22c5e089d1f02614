"""The reference pages and the sample settings say what the program does."""

from __future__ import annotations

from pathlib import Path

from akira.cli_reference import commands
from akira.cli_reference import reference as cli_page
from akira.settings import Settings, load
from akira.settings_reference import reference as settings_page

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_up_to_date() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_page(), "run: make docs"


def test_the_command_page_is_up_to_date() -> None:
    assert (ROOT / "docs/cli.md").read_text() == cli_page(), "run: make docs"


def test_every_command_and_option_has_help() -> None:
    mute = [path for path, command in commands() if not command.help]
    mute += [
        f"{path} {option.opts[0]}"
        for path, command in commands()
        for option in command.params
        if option.param_type_name == "option" and not option.help
    ]
    assert mute == []


def test_the_sample_settings_are_the_defaults() -> None:
    assert load(ROOT / "akira.toml", {}) == Settings()
