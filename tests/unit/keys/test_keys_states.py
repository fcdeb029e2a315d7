"""States follow from facts; the plan is total and idempotent."""

import itertools
from dataclasses import dataclass, replace

import pytest

from seal53 import keys
from seal53.core import key_tag
from seal53.keys import KskStatus, ServeSignature, SignedWindow, ZoneKeys, ZskState
from seal53.keystore import SigningKey

NOW = 1_790_000_000


@dataclass(frozen=True, kw_only=True)
class Ksk:
    name: str = "k1"
    kms_arn: str = "arn:k1"
    dnskey: bytes = b"\x01\x01\x03\x0d" + b"k" * 64
    active: bool = True
    failing_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Zsk:
    dnskey: bytes = b"\x01\x00\x03\x0d" + b"z" * 64
    published_at: int | None = NOW
    active_at: int | None = NOW
    retired_at: int | None = None
    removed_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Zone:
    signing_at: int | None = NOW
    unsigning_at: int | None = None


def test_a_ksk_that_fails_needs_action_only_while_it_is_active():
    assert keys.ksk_status(Ksk()) is KskStatus.ACTIVE
    assert keys.ksk_status(Ksk(failing_at=NOW)) is KskStatus.ACTION_NEEDED
    assert keys.ksk_status(Ksk(active=False)) is KskStatus.INACTIVE
    assert keys.ksk_status(Ksk(active=False, failing_at=NOW)) is KskStatus.INACTIVE


@pytest.mark.parametrize(
    ("zone", "ksks", "in_sync", "status"),
    [
        (Zone(signing_at=None), [Ksk()], False, ServeSignature.NOT_SIGNING),
        (Zone(signing_at=None), [Ksk(failing_at=NOW)], False, ServeSignature.NOT_SIGNING),
        (Zone(), [Ksk()], False, ServeSignature.SIGNING),
        (Zone(), [Ksk(), Ksk(active=False, failing_at=NOW)], False, ServeSignature.SIGNING),
        (Zone(), [Ksk(), Ksk(failing_at=NOW)], False, ServeSignature.ACTION_NEEDED),
        (Zone(unsigning_at=NOW), [Ksk()], False, ServeSignature.DELETING),
        (Zone(unsigning_at=NOW), [Ksk(failing_at=NOW)], False, ServeSignature.DELETING),
        (Zone(unsigning_at=NOW), [Ksk()], True, ServeSignature.NOT_SIGNING),
    ],
)
def test_the_status_of_a_zone(zone, ksks, in_sync, status):
    assert keys.serve_signature(zone, ksks, unsigned_in_sync=in_sync) is status


def test_a_zsk_walks_through_its_states_in_order():
    zsk = Zsk(published_at=10, active_at=20, retired_at=30, removed_at=40)
    assert [keys.zsk_state(zsk, now) for now in (9, 10, 19, 20, 29, 30, 39, 40)] == [
        ZskState.GENERATED,
        ZskState.PUBLISHED,
        ZskState.PUBLISHED,
        ZskState.ACTIVE,
        ZskState.ACTIVE,
        ZskState.RETIRED,
        ZskState.RETIRED,
        ZskState.REMOVED,
    ]


def test_published_are_active_ksks_and_zsks_that_caches_may_need():
    ksks = [Ksk(), Ksk(dnskey=b"inactive", active=False), Ksk(dnskey=b"failing", failing_at=NOW)]
    zsks = [
        Zsk(),
        Zsk(dnskey=b"ahead", active_at=None),
        Zsk(dnskey=b"retired", retired_at=NOW),
        Zsk(dnskey=b"removed", retired_at=1, removed_at=NOW),
        Zsk(dnskey=b"future", published_at=NOW + 1, active_at=None),
    ]
    assert keys.published_dnskeys(ksks, zsks, NOW) == (
        Ksk().dnskey,
        b"failing",
        Zsk().dnskey,
        b"ahead",
        b"retired",
    )
    assert keys.active_zsks(zsks, NOW) == (zsks[0],)


def test_the_order_of_rows_does_not_change_what_is_published():
    ksks = [Ksk(dnskey=bytes([i]) * 68) for i in range(3)]
    assert len({keys.published_dnskeys(order, [], NOW) for order in itertools.permutations(ksks)}) == 1


def test_a_key_is_refused_whose_tag_is_taken_also_by_a_revoked_one():
    dnskey = keys.ksk_dnskey(SigningKey.generate().public_point)
    revoked = (int.from_bytes(dnskey[:2], "big") | 0x80).to_bytes(2, "big") + dnskey[2:]
    # RFC 4034 App. B adds 16-bit words: swapping two of them keeps the tag
    twin = dnskey[:4] + dnskey[6:8] + dnskey[4:6] + dnskey[8:]
    assert key_tag(twin) == key_tag(dnskey)
    assert key_tag(revoked) != key_tag(dnskey)
    revoked_twin = revoked[:4] + revoked[6:8] + revoked[4:6] + revoked[8:]
    for other in (dnskey, twin, revoked, revoked_twin):
        assert keys.tag_collides(dnskey, [other])
        with pytest.raises(keys.KeyTagTaken, match=str(key_tag(dnskey))):
            keys.check_tag(dnskey, [b"\x01\x01\x03\x0d" + bytes(64), other])
    keys.check_tag(dnskey, [])
    while keys.tag_collides(dnskey, [different := keys.ksk_dnskey(SigningKey.generate().public_point)]):
        pass
    keys.check_tag(dnskey, [different])


def test_only_a_p256_point_becomes_a_ksk():
    with pytest.raises(ValueError, match="64 octets"):
        keys.ksk_dnskey(bytes(65))


def _zone(made_at=NOW, **changes):
    facts = ZoneKeys(
        zone_id="Z1",
        ksks=[Ksk()],
        zsks=[Zsk()],
        dnskeys=(Ksk().dnskey, Zsk().dnskey),
        windows=(SignedWindow(since=NOW - 3600, inception=NOW - 3600, expiration=NOW + 36000, rrsigs=()),),
        made_at=made_at,
    )
    return replace(facts, **changes)


def test_a_fresh_zone_waits_for_a_day():
    assert keys.plan([_zone()], NOW) == keys.Plan(actions=(), wake_at=NOW + 86400)
    assert keys.plan([_zone()], NOW + 86399).actions == ()
    assert keys.plan([], NOW) == keys.Plan(actions=(), wake_at=None)


@pytest.mark.parametrize(
    ("zone", "now", "why"),
    [
        (_zone(), NOW + 86400, "a day has passed"),
        (_zone(), NOW + 9 * 86400, "a day has passed"),
        (_zone(made_at=None), NOW, "never signed"),
        (_zone(ksks=[Ksk(), Ksk(dnskey=b"new")]), NOW, "the keys have changed"),
        (_zone(zsks=[Zsk(), Zsk(dnskey=b"ahead", active_at=None)]), NOW, "the keys have changed"),
        (_zone(zsks=[Zsk(published_at=0, active_at=0)]), NOW - 3601, "the clock went back"),
    ],
)
def test_what_is_due_is_planned_and_planned_again(zone, now, why):
    plan = keys.plan([zone], now)
    assert plan == keys.plan([zone], now)
    assert [(a.zone_id, a.why) for a in plan.actions] == [("Z1", why)]
    assert plan.wake_at == now + 86400


def test_a_zone_that_needs_action_keeps_what_it_has():
    assert keys.plan([_zone(ksks=[Ksk(failing_at=NOW)])], NOW + 9 * 86400) == keys.Plan(
        actions=(), wake_at=None
    )


def test_the_registry_tries_its_own_keys_again():
    assert keys.plan([_zone(ksks=[Ksk(kms_arn="", failing_at=NOW)])], NOW + 86400).actions


def test_without_an_active_zsk_nothing_is_signed():
    assert keys.plan([_zone(made_at=None, zsks=[])], NOW).actions == ()
