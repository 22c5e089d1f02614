"""Every `.scn` file here is one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from akira.stories.story import read
from akira.stories.telling import tell, wrong


class StoryFile(pytest.File):
    """A file of one story."""

    def collect(self) -> Iterator[pytest.Item]:
        yield StoryItem.from_parent(self, name=self.path.stem)


class StoryItem(pytest.Item):
    """A story that must hold."""

    def runtest(self) -> None:
        story = read(self.path.read_text(encoding="utf-8"), self.path.name)
        assert wrong(story, tell(story)) == []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Take `.scn` files."""
    return StoryFile.from_parent(parent, path=file_path) if file_path.suffix == ".scn" else None
