"""Fixtures of the tests that start a whole service."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_service import Service, Starter


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One ephemeral service for all tests that only use it; each makes zones of its own."""
    starter = Starter(tmp_path_factory.mktemp("service"))
    yield starter("--ephemeral")
    starter.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    """Starts services of a test's own: for those that kill them, or start them in some other way."""
    starter = Starter(tmp_path)
    yield starter
    starter.end()
