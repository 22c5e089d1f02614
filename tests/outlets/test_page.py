"""Each example of docs/integrations.md is taken as it stands, and no kind of outlet lacks one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from akira.settings import Settings, load
from connectors.outlets.kinds import AnyOutlet

PAGE = (Path(__file__).parents[2] / "docs/integrations.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: tomllib.loads(text)["outlet"][0]["name"])
def test_an_example_is_taken_as_it_stands(example: str) -> None:
    (outlet,) = Settings.model_validate(tomllib.loads(example)).outlet
    assert outlet.kind in PAGE


def test_no_kind_lacks_its_example() -> None:
    union, _ = get_args(AnyOutlet)
    kinds = {get_args(each.model_fields["kind"].annotation)[0] for each in get_args(union)}
    assert {kind for kind in kinds if f'kind = "{kind}"' not in PAGE and f"`{kind}`" not in PAGE} == set()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('kind = "pager"\nname = "a"', "does not match any of the expected tags"),
        ('kind = "pagerduty"\nname = "kafka"\nrouting_key = "k"', "the name kafka is taken"),
        ('kind = "pagerduty"\nname = "A b"\nrouting_key = "k"', "name"),
        ('kind = "pagerduty"\nname = "a"\nrouting_key = { var = "K" }', "routing_key"),
        ('kind = "slack"\nname = "a"\ntoken = "t"\nchannel = "#noc"', "channel"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(written: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "akira.toml").write_text(f"[[outlet]]\n{written}\n")
    with pytest.raises(Exception, match="outlet") as wrong:
        load(tmp_path / "akira.toml", {})
    assert told in str(wrong.value)
