"""Generated pages are current, every RFC citation exists, and nothing that is implemented is left out."""

import json
import re

import pytest
import reference
import rfc_index
from docs_blocks import ROOT

from seal53 import config
from seal53.app.control import OPERATIONS


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_reference_page_is_current(name: str) -> None:
    assert (ROOT / name).read_text() == reference.PAGES[name](), "run: python docs/tools/reference.py"


def test_every_setting_is_on_the_page_with_its_flag() -> None:
    text = reference.settings()
    for name, _, _ in config.described():
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert "`--" in row or name == "master_key"


def test_the_rfc_page_is_current() -> None:
    text = rfc_index.page(rfc_index.collect(), rfc_index.known())
    assert rfc_index.PAGE.read_text() == text, "run: python docs/tools/rfc_index.py"


def test_every_citation_names_a_section_that_exists() -> None:
    assert rfc_index.wrong(rfc_index.collect(), rfc_index.known()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# RFC 4035 §5.2 SHOULD: treated so", [(4035, "5.2")]),
        ("(RFC 4034 §3.1.5, §2.1.5): modulo", [(4034, "3.1.5"), (4034, "2.1.5")]),
        ("RFC 9824 §3.1 to §3.4.", [(9824, "3.1"), (9824, "3.4")]),
        ("RFC 9824 §3.1 and §5.1: with a proof", [(9824, "3.1"), (9824, "5.1")]),
        ("/// RFC 4034 appendix B.1: part", [(4034, "B.1")]),
        ('"""It ends there. RFC\n4035 §5.\n"""', [(4035, "5")]),
        ("    // beside it (RFC\n    // 4035 §2.5), and", [(4035, "2.5")]),
        ("RFC 3110, RFC 5155 §2, RFC 5702.", [(3110, ""), (5155, "2"), (5702, "")]),
        ("RFC 4034 §6.3; RFC 4035 §5.3.2", [(4034, "6.3"), (4035, "5.3.2")]),
    ],
)
def test_citations_are_read(text: str, expected: list[tuple[int, str]]) -> None:
    assert list(rfc_index.citations(text)) == expected


def test_a_wrong_citation_is_named() -> None:
    index = rfc_index.known()
    cite = rfc_index.Citation
    assert rfc_index.wrong([cite(4035, "5.3.1", "a.py"), cite(4034, "B.1", "a.py")], index) == []
    missing, obsolete, section = rfc_index.wrong(
        [cite(5515, "10.4.3", "a.py"), cite(2671, "", "b.rs"), cite(4034, "17", "c.py")], index
    )
    assert missing.startswith("a.py: RFC 5515 is not in")
    assert obsolete == "b.rs: RFC 2671 is obsoleted by RFC 6891"
    assert section == "c.py: RFC 4034 has no section 17"


def test_the_index_is_whole() -> None:
    """Each section's parent is there too, so that a typing error in the index stands out."""
    entries = json.loads(rfc_index.INDEX.read_text())
    assert list(entries) == sorted(entries, key=int)
    for number, rfc in rfc_index.known().items():
        assert rfc.title
        assert rfc.sections or rfc.obsoleted_by, number
        for section in rfc.sections:
            parent = section.rpartition(".")[0]
            assert not parent or parent in rfc.sections, f"RFC {number} §{section}"


def test_every_operation_has_a_row_of_divergences() -> None:
    text = (ROOT / "docs" / "divergences.md").read_text()
    rows = set(re.findall(r"^\| `([A-Za-z]+)` \|", text, re.MULTILINE))
    implemented = {name for table in OPERATIONS.values() for name in table}
    assert implemented - rows == set(), "operations without a row in docs/divergences.md"
    assert rows - implemented == set(), "rows of docs/divergences.md for what is not implemented"
