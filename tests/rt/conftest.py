"""One Request Tracker for all tests here: it takes seconds to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rt.server import Rt, request_tracker


@pytest.fixture(scope="session")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rt]:
    """A real Request Tracker."""
    with request_tracker(tmp_path_factory.mktemp("rt")) as running:
        yield running
