"""A VPC's life as its resolver is told of it: made, changed in its DNS attributes, deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from seal53.base.clock import ManualClock
from seal53.core import DataPlane
from seal53.feed.messages import ResolverBoot, ToEdge, Vpcs, VpcView
from seal53.reconcile import prover
from seal53.reconcile.compose import RegistryAddresses
from seal53.reconcile.publish import Publisher
from seal53.store import Store, accounts, changes, outbox, vpcs
from seal53.store.vpcs import Vpc

SUBJECT = "vpc:vpc-1"


class Resolvers:
    """One resolver process: `sent` is what it was told, `has` what it says it serves."""

    def __init__(self) -> None:
        self.sent: list[ToEdge] = []
        self.has: dict[str, int] = {}

    def send_soon(self, role: str, message: ToEdge) -> None:
        self.sent += [message] if isinstance(message, VpcView | Vpcs) else []

    def served(self, role: str, subject: str) -> int | None:
        return self.has.get(subject)

    def dropped(self, subject: str) -> bool:
        return subject not in self.has

    def take(self) -> list[ToEdge]:
        taken, self.sent = self.sent, []
        return taken


class World:
    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.resolvers = store, ManualClock(), Resolvers()
        with store.write() as tx:
            accounts.create(tx, id="111111111111", name="a", now=self.clock.now())
        self.publisher = self.start()

    def start(self) -> Publisher:
        """A control process."""
        publisher = Publisher(
            self.store,
            DataPlane(bytes(32)),
            prove=prover.prove,
            registry=RegistryAddresses(root=(), tlds=()),
            boot=ResolverBoot(hints=[], anchors=[], upstream_port=53),
            clock=self.clock,
            logs=Path("/logs"),
        )
        self.store.watch((outbox.TABLE,), publisher.wake)
        publisher.start(self.resolvers)
        return publisher

    def tick(self) -> None:
        self.publisher.acknowledged(None)
        self.publisher.tick()

    def commit(self, version: int, what: Vpc | None) -> str:
        """A version of the VPC as its operations leave it; the change's id."""
        change_id = f"C{version}"
        with self.store.write() as tx:
            vpcs.delete(tx, "vpc-1")
            if what is not None:
                vpcs.insert(tx, what)
            outbox.append(tx, SUBJECT, version, "vpc")
            changes.open_change(
                tx,
                id=change_id,
                account_id="111111111111",
                subject=SUBJECT,
                version=version,
                now=self.clock.now(),
            )
        self.tick()
        return change_id

    def in_sync(self, change_id: str) -> bool:
        with self.store.read() as tx:
            change = changes.get(tx, change_id)
        assert change is not None
        return change.insync_at is not None


def vpc(version: int, *, support: bool = True, hostnames: bool = True) -> Vpc:
    return Vpc(
        id="vpc-1",
        account_id="111111111111",
        region="us-east-1",
        address="127.53.0.254",
        created_at=0,
        version=version,
        dns_support=support,
        dns_hostnames=hostnames,
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = Store(tmp_path / "store.db")
    store.open()
    yield World(store)
    store.close()


def test_dns_attributes_go_with_a_vpcs_versions(world: World) -> None:
    told = []
    for version, (support, hostnames) in enumerate(
        ((True, True), (True, False), (False, False), (False, True)), start=1
    ):
        world.commit(version, vpc(version, support=support, hostnames=hostnames))
        (view,) = world.resolvers.take()
        assert isinstance(view, VpcView)
        told.append((view.version, view.resolves, view.private))
    assert told == [(1, True, True), (2, True, False), (3, False, False), (4, False, False)]


def test_the_change_of_a_deleted_vpc_closes_when_no_resolver_has_it(world: World) -> None:
    made = world.commit(1, vpc(1))
    world.resolvers.has[SUBJECT] = 1
    world.tick()
    assert world.in_sync(made)
    world.resolvers.take()
    ended = world.commit(2, None)
    (list_,) = world.resolvers.take()
    assert isinstance(list_, Vpcs)
    assert list_.vpc_ids == []
    assert not world.in_sync(ended)
    del world.resolvers.has[SUBJECT]
    world.tick()
    assert world.in_sync(ended)
    with world.store.read() as tx:
        assert outbox.pending(tx) == []


def test_a_control_process_that_starts_between_says_which_vpcs_there_are(world: World) -> None:
    world.commit(1, vpc(1))
    world.resolvers.has[SUBJECT] = 1
    world.publisher.stop()
    with world.store.write() as tx:
        vpcs.delete(tx, "vpc-1")
        outbox.append(tx, SUBJECT, 2, "vpc")
    world.publisher = world.start()
    told = [m for m in world.publisher.published.catch_up("resolver", {}) if isinstance(m, Vpcs | VpcView)]
    assert [type(message) for message in told] == [Vpcs]
    del world.resolvers.has[SUBJECT]
    world.tick()
    with world.store.read() as tx:
        assert outbox.pending(tx) == []
