"""docs/cli.md, written from the command line itself: `python -m akira.cli_reference docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from akira.cli import build

HEAD = """# Command line

`akira COMMAND --help` says the same. This page is written from the program (`make docs`); a test holds the two
together.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done |
| 1 | a fault of the program: please report it with the traceback |
| 2 | the command line itself is wrong: unknown command, missing option |
| 3 | a file, a directory or a setting is missing or wrong: the message names it, the hint says what would be right |
| 4 | a broker, server or database does not answer: try again, nothing is lost |
| 5 | refused: the desk or the API says what is missing |

Messages and hints go to the standard error output, results to the standard output.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(path, command) for path, command in commands())])


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name; groups are walked through."""
    yield from _below("akira", get_command(build()))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name in sorted(command.commands):
        yield from _below(f"{path} {name}", command.commands[name])


def _section(path: str, command: Any) -> str:
    words = " ".join((command.help or "").split())
    lines = [f"## {path}", "", words, ""]
    rows = [row for parameter in command.params if (row := _row(parameter)) is not None]
    if rows:
        lines += ["| option | default | meaning |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any) -> str | None:
    if parameter.name == "help" or getattr(parameter, "hidden", False):
        return None
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    needed = "must be given" if parameter.required else ""
    default = parameter.default
    told = needed if default in (None, False, "", ()) or callable(default) or needed else f"`{default}`"
    words = " ".join((getattr(parameter, "help", None) or "").split())
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (names, told, words)) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
