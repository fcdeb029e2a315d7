"""Names: canonical order, "is at or below", escapes; dnspython is the judge."""

import copy
import pickle
from itertools import pairwise

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seal53.core import Name, NameFault

# RFC 4034 §6.1, the example.
CANONICAL = [
    "example",
    "a.example",
    "yljkjljk.a.example",
    "Z.a.example",
    "zABC.a.EXAMPLE",
    "z.example",
    r"\001.z.example",
    "*.z.example",
    r"\200.z.example",
]

labels = st.lists(st.binary(min_size=1, max_size=10), max_size=6)


def judged(name: Name) -> dns.name.Name:
    return dns.name.Name([*name.labels, b""])


def test_the_canonical_order_of_the_rfc() -> None:
    names = [Name.parse(text) for text in CANONICAL]
    backwards = names[::-1]
    backwards.sort()
    assert backwards == names
    for first, second in pairwise(names):
        assert first < second
        assert second > first
        assert first <= second
        assert second >= first
        assert first != second


@given(labels, labels)
def test_order_equality_and_descent_agree_with_dnspython(one: list[bytes], two: list[bytes]) -> None:
    a, b = Name.from_labels(one), Name.from_labels(two)
    assert (a < b) == (judged(a) < judged(b))
    assert (a == b) == (judged(a) == judged(b))
    assert a.is_at_or_below(b) == judged(a).is_subdomain(judged(b))
    assert b.is_at_or_below(a) == judged(b).is_subdomain(judged(a))
    below = Name.from_labels([*one, *two])
    assert below.is_at_or_below(b)
    assert (b.is_at_or_below(below)) == (not one)


@given(labels)
def test_text_and_wire_agree_with_dnspython(of: list[bytes]) -> None:
    name = Name.from_labels(of)
    assert name.to_wire() == judged(name).to_wire()
    assert Name.parse(judged(name).to_text()).to_wire() == name.to_wire()
    assert dns.name.from_text(str(name)) == judged(name)
    assert dns.name.from_text(str(name)).labels == judged(name).labels
    assert Name.from_wire(name.to_wire()).labels == name.labels == tuple(of)


def test_case_counts_for_nothing_but_is_kept() -> None:
    upper, lower = Name.parse("WWW.Example.COM"), Name.parse("www.example.com.")
    assert upper == lower
    assert hash(upper) == hash(lower)
    assert len({upper, lower}) == 1
    assert str(upper) == "WWW.Example.COM."
    assert upper.lower().to_wire() == lower.to_wire()
    assert upper.is_at_or_below(Name.parse("eXample.com"))


def test_a_look_alike_suffix_is_not_an_ancestor() -> None:
    assert not Name.parse("badexample.com").is_at_or_below(Name.parse("example.com"))
    # The octets of "example.com" end this name, but inside a label.
    inside = Name.from_labels([b"a\x07example", b"com"])
    assert not inside.is_at_or_below(Name.parse("example.com"))
    assert Name.parse("example.com").is_at_or_below(Name.parse("example.com"))
    assert Name.parse("example.com").is_at_or_below(Name.root())


def test_walking_up_and_down() -> None:
    name = Name.parse("*.a.example")
    assert name.is_wildcard
    assert len(name) == 3
    assert name.labels == (b"*", b"a", b"example")
    assert name.parent() == Name.parse("a.example")
    assert name.ancestor(1) == Name.parse("example")
    assert name.ancestor(0) == Name.root()
    assert name.ancestor(4) is None
    assert Name.parse("a.example").child(b"*") == name
    root = Name.root()
    assert root.parent() is None
    assert root.is_root
    assert len(root) == 0
    assert root, "the root is a name, so it is true"


def test_the_listing_key_is_the_reversed_labels() -> None:
    assert Name.parse("WWW.example.com").listing_key() == b"com.example.www."
    assert Name.root().listing_key() == b"."


@pytest.mark.parametrize(
    "text",
    ["", "a..b", ".a", r"\999.a", r"\25", "a" * 64, ".".join(["a" * 63] * 4), "é.example", "a\\"],
)
def test_bad_text_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(NameFault) as caught:
        Name.parse(text)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value)


@pytest.mark.parametrize("wire", [b"", b"\x01a", b"\x00\x00", b"\xc0\x0c", b"\x40" + b"a" * 64 + b"\x00"])
def test_bad_wire_is_refused(wire: bytes) -> None:
    with pytest.raises(NameFault):
        Name.from_wire(wire)


def test_names_are_values() -> None:
    name = Name.parse("a.example")
    assert copy.deepcopy(name) == name
    assert pickle.loads(pickle.dumps(name)) == name
    assert repr(name) == 'Name("a.example.")'
    assert name != "a.example."
    with pytest.raises(TypeError):
        _ = name < "a.example."  # type: ignore[operator]
    with pytest.raises(AttributeError):
        name.labels = ()  # type: ignore[misc]
