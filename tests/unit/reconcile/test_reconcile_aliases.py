"""The aliases loop: names of AWS services looked up at once, again and again, and given up in time."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from seal53.base.clock import ManualClock
from seal53.core import Name, RecordSet, RrType
from seal53.reconcile.aliases import (
    AT_ONCE,
    FIRST_RETRY_S,
    LONGEST_RETRY_S,
    MOST_RECORDS,
    RENEW_S,
    SPREAD_S,
    STALE_S,
    AliasLoop,
    learned,
    plan,
)
from seal53.resolver.lookup import Question, Seen
from seal53.services.route53 import written
from seal53.store import Store, accounts, alias_targets, outbox, records
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found, OutwardAlias, Sought
from seal53.store.records import StoredSet
from seal53.store.zones import HostedZone

ACCOUNT = "111122223333"
BALANCER = "lb.eu-west-1.elb.amazonaws.com."
ONE, TWO = b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"
FAILED = Seen(failure="no server answers")
GONE = Seen(gone=True, failure="it does not exist")


def at(*rdatas: bytes) -> Seen:
    return Seen(rdatas=rdatas)


@dataclass
class Names:
    """What is found by name; `during` runs while something is looked up."""

    held: dict[str, Seen] = field(default_factory=dict)
    rounds: list[list[str]] = field(default_factory=list)
    during: Callable[[], None] | None = None

    def find(self, questions: Sequence[Question]) -> list[Seen]:
        self.rounds.append([str(name) for name, _ in questions])
        if self.during is not None:
            self.during()
        return [self.held.get(str(name), FAILED) for name, _ in questions]


@dataclass
class World:
    store: Store
    names: Names
    clock: ManualClock
    loop: AliasLoop

    def alias(self, owner: str, target: str = BALANCER, *, zone: str = "Z1", rtype: str = "A") -> None:
        name = Name.parse(owner)
        number = {"A": RrType.A, "AAAA": RrType.AAAA, "HTTPS": RrType.HTTPS, "CNAME": RrType.CNAME}[rtype]
        its = OutwardAlias(
            zone_id=zone,
            owner=name,
            type=rtype,
            set_id="",
            target_zone_id=None,
            target=Name.parse(target),
            found=Found(),
        )
        with self.store.write() as tx:
            record = RecordSet(name, number, unresolved=True)
            shape = {
                "Name": owner,
                "Type": rtype,
                "AliasTarget": {"HostedZoneId": "ZELB", "DNSName": target, "EvaluateTargetHealth": False},
            }
            records.put(tx, zone, [StoredSet(record=record, type=rtype, shape=shape)])
            alias_targets.put(tx, [its])

    def tick(self, *, after_s: int = 0) -> int | None:
        self.clock.advance(after_s)
        return self.loop.tick(self.clock.now())

    def settle(self, *, after_s: int = 0) -> int | None:
        """Rounds until nothing is due."""
        wake_at = self.tick(after_s=after_s)
        for _ in range(50):
            if wake_at is None or wake_at > self.clock.now():
                return wake_at
            wake_at = self.tick()
        raise AssertionError("it never comes to rest")

    def item(self, owner: str, zone: str = "Z1") -> RecordSet:
        with self.store.read() as tx:
            (stored,) = records.at(tx, zone, Name.parse(owner))
        return stored.record

    def answered(self, owner: str = "a.example.com.") -> tuple[bytes, ...] | None:
        """Addresses; () for NODATA, None for SERVFAIL."""
        item = self.item(owner)
        if item.unresolved:
            return None
        if item.alias is not None:
            return ()
        (only,) = item.written
        assert only.ttl == 60
        return only.rdatas

    def version(self, zone: str = "Z1") -> int:
        with self.store.read() as tx:
            row = zone_rows.get(tx, zone)
        assert row is not None
        return row.version

    def known(self, target: str = BALANCER) -> Found:
        with self.store.read() as tx:
            found = alias_targets.known(tx, Name.parse(target), "A")
        assert found is not None
        return found


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    store = Store(tmp_path / "db")
    store.open()
    clock = ManualClock()
    with store.write() as tx:
        accounts.create(tx, id=ACCOUNT, name="one", now=clock.now())
        for zone_id, name in (("Z1", "example.com."), ("Z2", "example.net.")):
            zone_rows.insert(
                tx,
                HostedZone(
                    id=zone_id,
                    account_id=ACCOUNT,
                    kind="public",
                    name=Name.parse(name),
                    caller_reference=zone_id,
                    created_at=clock.now(),
                ),
            )
    names = Names()
    yield World(store, names, clock, AliasLoop(store, names, written.renew))
    store.close()


def test_without_such_aliases_there_is_nothing_to_wait_for(world):
    assert world.tick() is None
    assert world.names.rounds == []


def test_a_new_name_is_looked_up_at_once_and_renewed_every_minute(world):
    world.alias("a.example.com.")
    assert world.answered() is None
    world.names.held[BALANCER] = at(ONE)
    wake_at = world.settle()
    now = world.clock.now()
    assert wake_at is not None
    assert now + RENEW_S - SPREAD_S <= wake_at <= now + RENEW_S
    assert world.answered() == (ONE,)
    assert world.tick() == wake_at  # nothing is due
    assert len(world.names.rounds) == 1
    world.names.held[BALANCER] = at(ONE, TWO)
    world.settle(after_s=wake_at - now)
    assert world.answered() == (ONE, TWO)
    assert len(world.names.rounds) == 2


def test_only_another_answer_makes_a_version(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    before = world.version()
    world.settle()
    with world.store.read() as tx:
        (row,) = outbox.pending(tx)
    assert (row.subject, row.version, row.kind) == ("zone:Z1", before + 1, "records")
    assert row.detail == [[Name.parse("a.example.com.").to_wire(), RrType.A, ""]]
    for _ in range(5):
        world.settle(after_s=RENEW_S)
    assert world.version() == before + 1
    assert world.known().found_at == world.clock.now()
    assert len(world.names.rounds) == 6


def test_one_lookup_serves_all_aliases_of_a_name_and_type(world):
    for owner, zone in (("a.example.com.", "Z1"), ("b.example.com.", "Z1"), ("a.example.net.", "Z2")):
        world.alias(owner, zone=zone)
    world.alias("six.example.com.", rtype="AAAA")
    world.names.held[BALANCER] = at(ONE)
    world.settle()
    assert [sorted(names) for names in world.names.rounds] == [[BALANCER, BALANCER]]
    assert world.answered("a.example.com.") == world.answered("b.example.com.") == (ONE,)
    assert world.item("a.example.net.", "Z2").written[0].rdatas == (ONE,)
    assert world.version("Z2") == 2


def test_no_address_of_the_type_is_no_data(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at()
    world.settle()
    assert world.answered() == ()
    world.names.held[BALANCER] = at(ONE)
    world.settle(after_s=RENEW_S)
    assert world.answered() == (ONE,)


def test_the_last_answer_is_kept_for_an_hour_of_failures(world, caplog):
    caplog.set_level(logging.WARNING)
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    world.settle()
    found_at = world.clock.now()
    version = world.version()
    world.names.held[BALANCER] = FAILED
    wake_at = world.settle(after_s=RENEW_S)
    while world.clock.now() < found_at + STALE_S:
        assert world.answered() == (ONE,)
        assert world.version() == version
        assert wake_at is not None
        assert FIRST_RETRY_S <= wake_at - world.clock.now() <= LONGEST_RETRY_S
        wake_at = world.settle(after_s=wake_at - world.clock.now())
    assert world.clock.now() == found_at + STALE_S  # it is given up in time, whatever the backoff
    assert world.answered() is None
    assert world.version() == version + 1
    assert len(world.names.rounds) < 25
    told = [r.getMessage() for r in caplog.records if "alias-target" in r.getMessage()]
    assert len(told) == 2
    world.names.held[BALANCER] = at(TWO)
    world.settle(after_s=LONGEST_RETRY_S)
    assert world.answered() == (TWO,)
    assert world.known().failing_at is None


def test_a_failure_that_passes_changes_nothing(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    world.settle()
    version = world.version()
    world.names.held[BALANCER] = FAILED
    world.settle(after_s=RENEW_S)
    assert world.known().failure == "no server answers"
    world.names.held[BALANCER] = at(ONE)
    world.settle(after_s=FIRST_RETRY_S)
    assert world.known() == Found(rdatas=(ONE,), found_at=world.clock.now(), look_at=world.known().look_at)
    assert world.version() == version


def test_a_name_that_is_gone_is_not_answered_any_more(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    world.settle()
    world.names.held[BALANCER] = GONE
    world.settle(after_s=RENEW_S)
    assert world.answered() is None
    world.names.held[BALANCER] = at(TWO)
    world.settle(after_s=FIRST_RETRY_S)
    assert world.answered() == (TWO,)


def test_a_name_that_was_never_found_is_tried_less_and_less_often(world):
    world.alias("a.example.com.")
    pauses = []
    wake_at = world.settle()
    for _ in range(12):
        assert wake_at is not None
        pauses.append(wake_at - world.clock.now())
        wake_at = world.settle(after_s=pauses[-1])
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_RETRY_S, LONGEST_RETRY_S)
    assert world.version() == 1


def test_many_names_take_several_rounds(world):
    for n in range(AT_ONCE + 5):
        world.alias(f"a{n}.example.com.", f"lb-{n}.{BALANCER}")
        world.names.held[f"lb-{n}.{BALANCER}"] = at(ONE)
    world.settle()
    assert [len(names) for names in world.names.rounds] == [AT_ONCE, 5]
    assert world.version() == 3  # one for each round


def test_an_alias_that_is_deleted_is_looked_up_no_more(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    world.settle()
    with world.store.write() as tx:
        alias_targets.delete(tx, "Z1", [(Name.parse("a.example.com."), RrType.A, "")])
    assert world.settle(after_s=RENEW_S) is None
    assert len(world.names.rounds) == 1


def test_what_changes_while_a_name_is_looked_up(world):
    world.alias("a.example.com.")
    world.names.held[BALANCER] = at(ONE)
    world.settle()

    def during():
        with world.store.write() as tx:
            alias_targets.delete(tx, "Z1", [(Name.parse("a.example.com."), RrType.A, "")])
            records.delete(tx, "Z1", [(Name.parse("a.example.com."), RrType.A, "")])
        world.alias("b.example.com.")  # knows nothing yet
        world.names.during = None

    world.names.during = during
    world.settle(after_s=RENEW_S)
    assert world.answered("b.example.com.") == (ONE,)


@pytest.mark.parametrize(
    ("rtype", "rdatas"),
    [
        ("A", (b"\xc0\x00\x02",)),
        ("A", (ONE, bytes(16))),
        ("AAAA", (ONE,)),
        ("HTTPS", (b"\0",)),
        ("CNAME", (Name.parse("x.").to_wire(), Name.parse("y.").to_wire())),
        ("A", tuple(bytes((10, 0, n // 256, n % 256)) for n in range(MOST_RECORDS + 1))),
    ],
)
def test_what_a_zone_could_not_hold_is_not_taken(world, rtype, rdatas):
    world.alias("a.example.com.", rtype=rtype)
    world.names.held[BALANCER] = at(*rdatas)
    world.settle()
    assert world.item("a.example.com.").unresolved


@pytest.mark.parametrize(
    ("rtype", "rdata"),
    [
        ("AAAA", bytes(16)),
        ("HTTPS", b"\x00\x01\x00\x00\x01\x00\x03\x02h2"),
        ("CNAME", Name.parse("x.example.").to_wire()),
    ],
)
def test_other_types_are_taken_too(world, rtype, rdata):
    world.alias("a.example.com.", rtype=rtype)
    world.names.held[BALANCER] = at(rdata)
    world.settle()
    assert world.item("a.example.com.").written[0].rdatas == (rdata,)


def test_a_plan_has_new_names_first_and_failing_ones_last():
    def sought(name: str, **found: int) -> Sought:
        return Sought(target=Name.parse(name), type="A", found=Found(**found))

    failing, late, new = (
        sought("failing.", failing_at=1, look_at=2),
        sought("late.", found_at=1, look_at=3),
        sought("new."),
    )
    made = plan([failing, late, new], 0, 100)
    assert [str(look.target) for look in made.looks] == ["new.", "late.", "failing."]
    assert made.wake_at == 100
    assert plan([], 160, 100) == plan([], 160, 100)
    assert plan([], 160, 100).wake_at == 160
    assert plan([], None, 100).wake_at is None


def test_names_are_spread_over_some_seconds():
    looks = {
        learned(Sought(target=Name.parse(f"n{n}."), type="A", found=Found()), at(ONE), 0).look_at
        for n in range(200)
    }
    assert looks == set(range(RENEW_S - SPREAD_S, RENEW_S + 1))
