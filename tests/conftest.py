"""Shared by all tests: judges that may be absent, a store, a clock that stands still."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seal53.base.clock import ManualClock
from seal53.base.ids import Ids
from seal53.base.journal import Secret
from seal53.store import Store


@pytest.fixture
def judge() -> Callable[[str], str]:
    """The path of a program that we did not write; a plain skip where it is absent, a failure in CI."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            if os.environ.get("SEAL53_REQUIRE_JUDGES"):
                pytest.fail(f"{name} is not installed, and CI must have it")
            pytest.skip(f"{name} is not installed")
        return found

    return find


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh database."""
    opened = Store(tmp_path / "seal53.db")
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_790_000_000)


@pytest.fixture
def ids() -> Ids:
    return Ids()


@pytest.fixture
def kek() -> Secret:
    return Secret(secrets.token_bytes(32))
