"""Names in Route 53's own syntax."""

import pytest

from seal53.core import Name
from seal53.zones import names

UNSUPPORTED = (
    "FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{}'"
)


@pytest.mark.parametrize(
    ("typed", "labels", "shown"),
    [
        ("example.com", (b"example", b"com"), "example.com."),
        ("example.com.", (b"example", b"com"), "example.com."),
        ("WWW.Example.COM", (b"www", b"example", b"com"), "www.example.com."),
        ("*.example.com", (b"*", b"example", b"com"), "\\052.example.com."),
        ("\\052.example.com", (b"*", b"example", b"com"), "\\052.example.com."),
        ("a*b.example.com", (b"a*b", b"example", b"com"), "a\\052b.example.com."),
        ("@.example.com", (b"@", b"example", b"com"), "\\100.example.com."),
        ("\\101\\102c.example.com", (b"abc", b"example", b"com"), "abc.example.com."),
        ("ex\\344mple.com", (b"ex\xe4mple", b"com"), "ex\\344mple.com."),
        ("a\\056b.example.com", (b"a.b", b"example", b"com"), "a\\056b.example.com."),
        ("a\\000b.com", (b"a\0b", b"com"), "a\\000b.com."),
        ("a\\134b.com", (b"a\\b", b"com"), "a\\134b.com."),
        ("_dmarc.example.com", (b"_dmarc", b"example", b"com"), "_dmarc.example.com."),
        ("a/b.c", (b"a/b", b"c"), "a\\057b.c."),
        ("localhost", (b"localhost",), "localhost."),
        (".", (), "."),
        ("x" * 63 + ".com", (b"x" * 63, b"com"), "x" * 63 + ".com."),
    ],
)
def test_a_name_is_read_and_shown(typed: str, labels: tuple[bytes, ...], shown: str) -> None:
    name = names.parse(typed)
    assert name.labels == labels
    assert names.show(name) == shown
    assert names.parse(shown) == name


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "FATAL problem: DomainNameEmpty (Domain name is empty) encountered with ''"),
        (
            "example.org..",
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'example.org..'",
        ),
        (
            ".example.org",
            "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '.example.org'",
        ),
        ("..", "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '..'"),
        (
            "a b.com",
            UNSUPPORTED.format(" "),
        ),
        (
            "exämple.com",
            UNSUPPORTED.format("?"),
        ),
        (
            "a\\9.com",
            UNSUPPORTED.format("\\"),
        ),
        (
            "a\\400.com",
            UNSUPPORTED.format("\\"),
        ),
        (
            "a\\05",
            UNSUPPORTED.format("\\"),
        ),
        (
            "y" * 70 + ".com",
            f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{'y' * 70}'",
        ),
    ],
)
def test_a_bad_name_is_refused_in_route_53s_words(typed: str, message: str) -> None:
    with pytest.raises(names.BadName) as refusal:
        names.parse(typed)
    assert refusal.value.message == message


def test_the_longest_name_passes_and_one_octet_more_does_not() -> None:
    # RFC 1035 §2.3.4: 255 octets on the wire, with the lengths and the root
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert len(names.parse(longest).to_wire()) == 255
    with pytest.raises(names.BadName, match="DomainNameTooLong"):
        names.parse(longest + "b")
    with pytest.raises(names.BadName, match="DomainNameTooLong"):
        names.parse("\\052." + longest)


def test_case_is_kept_when_it_is_asked_for() -> None:
    assert names.parse("Mail.Example.COM", fold=False).labels == (b"Mail", b"Example", b"COM")
    assert names.parse("Mail.Example.COM", fold=False) == names.parse("mail.example.com")


def test_a_wildcard_is_one_only_as_the_whole_first_label() -> None:
    assert names.parse("*.example.com").is_wildcard
    assert not names.parse("*a.example.com").is_wildcard
    assert not names.parse("a.*.example.com").is_wildcard


def test_showing_folds_case() -> None:
    assert names.show(Name.parse("A.Example.")) == "a.example."


@pytest.mark.parametrize(
    ("labels", "written"),
    [
        ((), "."),
        ((b"Mail", b"Example"), "Mail.Example."),
        ((b"a.b", b"*", b"c d"), "a\\056b.*.c\\040d."),
        ((b'"(;)@$\\', b"\xff"), "\\042\\050\\073\\051\\100\\044\\134.\\377."),
    ],
)
def test_a_name_in_a_value_keeps_its_case(labels: tuple[bytes, ...], written: str) -> None:
    name = Name.from_labels(labels)
    assert names.write(name) == written
    assert names.parse(written, fold=False).labels == labels
