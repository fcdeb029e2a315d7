"""One gateway for each test."""

import pytest
from wire_world import World


@pytest.fixture
def world() -> World:
    return World()
