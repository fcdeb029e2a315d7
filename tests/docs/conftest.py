"""What the tests of the books share: the scripts that write generated pages, and the programs they need."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# The scripts lie beside the books, not in the package.
sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "tools"))


@pytest.fixture
def programs(judge: Callable[[str], str]) -> None:
    """`dig` and the AWS CLI, which `make setup` puts beside Python; a plain skip without them."""
    judge("dig")
    if not Path(sys.executable).with_name("aws").exists():
        judge("aws")
