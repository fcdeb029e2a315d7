"""Anchors and hints as text, and the bounded cache."""

import pytest

from seal53.core import Name
from seal53.resolver.anchors import AnchorFault, Anchors, parse_hints
from seal53.resolver.cache import ServerHealth, TtlCache

DS = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
KEY = "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="


@pytest.mark.parametrize(
    "line",
    [
        f". IN DS {DS}",
        f".\t172800 IN DS {DS} ; KSK-2017",
        f". IN 300 DS {DS}",
        f". DS ( {DS[:40]} {DS[40:]} )",
        ". ds " + DS.replace(" 8 ", " RSASHA256 "),
    ],
)
def test_a_ds_line_in_its_forms(line):
    anchor = Anchors.parse(["", "; comment", line]).by_name[Name.root()]
    assert [(d.tag, d.algorithm, d.digest_type) for d in anchor.ds] == [(20326, 8, 2)]
    assert anchor.ds[0].rdata[4:].hex().upper() == DS.split()[-1]


def test_a_dnskey_line_and_the_closest_anchor():
    anchors = Anchors.parse(
        [f". IN DS {DS}", f"example.com. IN DNSKEY {KEY}", f"example.com. IN DNSKEY {KEY}"]
    )
    assert anchors.closest(Name.parse("www.EXAMPLE.com.")).name == Name.parse("example.com.")
    assert anchors.closest(Name.parse("example.org.")).name == Name.root()
    assert [k.tag for k in anchors.by_name[Name.parse("example.com.")].keys] == [2371, 2371]


@pytest.mark.parametrize(
    "line",
    [
        ". IN DS",
        ". IN DS 1 2",
        ". IN DS 99999 8 2 00",
        ". IN DS 1 8 2 0",
        ". IN DS 1 NONSENSE 2 00ff",
        ". IN DNSKEY 257 3 13 !!!!",
        ". IN A 10.0.0.1",
        "a..b IN DS " + DS,
        ".",
    ],
)
def test_what_is_no_anchor_is_named(line):
    with pytest.raises(AnchorFault) as fault:
        Anchors.parse([line])
    assert "\n" not in str(fault.value)


def test_hints():
    text = """
; a file as IANA gives it
.                        3600000      NS    A.ROOT-SERVERS.NET.
A.ROOT-SERVERS.NET.      3600000      A     198.41.0.4
A.ROOT-SERVERS.NET.      3600000      AAAA  2001:503:ba3e::2:30
"""
    assert parse_hints(text) == [
        ("A.ROOT-SERVERS.NET.", "198.41.0.4"),
        ("A.ROOT-SERVERS.NET.", "2001:503:ba3e::2:30"),
    ]
    for bad in ("", ". NS a.", "a. A 1.2.3", "a. MX 1 b."):
        with pytest.raises(AnchorFault):
            parse_hints(bad)


def test_the_cache_ends_entries_and_is_bounded():
    cache = TtlCache[str, int](2)
    cache.put("a", 1, now=100, ttl_s=10)
    assert (cache.get("a", 109), cache.left("a", 109), cache.get("a", 110)) == (1, 1, None)
    for key in "abc":
        cache.put(key, 1, now=100, ttl_s=10)
        cache.get("a", 100)
    assert len(cache) == 2 and cache.get("a", 100) == 1 and cache.get("b", 100) is None
    cache.put("a", 2, now=100, ttl_s=0)
    assert cache.get("a", 100) is None
    cache.put("long", 1, now=0, ttl_s=10**9)
    assert cache.get("long", 86400) is None


def test_a_penalty_ends():
    health = ServerHealth(10)
    health.failed("10.0.0.1", 100)
    assert health.is_suspect("10.0.0.1", 105)
    assert not health.is_suspect("10.0.0.1", 100 + ServerHealth.PENALTY_S)
    health.failed("10.0.0.1", 100)
    health.answered("10.0.0.1")
    assert not health.is_suspect("10.0.0.1", 101)
