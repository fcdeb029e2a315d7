"""Hosted zones that are changed by batches without the API's rules, for tests of what aliases hold."""

from dataclasses import dataclass
from typing import Any

from seal53.core import DataPlane, Message, Name, RecordSet, RrType, build_query, encode_edit
from seal53.services.route53 import written
from seal53.services.route53.shapes import stored_set, zone_set
from seal53.store import alias_targets, records
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found
from seal53.zones.change import Edit
from seal53.zones.recordset import AliasTarget, ZoneSet

KEK = bytes(range(32))
ONE, TWO, THREE = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02", b"\xc0\x00\x02\x03"
BALANCER = "lb-1.eu-west-1.elb.amazonaws.com."


@dataclass
class Zones:
    """Hosted zones whose record sets are changed by batches, as ChangeResourceRecordSets does it."""

    api: Any
    ids: dict[str, str]

    @property
    def store(self) -> Any:
        return self.api.services.store

    def add(self, name: str, api: Any = None, **request: Any) -> str:
        self.ids[name] = (api or self.api).zone(name, **request)
        return self.ids[name]

    def batch(self, zone: str, *puts: ZoneSet, deletes: tuple[ZoneSet, ...] = ()) -> dict[str, int]:
        """What of other zones followed, by id."""
        zone_id = self.ids.get(zone, zone)
        with self.store.write() as tx:
            row = zone_rows.get(tx, zone_id)
            owners = {held.owner for held in (*puts, *deletes)}
            present = [zone_set(stored) for stored in records.at_owners(tx, zone_id, owners)]
            edit = Edit(puts=puts, deletes=tuple(held.key for held in deletes))
            edit = written.write_out(tx, row, edit, present)
            gone = [(held.owner, held.record.rtype, held.record.set_id) for held in deletes]
            records.delete(tx, zone_id, gone)
            records.put(tx, zone_id, [stored_set(held) for held in edit.puts])
            touched = [*gone, *((h.owner, h.record.rtype, h.record.set_id) for h in edit.puts)]
            zone_rows.bump(tx, zone_id)
            return written.follow_up(tx, zone_id, touched)

    def to(self, zone: str, name: str, *, health: bool = False) -> AliasTarget:
        return AliasTarget(zone_id=self.ids.get(zone, zone), name=name, evaluate_health=health)

    def item(self, zone: str, name: str, set_id: str = "") -> RecordSet:
        """What name servers get of a record set."""
        with self.store.read() as tx:
            (found,) = (
                stored.record
                for stored in records.at(tx, self.ids[zone], Name.parse(name))
                if stored.record.set_id == set_id
            )
        return found

    def answer(self, zone: str, name: str, **health: bool) -> tuple[int, frozenset[bytes], int]:
        """Rcode, addresses and TTL, as a name server of the zone answers."""
        with self.store.read() as tx:
            row = zone_rows.get(tx, self.ids[zone])
            assert row is not None
            edit = encode_edit([stored.record for stored in records.every(tx, row.id)], [])
        plane = DataPlane(KEK)
        plane.set_health(health)
        candidate = plane.stage(row.id, row.name, base=None, version=1, edit=edit)
        reply = candidate.answer(build_query(1, Name.parse(name), RrType.A), 1_790_000_000)
        assert reply is not None
        message = Message.parse(reply)
        found = [rrset for rrset in message.answer if rrset.rtype == RrType.A]
        rdatas = frozenset(r for rrset in found for r in rrset.rdatas)
        return message.rcode, rdatas, found[0].ttl if found else 0


def plain(name: str, *rdatas: bytes, ttl: int = 300, set_id: str = "", **choice: Any) -> ZoneSet:
    record = RecordSet(Name.parse(name), RrType.A, set_id, ttl=ttl, rdatas=rdatas or (ONE,), **choice)
    return ZoneSet(record=record, type="A", values=("192.0.2.1",))


def outward(name: str, target: AliasTarget, *, set_id: str = "", **choice: Any) -> ZoneSet:
    record = RecordSet(
        Name.parse(name),
        RrType.A,
        set_id,
        unresolved=True,
        evaluate_health=target.evaluate_health,
        **choice,
    )
    return ZoneSet(record=record, type="A", alias=target)


def inward(zones: Zones, zone: str, name: str, target: str, *, set_id: str = "", **choice: Any) -> ZoneSet:
    record = RecordSet(Name.parse(name), RrType.A, set_id, alias=Name.parse(target), **choice)
    return ZoneSet(record=record, type="A", alias=zones.to(zone, target))


def versions(zones: Zones) -> dict[str, int]:
    with zones.store.read() as tx:
        return {name: zone_rows.get(tx, zone_id).version for name, zone_id in zones.ids.items()}


def known(zones: Zones, target: str = BALANCER) -> Found | None:
    with zones.store.read() as tx:
        return alias_targets.known(tx, Name.parse(target), "A")


def learn(zones: Zones, found: Found, target: str = BALANCER) -> dict[str, int]:
    with zones.store.write() as tx:
        alias_targets.learn(tx, Name.parse(target), "A", found)
        return written.renew(tx, [(Name.parse(target), "A")])
