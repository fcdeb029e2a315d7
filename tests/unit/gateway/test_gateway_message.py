"""Percent-decoding, of long values too."""

from urllib.parse import unquote_to_bytes

import pytest

from seal53.gateway.message import Message, pairs


@pytest.mark.parametrize("shift", range(4))
@pytest.mark.parametrize("piece", [b"%41", b"%", b"a%4", b"%%41", b"%zz%42"])
def test_long_values_are_decoded_as_short_ones(piece: bytes, shift: int) -> None:
    octets = b"x" * shift + piece * 70_000
    ((name, value),) = pairs(b"k=" + octets, form=False)
    assert (name, value) == (b"k", unquote_to_bytes(octets))


def test_a_plus_is_a_space_in_a_form_alone() -> None:
    assert list(pairs(b"a+b=c%2Bd&e&&=f", form=True)) == [(b"a b", b"c+d"), (b"e", b""), (b"", b"f")]
    assert list(pairs(b"a+b=c%2Bd", form=False)) == [(b"a+b", b"c+d")]


def test_headers_keep_their_order_and_octets() -> None:
    message = Message(method="GET", path=b"/", headers=((b"a", b" 1 "), (b"b", b"\xff"), (b"a", b"2")))
    assert message.values("a") == [b" 1 ", b"2"]
    assert message.header("a") == "1"
    assert message.header("b") == "\ufffd"
    assert (message.values("c"), message.header("c")) == ([], None)
