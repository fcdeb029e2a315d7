"""The bounded maps: time, weight, and a clock that is set back."""

from seal53.core import Name, RRset
from seal53.resolver.cache import TtlCache
from seal53.resolver.classify import Response, SignedSet
from seal53.resolver.memory import MOST_OCTETS, Cut, Memory


def test_an_entry_ends_with_its_ttl():
    cache = TtlCache(10)
    cache.put("a", 1, now=100, ttl_s=10)
    assert (cache.get("a", 109), cache.left("a", 104), cache.get("a", 110)) == (1, 6, None)
    cache.put("b", 2, now=100, ttl_s=0)
    assert cache.get("b", 100) is None and len(cache) == 0


def test_what_a_clock_kept_that_was_set_back_since_is_gone():
    cache = TtlCache(10)
    cache.put("a", 1, now=10_000, ttl_s=60)
    assert cache.get("a", 9_000) is None


def test_what_was_used_longest_ago_leaves_first():
    cache = TtlCache(3)
    for key in "abc":
        cache.put(key, key, now=0, ttl_s=60)
    cache.get("a", 0)
    cache.put("d", "d", now=0, ttl_s=60)
    assert [k for k in "abcd" if cache.get(k, 0)] == ["a", "c", "d"]


def test_weights_are_counted_and_given_back():
    cache = TtlCache(100, len)
    cache.put("a", "x" * 60, now=0, ttl_s=60)
    cache.put("a", "y" * 70, now=0, ttl_s=60)
    cache.put("b", "z" * 30, now=0, ttl_s=60)
    assert cache.get("a", 0) and cache.get("b", 0)
    cache.put("c", "w" * 40, now=0, ttl_s=60)
    assert [k for k in "abc" if cache.get(k, 0)] == ["b", "c"]
    cache.put("d", "v" * 101, now=0, ttl_s=60)  # more than there is room for
    assert cache.get("d", 0) is None and cache.get("b", 0)


def test_large_referrals_do_not_fill_the_memory():
    """A parent that an attacker runs may send 64 KiB of proof with each of its delegations."""
    memory = Memory([("ns.root.", "10.0.0.1")])
    for i in range(2000):
        name = Name.parse(f"n{i}.evil.")
        ds = SignedSet(RRset(name, 43, 60, [bytes(60_000)]))
        proof = Response(zone=Name.root(), server="", qname=name, qtype=43, name=name, finals=(ds,))
        memory.cuts.put(name, Cut(name, (), (), proof), now=0, ttl_s=60)
    assert len(memory.cuts) <= MOST_OCTETS // 60_000
