"""ARCHITECTURE.md tells the truth: every room and crate is on it, and every path that a book names exists."""

import re
from pathlib import Path

import pytest
from docs_blocks import BOOKS, ROOT

MAP = (ROOT / "ARCHITECTURE.md").read_text()
MOST_LINES = 200

_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"(?:src|crates|tests|docs|bench|requirements|\.ci)(?:/[\w.-]+)+/?")


def test_it_is_short() -> None:
    assert len(MAP.splitlines()) < MOST_LINES


@pytest.mark.parametrize(
    "room",
    sorted(
        path.name
        for path in (ROOT / "src" / "seal53").iterdir()
        if (path.is_dir() and any(path.glob("*.py"))) or (path.suffix == ".py" and path.name[0] != "_")
    ),
)
def test_every_room_is_on_the_map(room: str) -> None:
    name = room if room.endswith(".py") else f"{room}/"
    assert re.search(rf"^  {re.escape(name)} ", MAP, re.MULTILINE), f"{room} is missing"


@pytest.mark.parametrize("crate", sorted(path.parent.name for path in (ROOT / "crates").glob("*/Cargo.toml")))
def test_every_crate_is_on_the_map(crate: str) -> None:
    assert re.search(rf"^  {crate}/ ", MAP, re.MULTILINE), f"crates/{crate} is missing"


def test_no_room_is_on_the_map_that_is_gone() -> None:
    rooms = MAP.partition("src/seal53/  ")[2].partition("\n\n")[0]
    for name in re.findall(r"^  ([\w.]+/?) ", rooms, re.MULTILINE):
        assert (ROOT / "src" / "seal53" / name).exists(), name


def test_the_import_rule_names_the_layers_of_the_contract() -> None:
    contract = (ROOT / "pyproject.toml").read_text().partition('id = "layers"')[2].partition("layers = [")[2]
    layers = re.findall(r'"([a-z| ]+)"', contract.partition("]")[0])
    rule = MAP.partition("## Who may import whom")[2].partition("crates:")[0]
    assert " -> ".join(layers) in " ".join(rule.replace("```", "").split())


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_exists(book: Path) -> None:
    """What a book names in code marks as a path of this project is there."""
    text = _FENCE.sub("", book.read_text())
    for code in _CODE.findall(text):
        if _PATH.fullmatch(code):
            assert (ROOT / code).exists(), f"{book.name} names {code}"


@pytest.mark.parametrize("book", BOOKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(book: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", book.read_text())):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        found = book if not file else (book.parent / file)
        assert found.exists(), f"{book.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{book.name} links to {target}"


def _anchor(heading: str) -> str:
    """As the forges make it from a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
