"""CIDR blocks in normal form, and what changes do to a collection."""

import pytest

from seal53.zones.cidr import BadBlock, BlockInUse, Change, Edit, decide, normal


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        (" 192.0.2.77/24 ", "192.0.2.0/24"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("128.0.0.0/1", "128.0.0.0/1"),
        ("2001:DB8:0:0::/48", "2001:db8::/48"),
        ("2001:db8:1:2:3::5/32", "2001:db8::/32"),
        ("2001:0db8:0000::/48", "2001:db8::/48"),
        ("8000::/1", "8000::/1"),
    ],
)
def test_normal_form(text: str, block: str) -> None:
    assert normal(text) == block
    assert normal(block) == block


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1",
        "192.0.2.0/",
        "192.0.2.0/x",
        "192.0.2.0/-1",
        "192.0.2.0/٢٤",
        "192.0.2.0/255.255.255.0",
        "192.0.2/24",
        "0.0.0.0/0",
        "::/0",
        "192.0.2.0/25",
        "192.0.2.0/32",
        "192.0.2.0/33",
        "2001:db8::/49",
        "2001:db8::/129",
        "2001:db8::%eth0/48",
        "example.com/24",
    ],
)
def test_what_is_no_block(text: str) -> None:
    with pytest.raises(BadBlock):
        normal(text)


def _put(location: str, *blocks: str) -> Change:
    return Change(location=location, puts=True, blocks=blocks)


def _delete(location: str, *blocks: str) -> Change:
    return Change(location=location, puts=False, blocks=blocks)


A, B, C = "192.0.2.0/24", "198.51.100.0/24", "2001:db8::/48"


def test_blocks_are_added_once_and_removed_where_they_are() -> None:
    assert decide([_put("x", A, B, A)], {B: "x"}) == Edit(added=((A, "x"),), removed=())
    assert decide([_delete("x", A, C)], {A: "x", C: "y"}) == Edit(added=(), removed=(A,))
    assert decide([_delete("x", A)], {}) == Edit(added=(), removed=())


def test_a_block_moves_in_one_request() -> None:
    moved = decide([_delete("x", A), _put("y", A)], {A: "x"})
    assert moved == Edit(added=((A, "y"),), removed=(A,))


def test_a_block_cannot_be_at_two_locations() -> None:
    with pytest.raises(BlockInUse) as refused:
        decide([_put("y", B, A)], {A: "x"})
    assert str(refused.value) == f"The CIDR block {A} is already in use at the location x"
    with pytest.raises(BlockInUse):
        decide([_put("x", A), _put("y", A)], {})
    with pytest.raises(BlockInUse):  # changes act in order
        decide([_put("y", A), _delete("x", A)], {A: "x"})


def test_changes_that_cancel_each_other() -> None:
    assert decide([_put("x", A), _delete("x", A)], {}) == Edit(added=(), removed=())
    assert decide([_delete("x", A), _put("x", A)], {A: "x"}) == Edit(added=(), removed=())
