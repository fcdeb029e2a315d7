"""Default contents, listing order, addresses."""

import pytest

from seal53.core import Name
from seal53.zones import addresses, defaults, names
from seal53.zones.listing import Position, sort_key


def test_a_public_zone_begins_with_its_name_servers_and_an_soa() -> None:
    hosts = [Name.parse(f"ns-{n}.set-01.seal53.") for n in range(4)]
    ns, soa = defaults.public_zone(Name.parse("example.com."), hosts)
    assert (ns.type, ns.record.ttl) == ("NS", 172800)
    assert ns.values == tuple(f"ns-{n}.set-01.seal53." for n in range(4))
    assert ns.record.rdatas == tuple(host.to_wire() for host in hosts)
    assert (soa.type, soa.record.ttl) == ("SOA", 900)
    assert soa.values == ("ns-0.set-01.seal53. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",)


def test_a_private_zone_names_the_hosts_that_route_53_names() -> None:
    ns, soa = defaults.private_zone(Name.parse("corp.internal."))
    assert ns.values == (
        "ns-1536.awsdns-00.co.uk.",
        "ns-0.awsdns-00.com.",
        "ns-1024.awsdns-00.org.",
        "ns-512.awsdns-00.net.",
    )
    assert soa.values[0].startswith("ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 ")


def test_the_listing_order_is_not_the_canonical_order() -> None:
    typed = ["", "a-b.", "a.", "x.a.", "*.", "b."]
    ordered = sorted((names.parse(f"{labels}example.com") for labels in typed), key=sort_key)
    assert [names.show(name) for name in ordered] == [
        "example.com.",
        "\\052.example.com.",
        "a-b.example.com.",
        "a.example.com.",
        "x.a.example.com.",
        "b.example.com.",
    ]


def test_a_dot_inside_a_label_has_a_place_of_its_own() -> None:
    first, second = names.parse("b.a.example.com"), names.parse("a\\056b.example.com")
    assert first != second
    assert sort_key(first) < sort_key(second) < sort_key(names.parse("c.a.example.com"))


def test_types_and_identifiers_order_within_a_name() -> None:
    name = names.parse("example.com")
    places = [("", ""), ("A", ""), ("A", "x"), ("NS", ""), ("SOA", "")]
    keys = [Position(name=name, type=rtype, set_id=set_id).key for rtype, set_id in places]
    assert keys == sorted(keys)


def test_delegation_sets_grow_upwards_and_resolvers_downwards() -> None:
    block = "127.53.0.0/24"
    used: set[str] = set()
    first = addresses.next_set(block, used)
    assert first == ("127.53.0.4", "127.53.0.5", "127.53.0.6", "127.53.0.7")
    used.update(first)
    assert addresses.next_set(block, used)[0] == "127.53.0.8"
    assert addresses.next_resolver(block, used) == "127.53.0.254"
    used.add("127.53.0.254")
    assert addresses.next_resolver(block, used) == "127.53.0.253"


def test_both_meet_when_the_block_is_full() -> None:
    block = "127.53.7.0/28"
    used = {f"127.53.7.{n}" for n in (12, 13, 14)}
    sets = []
    while True:
        try:
            sets.append(addresses.next_set(block, used))
        except addresses.AddressesExhausted:
            break
        used.update(sets[-1])
    assert [four[0] for four in sets] == ["127.53.7.4", "127.53.7.8"]
    with pytest.raises(addresses.AddressesExhausted, match=r"127\.53\.7\.0/28 has no free addresses left"):
        addresses.next_resolver(block, used)
