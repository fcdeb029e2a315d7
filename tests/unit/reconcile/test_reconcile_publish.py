"""From outbox rows to acknowledged versions: what is sent, when a Change closes, what fails when unproven."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dns.message
import msgspec
import pytest

from seal53 import registry
from seal53.base.clock import ManualClock
from seal53.base.ids import Ids
from seal53.base.journal import Secret
from seal53.core import DataPlane, Name, RecordSet, Routing, RrType, build_query, decode_edit
from seal53.feed.messages import (
    QueryLogs,
    Reset,
    ResolverBoot,
    RoutingFacts,
    ToEdge,
    View,
    ViewChange,
    VpcView,
    ZoneDelta,
    ZoneGone,
    ZoneSnapshot,
)
from seal53.reconcile import prover
from seal53.reconcile.compose import RegistryAddresses
from seal53.reconcile.prover import Answer, Claim, Proof, Unproven
from seal53.reconcile.publish import Publisher
from seal53.registry import RegistrySettings
from seal53.store import (
    Store,
    accounts,
    changes,
    delegation_sets,
    outbox,
    query_logging,
    records,
    reset,
    routing,
    vpcs,
)
from seal53.store import zones as zone_rows
from seal53.store.delegation_sets import DelegationSet
from seal53.store.records import StoredSet
from seal53.store.vpcs import Vpc
from seal53.store.zones import HostedZone

A, NS, SOA = 1, 2, 6
APEX = Name.parse("companya.com.")
BOOT = ResolverBoot(hints=[("a.root.", "127.0.0.1")], anchors=[], upstream_port=53)


class Outlet:
    """Records what is sent; `serves` is what all edges of a role are said to serve."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, ToEdge]] = []
        self.serves: dict[tuple[str, str], int] = {}
        self.gone: set[str] = set()

    def send_soon(self, role: str, message: ToEdge) -> None:
        self.sent.append((role, message))

    def served(self, role: str, subject: str) -> int | None:
        return self.serves.get((role, subject))

    def dropped(self, subject: str) -> bool:
        return subject in self.gone

    def take(self) -> list[ToEdge]:
        taken = [message for _, message in self.sent]
        self.sent.clear()
        return taken


class World:
    """A store with one account, one delegation set, and a publisher with its reference plane."""

    def __init__(self, store: Store, clock: ManualClock, kek: Secret) -> None:
        self.store, self.clock, self.kek = store, clock, kek
        self.ids = Ids()
        self.outlet = Outlet()
        self.failing = ""
        self.claims: list[Claim] = []
        self.while_proving: Callable[[Claim], None] = lambda claim: None
        with store.write() as tx:
            accounts.create(tx, id="111111111111", name="a", now=clock.now())
            delegation_sets.insert(
                tx,
                DelegationSet(
                    id="N1",
                    number=1,
                    hosts=tuple(Name.parse(f"ns-{n}.seal53.") for n in range(4)),
                    addresses=tuple(f"127.0.0.{n}" for n in range(4, 8)),
                    created_at=clock.now(),
                ),
            )
        self.publisher = self.make()

    def make(self) -> Publisher:
        """A control process that has just started."""
        self.plane = DataPlane(bytes(self.kek))
        made = Publisher(
            self.store,
            self.plane,
            prove=self._prove,
            registry=RegistryAddresses(root=("127.0.0.1",), tlds=("127.0.0.2", "127.0.0.3")),
            boot=BOOT,
            clock=self.clock,
            logs=Path("/logs"),
        )
        self.store.watch((outbox.TABLE,), made.wake)
        return made

    def tick(self, publisher: Publisher | None = None) -> None:
        """One round after name servers have said what they serve."""
        publisher = publisher or self.publisher
        publisher.acknowledged(None)
        publisher.tick()

    def _prove(self, answer: Answer, claim: Claim, now: int) -> Proof:
        self.claims.append(claim)
        self.while_proving(claim)
        if self.failing:
            raise Unproven(self.failing)
        return prover.prove(answer, claim, now)

    def zone(self, name: Name = APEX, kind: str = "public", set_id: str = "N1") -> str:
        """A zone as CreateHostedZone leaves it; returns its id."""
        zone = HostedZone(
            id=self.ids.hosted_zone(),
            account_id="111111111111",
            kind=kind,
            name=name,
            caller_reference=secrets.token_hex(4),
            delegation_set_id=set_id if kind == "public" else None,
            created_at=self.clock.now(),
        )
        soa = Name.parse("ns.").to_wire() + Name.parse("host.").to_wire() + b"\x00\x00\x00\x01" * 5
        with self.store.write() as tx:
            zone_rows.insert(tx, zone)
            records.put(
                tx,
                zone.id,
                [
                    stored(name, SOA, "SOA", soa, ttl=900),
                    stored(name, NS, "NS", Name.parse("ns-0.seal53.").to_wire()),
                ],
            )
            outbox.append(tx, f"zone:{zone.id}", zone.version, "zone")
        return zone.id

    def write(
        self, zone_id: str, *, puts: dict[str, bytes] | None = None, deletes: tuple[str, ...] = ()
    ) -> str:
        """A change batch of A records; returns the change's id."""
        change_id = self.ids.change()
        put = [stored(Name.parse(owner), A, "A", rdata) for owner, rdata in (puts or {}).items()]
        keys = [s.key for s in put] + [(Name.parse(owner), A, "") for owner in deletes]
        with self.store.write() as tx:
            records.put(tx, zone_id, put)
            records.delete(tx, zone_id, keys[len(put) :])
            version = zone_rows.bump(tx, zone_id)
            touched = [(owner.lower().to_wire(), rtype, set_id) for owner, rtype, set_id in keys]
            outbox.append(tx, f"zone:{zone_id}", version, "records", touched)
            changes.open_change(
                tx,
                id=change_id,
                account_id="111111111111",
                subject=f"zone:{zone_id}",
                version=version,
                now=self.clock.now(),
            )
        return change_id

    def is_in_sync(self, change_id: str) -> bool:
        with self.store.read() as tx:
            change = changes.get(tx, change_id)
        assert change is not None
        return change.insync_at is not None

    def rows(self) -> int:
        with self.store.read() as tx:
            return len(outbox.pending(tx))

    def address(self, name: str) -> list[str]:
        """What the reference plane answers for a name's A."""
        self.plane.set_view("test", self._zone_ids())
        wire = self.plane.answer("test", dns.message.make_query(name, "A").to_wire(), self.clock.now())
        assert wire is not None
        return [r.to_text() for s in dns.message.from_wire(wire).answer for r in s]

    def _zone_ids(self) -> list[str]:
        with self.store.read() as tx:
            return [z.id for z in zone_rows.every(tx) if self.plane.version(z.id) is not None]


def stored(owner: Name, rtype: int, mnemonic: str, *rdatas: bytes, ttl: int = 300) -> StoredSet:
    return StoredSet(record=RecordSet(owner, rtype, ttl=ttl, rdatas=rdatas), type=mnemonic, shape={})


def zone_messages(publisher: Publisher, have: dict[str, int]) -> list[ToEdge]:
    """What a name server that serves these versions is sent of zones."""
    kinds = (ZoneSnapshot, ZoneDelta, ZoneGone)
    return [m for m in publisher.published.catch_up("edge", have) if isinstance(m, kinds)]


@pytest.fixture
def world(store: Store, clock: ManualClock, kek: Secret) -> World:
    return World(store, clock, kek)


@pytest.fixture
def started(world: World) -> Callable[[], World]:
    def start() -> World:
        world.publisher.start(world.outlet)
        world.outlet.take()
        return world

    return start


def test_a_new_zone_is_sent_whole_and_then_put_into_its_view(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    zone, view = world.outlet.take()
    assert isinstance(zone, ZoneSnapshot)
    assert (zone.zone_id, zone.version, zone.signing) == (zone_id, 1, None)
    assert view == ViewChange(view_id="set:N1", added=[zone_id], removed=[], serial=view.serial)
    again = world.publisher.published.whole("view:set:N1")
    assert isinstance(again, View)
    assert (again.zone_ids, len(again.addresses), again.serial) == ([zone_id], 4, view.serial)


def test_the_first_zone_of_a_new_delegation_set_brings_its_view(started: Callable[[], World]) -> None:
    world = started()
    with world.store.write() as tx:
        (n1,) = delegation_sets.every(tx)
        addresses = tuple(f"127.0.1.{n}" for n in range(4))
        delegation_sets.insert(tx, replace(n1, id="N2", number=2, addresses=addresses))
    zone_id = world.zone(set_id="N2")
    world.tick()
    zone, view = world.outlet.take()
    assert isinstance(zone, ZoneSnapshot) and isinstance(view, View)
    assert (view.view_id, view.addresses, view.zone_ids) == ("set:N2", list(addresses), [zone_id])


def test_what_one_zone_costs_does_not_grow_with_their_number(started: Callable[[], World]) -> None:
    world = started()
    for n in range(20):
        world.zone(Name.parse(f"company{n}.com."))
    world.tick()
    world.outlet.take()
    world.zone(Name.parse("one-more.com."))
    world.tick()
    _, view = world.outlet.take()
    assert isinstance(view, ViewChange) and len(view.added) == 1


def test_a_change_is_sent_as_a_delta_of_what_it_touched(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    world.write(zone_id, puts={f"h{n}.companya.com.": bytes([192, 0, 2, n]) for n in range(200)})
    world.tick()
    large = world.outlet.take()[-1]
    world.write(zone_id, puts={"h7.companya.com.": b"\xc0\x00\x02\xff"}, deletes=("h8.companya.com.",))
    world.tick()
    (small,) = world.outlet.take()
    assert isinstance(large, ZoneDelta) and isinstance(small, ZoneDelta)
    assert (small.base, small.version, small.signing) == (2, 3, msgspec.UNSET)
    assert len(small.edit) < len(large.edit) / 50
    assert world.address("h7.companya.com.") == ["192.0.2.255"]
    assert world.address("h8.companya.com.") == []
    assert world.claims[-1].absent == [(Name.parse("h8.companya.com."), A)]


def test_changes_that_wait_together_become_one_version(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    world.outlet.take()
    for n in range(5):
        world.write(zone_id, puts={f"h{n}.companya.com.": bytes([192, 0, 2, n])})
    world.tick()
    (delta,) = world.outlet.take()
    assert isinstance(delta, ZoneDelta)
    assert (delta.base, delta.version) == (1, 6)


def test_what_is_committed_while_another_zone_is_proven_is_served_too(started: Callable[[], World]) -> None:
    world = started()
    first, second = world.zone(), world.zone(Name.parse("companyb.com."))
    world.tick()
    world.write(first, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.write(second, puts={"a.companyb.com.": b"\xc0\x00\x02\x01"})

    def commit(claim: Claim) -> None:
        if claim.apex == APEX:
            world.write(second, puts={"b.companyb.com.": b"\xc0\x00\x02\x02"})

    world.while_proving = commit
    world.tick()
    world.while_proving = lambda claim: None
    world.tick()
    assert world.plane.version(second) == 3
    assert world.address("a.companyb.com.") == ["192.0.2.1"]
    assert world.address("b.companyb.com.") == ["192.0.2.2"]


def test_a_change_is_in_sync_when_every_edge_serves_it(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    first = world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.tick()
    assert not world.is_in_sync(first)
    second = world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x02"})
    world.outlet.serves["edge", f"zone:{zone_id}"] = 2
    world.tick()
    assert world.is_in_sync(first)
    assert not world.is_in_sync(second)
    assert world.rows() == 1
    world.outlet.serves["edge", f"zone:{zone_id}"] = 3
    world.tick()
    assert world.is_in_sync(second)
    assert world.rows() == 0


def test_what_is_not_proven_is_not_sent_and_is_tried_again(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    world.outlet.take()
    world.outlet.serves["edge", f"zone:{zone_id}"] = 1
    world.failing = "a signature does not verify"
    change = world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.tick()
    world.tick()
    assert len(world.claims) == 2  # not tried again at once
    assert world.outlet.take() == []
    assert world.address("a.companya.com.") == []
    assert not world.is_in_sync(change)
    world.failing = ""
    world.clock.advance(1)
    world.tick()
    assert world.address("a.companya.com.") == ["192.0.2.1"]
    world.outlet.serves["edge", f"zone:{zone_id}"] = 2
    world.tick()
    assert world.is_in_sync(change)


def test_one_zone_that_fails_does_not_hold_up_another(started: Callable[[], World]) -> None:
    world = started()
    bad, good = world.zone(), world.zone(Name.parse("companyb.com."))
    world.tick()
    with world.store.write() as tx:  # to be signed, without a key or signatures
        zone_rows.set_signing(tx, bad, signing_at=1, unsigning_at=None, unsigning_change_id=None)
        outbox.append(tx, f"zone:{bad}", zone_rows.bump(tx, bad), "signing")
    world.write(good, puts={"a.companyb.com.": b"\xc0\x00\x02\x01"})
    world.tick()
    assert world.plane.version(bad) == 1
    assert world.plane.version(good) == 2


def test_a_deleted_zone_leaves_the_view_before_it_goes(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    world.outlet.take()
    change = world.ids.change()
    with world.store.write() as tx:
        version = zone_rows.bump(tx, zone_id)
        zone_rows.delete(tx, zone_id)
        outbox.append(tx, f"zone:{zone_id}", version, "gone")
        changes.open_change(tx, id=change, account_id=None, subject=f"zone:{zone_id}", version=version, now=1)
    world.tick()
    view, gone = world.outlet.take()
    assert isinstance(view, ViewChange) and view.removed == [zone_id]
    assert isinstance(gone, ZoneGone) and gone.zone_id == zone_id
    assert world.plane.version(zone_id) is None
    assert not world.is_in_sync(change)
    world.outlet.gone = {f"zone:{zone_id}"}
    world.tick()
    assert world.is_in_sync(change)


def test_private_zones_and_vpcs_go_to_resolvers_alone(started: Callable[[], World]) -> None:
    world = started()
    with world.store.write() as tx:
        vpc = Vpc(
            id="vpc-1", account_id="111111111111", region="us-east-1", address="127.0.0.250", created_at=1
        )
        vpcs.insert(tx, vpc)
        outbox.append(tx, "vpc:vpc-1", 1, "vpc")
    world.tick()
    private = world.zone(Name.parse("corp.internal."), "private")
    with world.store.write() as tx:
        zone_rows.associate(tx, private, "vpc-1")
    change = world.write(private, puts={"a.corp.internal.": b"\x0a\x00\x00\x01"})
    world.tick()
    assert {role for role, _ in world.outlet.sent} == {"resolver"}
    first, zone, second = world.outlet.take()
    assert isinstance(first, VpcView) and first.zone_ids == []
    assert isinstance(zone, ZoneSnapshot)
    assert isinstance(second, VpcView) and second.zone_ids == [private]
    assert second.serial > first.serial
    world.outlet.serves["resolver", f"zone:{private}"] = 2
    world.tick()
    assert world.is_in_sync(change)
    sent = [type(m) for m in world.publisher.published.catch_up("edge", {})]
    assert sent == [RoutingFacts, QueryLogs, *[View] * 3]
    assert next(world.publisher.published.catch_up("resolver", {})) == BOOT


def test_an_edge_that_comes_back_gets_what_it_lacks(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    for n in range(3):
        world.write(zone_id, puts={"a.companya.com.": bytes([192, 0, 2, n])})
        world.tick()

    def zones(have: dict[str, int]) -> list[ToEdge]:
        return zone_messages(world.publisher, have)

    assert zones({zone_id: 4}) == []
    assert [(d.base, d.version) for d in zones({zone_id: 2}) if isinstance(d, ZoneDelta)] == [(2, 3), (3, 4)]
    (whole,) = zones({})
    assert isinstance(whole, ZoneSnapshot) and whole.version == 4
    assert zones({zone_id: 4, "Z-unknown": 9}) == [ZoneGone(zone_id="Z-unknown", version=0)]


def test_control_that_was_killed_goes_on_where_it_was(world: World) -> None:
    world.publisher.start(world.outlet)
    zone_id = world.zone()
    world.tick()
    world.outlet.serves["edge", f"zone:{zone_id}"] = 1
    world.tick()
    change = world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})

    again, world.outlet = world.make(), Outlet()  # killed before it published the change
    again.start(world.outlet)
    assert world.address("a.companya.com.") == ["192.0.2.1"]
    assert not world.is_in_sync(change)
    (delta,) = zone_messages(again, {zone_id: 1})
    assert isinstance(delta, ZoneDelta)  # an edge that lived on is not sent the zone again
    assert (delta.base, delta.version) == (1, 2)
    world.outlet.serves["edge", f"zone:{zone_id}"] = 2
    world.tick(again)
    assert world.is_in_sync(change)
    assert world.rows() == 0


def test_a_zone_that_cannot_be_proven_at_start_keeps_edges_as_they_are(world: World) -> None:
    world.failing = "no"
    zone_id = world.zone()
    world.publisher.start(world.outlet)
    assert zone_messages(world.publisher, {zone_id: 1}) == []


def test_a_database_that_fails_for_a_while_is_told_of_and_nothing_is_lost(
    started: Callable[[], World], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = started()
    zone_id = world.zone()
    change = world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.tick()
    world.outlet.serves["edge", f"zone:{zone_id}"] = 2
    for broken in ("note", "read"):
        world.publisher.wake()
        with monkeypatch.context() as patched:
            patched.setattr(world.store, broken, _raise)
            world.tick()
        assert not world.is_in_sync(change)
        assert "publishing-failed" in caplog.text
        caplog.clear()
        world.clock.advance(1)
    world.tick()
    assert world.is_in_sync(change)


def _raise() -> None:
    raise OSError("no space left on device")


def test_routing_facts_go_to_everybody_and_a_change_waits_for_all(started: Callable[[], World]) -> None:
    world = started()
    change = world.ids.change()
    with world.store.write() as tx:
        version = routing.bump(tx)
        outbox.append(tx, routing.SUBJECT, version, "routing")
        changes.open_change(tx, id=change, account_id=None, subject="routing", version=version, now=1)
    world.tick()
    assert {role for role, _ in world.outlet.sent} == {"edge", "resolver"}
    first, second = world.outlet.take()
    assert isinstance(first, RoutingFacts) and first == second
    assert first.version == version
    world.outlet.serves["edge", "routing"] = version
    world.tick()
    assert not world.is_in_sync(change)
    world.outlet.serves["resolver", "routing"] = version
    world.tick()
    assert world.is_in_sync(change)
    assert world.rows() == 0


def test_routing_facts_do_not_wait_for_a_proof(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    change = world.ids.change()
    seen: list[bool] = []

    def prove(answer: Answer, claim: Claim, now: int) -> Proof:
        with world.store.write() as tx:
            version = routing.bump(tx)
            outbox.append(tx, routing.SUBJECT, version, "routing")
            changes.open_change(tx, id=change, account_id=None, subject="routing", version=version, now=1)
        ask = build_query(7, APEX, RrType.SOA)
        for _ in range(2):  # once told, it is not told again
            world.clock.advance(1)
            assert answer(ask, now) is not None
        assert [type(message) for message in world.outlet.take()] == [RoutingFacts, RoutingFacts]
        for role in ("edge", "resolver"):
            world.outlet.serves[role, "routing"] = version
        world.publisher.acknowledged("routing")
        world.clock.advance(1)
        answer(ask, now)
        seen.append(world.is_in_sync(change))
        return prover.prove(answer, claim, now)

    world.outlet.take()
    world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.publisher._prove = prove
    world.tick()
    assert seen == [True]
    assert world.address("a.companya.com.") == ["192.0.2.1"]
    world.publisher._prove = world._prove
    world.outlet.serves["edge", f"zone:{zone_id}"] = 2
    world.tick()
    assert world.rows() == 0


def test_query_logs_are_directories_that_stay_below_theirs(started: Callable[[], World]) -> None:
    world = started()
    zone_id, other = world.zone(), world.zone(Name.parse("companyb.com."))
    world.tick()
    world.outlet.take()
    with world.store.write() as tx:
        for its_id, its_zone, group in (("1", zone_id, "/aws/route53/a.com"), ("2", other, "../..")):
            arn = f"arn:aws:logs:us-east-1:111111111111:log-group:{group}:*"
            config = query_logging.QueryLoggingConfig(
                id=its_id, account_id="111111111111", zone_id=its_zone, log_group_arn=arn, created_at=1
            )
            query_logging.insert(tx, config)
        query_logging.announce(tx)
    world.tick()
    (logs,) = world.outlet.take()
    assert isinstance(logs, QueryLogs)
    assert logs.zones == {
        zone_id: "/logs/111111111111/aws/route53/a.com",
        other: "/logs/111111111111/%2E%2E/%2E%2E",
    }
    assert world.rows() == 2  # the zones' own, which are waited for
    assert QueryLogs in [type(m) for m in world.publisher.published.catch_up("edge", {})]
    assert QueryLogs not in [type(m) for m in world.publisher.published.catch_up("resolver", {})]


def test_several_record_sets_of_a_name_are_proven_together(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.tick()
    owner = Name.parse("www.companya.com.")

    def weighted(set_id: str, last: int) -> StoredSet:
        record = RecordSet(
            owner, A, set_id, ttl=60, rdatas=[bytes([192, 0, 2, last])], routing=Routing.weighted(last)
        )
        return StoredSet(record=record, type="A", shape={})

    def write(puts: list[StoredSet], deletes: list[str]) -> None:
        with world.store.write() as tx:
            records.put(tx, zone_id, puts)
            records.delete(tx, zone_id, [(owner, A, set_id) for set_id in deletes])
            keys = [*(stored.record.set_id for stored in puts), *deletes]
            touched = [(owner.to_wire(), A, set_id) for set_id in keys]
            outbox.append(tx, f"zone:{zone_id}", zone_rows.bump(tx, zone_id), "records", touched)
        world.tick()

    write([weighted("blue", 1), weighted("green", 0)], [])
    assert {r.set_id for r in world.claims[-1].present} == {"blue", "green"}
    write([weighted("blue", 2)], [])
    assert {r.set_id for r in world.claims[-1].present} == {"blue", "green"}  # the answer may be either
    delta = world.outlet.take()[-1]
    assert isinstance(delta, ZoneDelta)
    assert [put.set_id for put in decode_edit(delta.edit)[0]] == ["blue"]
    write([], ["green"])
    assert {r.set_id for r in world.claims[-1].present} == {"blue"}
    assert world.claims[-1].absent == []
    write([], ["blue"])
    assert world.claims[-1].absent == [(owner, A)]
    assert world.address("www.companya.com.") == []


def test_operations_ask_the_published_version(started: Callable[[], World]) -> None:
    world = started()
    zone_id = world.zone()
    world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    packet = dns.message.make_query("a.companya.com.", "A").to_wire()
    published = world.publisher.published
    assert published.answer(zone_id, packet, world.clock.now(), client="192.0.2.9") is None
    world.tick()
    wire = published.answer(zone_id, packet, world.clock.now(), client="192.0.2.9")
    assert wire is not None
    assert [r.to_text() for s in dns.message.from_wire(wire).answer for r in s] == ["192.0.2.1"]


def test_after_a_reset_what_is_left_is_told_and_nothing_else_is_waited_for(
    started: Callable[[], World], ids: Ids, kek: Secret
) -> None:
    world = started()
    with world.store.write() as tx:
        settings = RegistrySettings(
            tlds=("com.",), root_address="127.0.0.1", tld_addresses=("127.0.0.2", "127.0.0.3")
        )
        registry.bootstrap(tx, kek=world.kek, ids=ids, now=world.clock.now(), settings=settings)
        reset.remember(tx)
    zone_id = world.zone()
    world.write(zone_id, puts={"a.companya.com.": b"\xc0\x00\x02\x01"})
    world.tick()
    world.failing = "no"
    unproven = world.zone(Name.parse("companyb.com."))
    world.tick()
    world.failing = ""
    world.outlet.take()
    change = ids.change()
    with world.store.write() as tx:
        reset.empty(tx, change_id=change, account_id="111111111111", now=world.clock.now())
        registry.restore(tx, kek=world.kek, ids=ids, now=world.clock.now())
    world.tick()
    sent = world.outlet.take()
    left = [m for m in sent if isinstance(m, Reset)]
    assert len(left) == 2 and left[0] == left[1]
    assert zone_id not in left[0].zone_ids and unproven not in left[0].zone_ids
    assert left[0].view_ids == ["root", "tlds"]
    assert {type(m) for m in sent} == {Reset, ZoneDelta}  # and the registry's zones, as they were
    assert world.plane.version(zone_id) is None
    assert zone_messages(world.publisher, {}) != []
    assert [
        m.version for m in world.publisher.published.catch_up("resolver", {}) if isinstance(m, Reset)
    ] == [1]
    world.outlet.serves["edge", "reset"] = 1
    world.tick()
    assert not world.is_in_sync(change)
    world.outlet.serves["resolver", "reset"] = 1
    world.tick()
    assert world.is_in_sync(change)
    world.clock.advance(60)
    world.tick()
    assert world.outlet.take() == []  # what was unproven is not tried again
    again = world.make()
    again.start(Outlet())
    assert [m.version for m in again.published.catch_up("edge", {}) if isinstance(m, Reset)] == [1]
