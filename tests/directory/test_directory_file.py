"""The directory file: who is who, and each mistake with its line, entry, field and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.directory_file import as_toml, load_directory
from connectors.errors import ConnectorError
from pipeline.directory import Customer, Destination, Directory, Switch, Terminator

WHOLE = """
[[customers]]
id = "acme"
major = true
trunks = ["t1", "t2"]

[[terminators]]
id = "term-1"
egress_trunks = ["e1"]

[[destinations]]
name = "Germany"
prefixes = ["49"]

[[destinations]]
name = "Germany-Mobile"
prefixes = ["4915", "4916"]

[[switches]]
id = "sw1"
"""


def loaded(folder: Path, text: str | bytes) -> Directory:
    path = folder / "directory.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_directory(path)


def test_a_whole_directory(tmp_path: Path) -> None:
    found = loaded(tmp_path, WHOLE)
    assert found.customers == (Customer(id="acme", major=True, trunks=("t1", "t2")),)
    assert found.terminators == (Terminator(id="term-1", egress_trunks=("e1",)),)
    assert found.switches == (Switch(id="sw1"),)
    assert found.destinations[1] == Destination(name="Germany-Mobile", prefixes=("4915", "4916"))


def test_an_empty_file_is_nobody(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Directory()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(names=st.lists(TEXT, unique=True, max_size=4), accounts=st.lists(TEXT, unique=True, max_size=3))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], accounts: list[str]
) -> None:
    given = Directory(customers=tuple(Customer(id=name, accounts=tuple(accounts)) for name in names))
    assert loaded(tmp_path_factory.mktemp("d"), as_toml(given)) == given


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("[[customers]\n", "directory.toml: not TOML", "docs/records.md"),
        (b"\xff\xfe", "directory.toml: cannot be read", "UTF-8"),
        ("[[customer]]\nid = 'a'\n", "directory.toml:1: customer: unknown", "did you mean customers?"),
        ("[[customers]]\nmajor = true\n", "directory.toml:1: [[customers]] entry 1, id: field required", "records.md"),
        (
            "[[customers]]\nid = 'a'\n\n[[customers]]\nid = 'b'\ntrunk = 'x'\n",
            ":6: [[customers]] entry 2, trunk",
            "trunks",
        ),
        ("[[customers]]\nid = 'a'\nmajor = 'often'\n", "directory.toml:3: [[customers]] entry 1, major", "records.md"),
        (
            "[[switches]]\nid = 'a'\n[[switches]]\nid = 'a'\n",
            ":4: [[switches]] entry 2, id: 'a' already belongs",
            "one",
        ),
        (
            "[[customers]]\nid = 'a'\ntrunks = ['t']\n[[customers]]\nid = 'b'\ntrunks = ['t']\n",
            "directory.toml:6: [[customers]] entry 2, trunks: 't' already belongs to 'a'",
            "one owner each",
        ),
        (
            "[[destinations]]\nname = 'A'\nprefixes = ['49']\n[[destinations]]\nname = 'B'\nprefixes = ['49']\n",
            "directory.toml:6: [[destinations]] entry 2, prefixes: '49' already belongs to 'A'",
            "one owner each",
        ),
    ],
)
def test_a_mistake_has_its_place_and_a_hint(tmp_path: Path, text: str | bytes, said: str, hint: str) -> None:
    with pytest.raises(ConnectorError) as told:
        loaded(tmp_path, text)
    assert said in told.value.message
    assert hint in told.value.hint


def test_the_other_mistakes_are_counted(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"\(and 1 more\)"):
        loaded(tmp_path, "[[customers]]\nid = 'a'\nx = 1\ny = 2\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match=r"absent\.toml: no such file"):
        load_directory(tmp_path / "absent.toml")
