"""What a reset keeps of every table, and that it forgets none."""

import pytest
from sqlalchemy import func, insert, select

from seal53 import registry
from seal53.base.ids import Ids
from seal53.base.journal import Secret
from seal53.core import Name, RecordSet
from seal53.registry import RegistrySettings
from seal53.store import Store, Tx, accounts, changes, edges, ksks, meta, outbox, records, reset, vpcs, zones
from seal53.store.accounts import AccessKey
from seal53.store.records import StoredSet
from seal53.store.schema import metadata
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone

NOW = 1_790_000_000
ACCOUNT = "111111111111"
SETTINGS = RegistrySettings(
    tlds=("com.",), root_address="127.53.0.1", tld_addresses=("127.53.0.2", "127.53.0.3")
)
KEPT = {"meta", "edges", "accounts", "access_keys", "vpcs", "hosted_zones", "record_sets"}
KEPT |= {"ksks", "zsks", "dnskey_signatures", "outbox", "changes"}


def account(tx: Tx, id: str, n: int) -> None:
    accounts.create(tx, id=id, name="a", now=NOW)
    key = AccessKey(access_key_id=f"AKIA{n}", account_id=id, sealed_secret=b"s", created_at=NOW)
    accounts.add_key(tx, key)
    vpcs.insert(
        tx,
        Vpc(id=f"vpc-{n}", account_id=id, region="r", address=f"127.53.0.{250 - n}", created_at=NOW),
    )


@pytest.fixture
def seeded(store: Store, ids: Ids, kek: Secret) -> Store:
    with store.write() as tx:
        registry.bootstrap(tx, kek=kek, ids=ids, now=NOW, settings=SETTINGS)
        account(tx, ACCOUNT, 1)
        reset.remember(tx)
    return store


def empty(store: Store, ids: Ids, kek: Secret) -> list[str]:
    with store.write() as tx:
        kept = reset.empty(tx, change_id=ids.change(), account_id=ACCOUNT, now=NOW)
        registry.restore(tx, kek=kek, ids=ids, now=NOW)
    return kept


def contents(tx: Tx) -> dict[str, set[bytes]]:
    """The registry's record sets by zone."""
    return {zone.id: set(records.every_item(tx, zone.id)) for zone in zones.every(tx)}


def test_what_came_later_is_gone_and_what_changed_is_as_it_was(seeded: Store, ids: Ids, kek: Secret) -> None:
    with seeded.write() as tx:
        before = contents(tx)
        anchor = registry.trust_anchor(tx)
        tld = zones.named(tx, Name.parse("com."), kind="tld")[0]
        versions = {zone.id: zone.version for zone in zones.every(tx)}
        reset.remember(tx)  # said again after a restart: what was said first counts
        account(tx, "999999999999", 9)
        vpcs.set_validation(tx, "vpc-1", validation="ENABLE", validation_change_id="C1", dnssec_config_id="x")
        edges.register(tx, "edge-1", "edge", NOW)
        public = HostedZone(
            id="Z1",
            account_id=ACCOUNT,
            kind="public",
            name=Name.parse("a.com."),
            caller_reference="r",
            created_at=NOW,
        )
        zones.insert(tx, public)
        delegation = RecordSet(Name.parse("a.com."), 2, ttl=60, rdatas=[Name.parse("ns.a.com.").to_wire()])
        for zone_id in ("Z1", tld.id):
            records.put(tx, zone_id, [StoredSet(record=delegation, type="NS", shape={})])
        gone = [[Name.parse("b.com.").to_wire(), 2, ""]]
        outbox.append(tx, f"zone:{tld.id}", zones.bump(tx, tld.id), "records", gone)
        outbox.append(tx, "zone:Z1", 1, "zone")
        changes.open_change(tx, id="C1", account_id=ACCOUNT, subject="zone:Z1", version=1, now=NOW)
    assert empty(seeded, ids, kek) == ["vpc-1"]
    with seeded.read() as tx:
        assert [a.id for a in accounts.every(tx)] == [ACCOUNT]
        assert [k.access_key_id for k in accounts.keys_of(tx, ACCOUNT)] == ["AKIA1"]
        (vpc,) = vpcs.every(tx)
        assert (vpc.id, vpc.validation, vpc.dnssec_config_id) == ("vpc-1", "DISABLE", None)
        assert contents(tx) == before
        assert all(zone.record_count == len(before[zone.id]) for zone in zones.every(tx))
        assert all(zone.version > versions[zone.id] for zone in zones.every(tx))
        assert registry.trust_anchor(tx) == anchor
        assert len(edges.every(tx)) == 1
        assert changes.get(tx, "C1") is None
        rows = outbox.pending(tx)
        assert "zone:Z1" not in {row.subject for row in rows}
        # what was deleted and is not published yet, and what is deleted now, is published as gone
        touched = {
            Name.from_wire(owner)
            for row in rows
            if row.subject == f"zone:{tld.id}" and isinstance(row.detail, list)
            for owner, _, _ in row.detail
        }
        assert touched >= {Name.parse("a.com."), Name.parse("b.com.")}
        (announced,) = [row for row in rows if row.kind == "reset"]
        assert (announced.subject, announced.version) == ("reset", reset.version(tx)) == ("reset", 1)
        assert [c.version for c in changes.pending(tx) if c.subject == "reset"] == [1]
    empty(seeded, ids, kek)
    with seeded.read() as tx:
        assert reset.version(tx) == 2


def test_every_other_table_is_emptied(seeded: Store, ids: Ids, kek: Secret) -> None:
    """One row is put into each table that can have one of its own; rows with parents go with them."""
    with seeded.write() as tx:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in metadata.sorted_tables:
            if table.name not in KEPT:
                values = {
                    column.name: (b"x" if column.type.python_type is bytes else 7)
                    for column in table.columns
                    if not column.nullable or column.primary_key
                }
                values |= {key: ACCOUNT for key in values if key == "account_id"}
                tx.execute(insert(table).values(values))
        _empty_in(tx, ids, kek)
        for table in metadata.sorted_tables:
            if table.name not in KEPT:
                assert tx.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
        assert all(ksks.all_of(tx, zone.id) for zone in zones.every(tx))


def _empty_in(tx: Tx, ids: Ids, kek: Secret) -> None:
    reset.empty(tx, change_id=ids.change(), account_id=ACCOUNT, now=NOW)
    registry.restore(tx, kek=kek, ids=ids, now=NOW)


def test_a_service_that_never_said_what_it_began_with_keeps_everything(store: Store, ids: Ids) -> None:
    with store.write() as tx:
        meta.put(tx, "key", "value")
        with pytest.raises(LookupError):
            reset.empty(tx, change_id=ids.change(), account_id=ACCOUNT, now=NOW)
