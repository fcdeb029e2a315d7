"""Rows of hosted zones, delegation sets, VPCs, accounts and changes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seal53.base.ids import AccountId, DelegationSetId, HostedZoneId, VpcId
from seal53.core import Name
from seal53.store import Store, Tx, accounts, changes, delegation_sets, vpcs, zones
from seal53.store.accounts import AccessKey
from seal53.store.delegation_sets import DelegationSet
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone

A, B = AccountId("111111111111"), AccountId("222222222222")
VPC = Vpc(id=VpcId("vpc-1"), account_id=A, region="eu-west-1", address="127.53.0.254", created_at=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.db")
    store.open()
    with store.write() as tx:
        accounts.create(tx, id=A, name="first", now=5)
        accounts.create(tx, id=B, name="second", now=6)
    yield store
    store.close()


@pytest.fixture
def tx(store: Store) -> Iterator[Tx]:
    with store.write() as tx:
        yield tx


def zone(number: int, name: str, *, account: AccountId | None = A, kind: str = "public") -> HostedZone:
    return HostedZone(
        id=HostedZoneId(f"Z{number}"),
        account_id=account,
        kind=kind,
        name=Name.parse(name),
        caller_reference=f"ref {number}",
        created_at=7,
    )


def test_a_zone_comes_back_as_it_went_in(tx: Tx) -> None:
    stored = zone(1, "example.com.")
    zones.insert(tx, stored)
    assert zones.get(tx, "Z1") == stored
    assert zones.get(tx, "Z2") is None
    assert zones.with_reference(tx, A, "ref 1") == stored
    assert zones.with_reference(tx, B, "ref 1") is None


def test_each_bump_is_one_version(tx: Tx) -> None:
    zones.insert(tx, zone(1, "example.com."))
    assert [zones.bump(tx, "Z1"), zones.bump(tx, "Z1")] == [2, 3]


def test_zones_are_found_by_name_and_kind_in_any_case(tx: Tx) -> None:
    zones.insert(tx, zone(1, "Example.com."))
    zones.insert(tx, zone(2, "example.com.", account=B, kind="private"))
    zones.insert(tx, zone(3, "com.", account=None, kind="tld"))
    name = Name.parse("EXAMPLE.com.")
    assert [found.id for found in zones.named(tx, name)] == ["Z1", "Z2"]
    assert [found.id for found in zones.named(tx, name, kind="private")] == ["Z2"]
    assert [found.id for found in zones.every(tx)] == ["Z1", "Z2", "Z3"]


def test_zones_that_overlap_are_found_whoever_owns_them(tx: Tx) -> None:
    for number, (name, account, kind) in enumerate(
        [
            ("example.com.", A, "public"),
            ("a.example.com.", B, "public"),
            ("deep.a.example.com.", A, "public"),
            ("aexample.com.", A, "public"),
            ("b.example.com.", A, "public"),
            ("a.example.com.", A, "private"),
            ("com.", None, "tld"),
        ]
    ):
        zones.insert(tx, zone(number, name, account=account, kind=kind))
    # its listing key begins as those of names below example.com do
    zones.insert(tx, replace(zone(9, "x.com."), name=Name.from_labels([b"x.example", b"com"])))
    found = zones.overlapping(tx, Name.parse("a.example.com."))
    assert [held.id for held in found] == ["Z0", "Z1", "Z2"]
    assert [held.id for held in zones.overlapping(tx, Name.parse("org."))] == []
    assert len(zones.overlapping(tx, Name.parse("com."))) == 6


def test_a_private_zone_is_found_through_its_vpc(tx: Tx) -> None:
    vpcs.insert(
        tx, Vpc(id=VpcId("vpc-1"), account_id=A, region="eu-west-1", address="127.53.0.254", created_at=1)
    )
    zones.insert(tx, zone(1, "b.internal.", kind="private"))
    zones.insert(tx, zone(2, "a.internal.", kind="private"))
    for zone_id in ("Z1", "Z2"):
        zones.associate(tx, zone_id, "vpc-1")
    assert [held.id for held in zones.private_zones_of(tx, "vpc-1")] == ["Z2", "Z1"]
    assert zones.vpcs_of(tx, "Z1") == ["vpc-1"]
    zones.delete(tx, "Z1")
    assert [held.id for held in zones.private_zones_of(tx, "vpc-1")] == ["Z2"]


def test_signing_facts_are_set_together(tx: Tx) -> None:
    zones.insert(tx, zone(1, "example.com."))
    zones.set_signing(tx, "Z1", signing_at=10, unsigning_at=20, unsigning_change_id="C1")
    held = zones.get(tx, "Z1")
    assert held is not None
    assert (held.signing_at, held.unsigning_at, held.unsigning_change_id) == (10, 20, "C1")


def test_a_delegation_set_keeps_the_order_of_its_hosts(tx: Tx) -> None:
    made = DelegationSet(
        id=DelegationSetId("N1"),
        number=1,
        hosts=tuple(Name.parse(f"ns-{n}.set-01.seal53.") for n in (3, 1, 2, 0)),
        addresses=("127.53.0.7", "127.53.0.5", "127.53.0.6", "127.53.0.4"),
        created_at=1,
    )
    delegation_sets.insert(tx, made)
    assert delegation_sets.get(tx, "N1") == made
    assert delegation_sets.every(tx) == [made]
    zones.insert(tx, replace(zone(1, "example.com."), delegation_set_id=made.id))
    assert zones.count_on_set(tx, "N1", A) == 1


def test_a_vpc_comes_back_and_its_version_grows(tx: Tx) -> None:
    vpcs.insert(tx, VPC)
    assert vpcs.of_account(tx, A) == vpcs.every(tx) == [VPC]
    assert vpcs.of_account(tx, B) == []
    vpcs.set_validation(
        tx, "vpc-1", validation="ENABLE", validation_change_id="C1", dnssec_config_id="rdsc-1"
    )
    assert vpcs.bump(tx, "vpc-1") == 2
    held = vpcs.get(tx, "vpc-1")
    assert held is not None
    assert (held.validation, held.validation_change_id, held.dnssec_config_id, held.version) == (
        "ENABLE",
        "C1",
        "rdsc-1",
        2,
    )


def test_accounts_have_positions_and_keys_find_their_account(tx: Tx) -> None:
    assert [(held.id, held.position) for held in accounts.every(tx)] == [(A, 0), (B, 1)]
    key = AccessKey(access_key_id="AKIA1", account_id=B, sealed_secret=b"sealed", created_at=3)
    accounts.add_key(tx, key)
    assert accounts.by_access_key(tx, "AKIA1") == (B, b"sealed")
    assert accounts.by_access_key(tx, "AKIA2") is None
    assert accounts.keys_of(tx, B) == [key]


def test_changes_close_up_to_a_version(tx: Tx) -> None:
    for version in (1, 2, 3):
        changes.open_change(
            tx, id=f"C{version}", account_id=A, subject="zone:Z1", version=version, now=10 + version
        )
    changes.open_change(tx, id="C9", account_id=A, subject="zone:Z2", version=1, now=20, comment="other")
    changes.close_up_to(tx, "zone:Z1", 2, 30)
    assert [change.id for change in changes.pending(tx)] == ["C3", "C9"]
    changes.close_up_to(tx, "zone:Z1", 3, 40)
    closed = [changes.get(tx, f"C{version}") for version in (1, 2, 3)]
    assert [change and change.insync_at for change in closed] == [30, 30, 40]
    assert changes.get(tx, "C0") is None
