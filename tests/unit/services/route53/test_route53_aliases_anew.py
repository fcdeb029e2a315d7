"""Whatever happens to zones with aliases between them, what is stored is what would be written out anew."""

import itertools
from typing import Any

from alias_zones import BALANCER, ONE, THREE, TWO, Zones, inward, learn, outward, plain, versions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seal53.core import Name, RecordSet, RrType
from seal53.services.route53 import written
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found
from seal53.store.zones import HostedZone
from seal53.zones.change import BatchRefused
from seal53.zones.recordset import ZoneSet

APEXES = ("one.example.", "two.example.", "three.example.")
NAMES = [f"{label}.{apex}" for apex in APEXES for label in "ab"]
SET_IDS = ("", "1")

Content = Any
"""("records", rdatas) | ("group", ((set id, content), ...)) | "unresolved" | None: nothing."""

HELD = st.one_of(
    st.tuples(st.just("plain"), st.sampled_from([ONE, TWO, THREE])),
    st.tuples(st.just("alias"), st.sampled_from(NAMES)),
    st.tuples(st.just("alias"), st.sampled_from(NAMES)),
    st.tuples(st.just("service"), st.none()),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(SET_IDS), HELD), max_size=3),
        ),
        st.tuples(st.just("delete"), st.tuples(st.sampled_from(NAMES), st.sampled_from(SET_IDS))),
        st.tuples(st.just("learn"), st.sampled_from([None, (), (ONE,), (TWO,)])),
    ),
    min_size=3,
    max_size=14,
)


def zone_of(name: str) -> str:
    return name.split(".", 1)[1]


class Anew:
    """What aliases hold, from what was asked for alone, without memory of how it came about."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], tuple[str, Any]] = {}
        self.service: tuple[bytes, ...] | None = None

    def hold(self, more: dict[tuple[str, str], tuple[str, Any]]) -> None:
        self.held.update(more)
        if not any(what == "service" for what, _ in self.held.values()):
            self.service = None  # what was found is forgotten with the last alias that points there

    def content(self, name: str, set_id: str, trail: tuple[str, ...]) -> Content:
        kind, value = self.held[name, set_id]
        if kind == "plain":
            return ("records", (value,))
        if kind == "service":
            if self.service is None:
                return "unresolved"
            return self.folded((("", ("records", self.service)),) if self.service else ())
        group = self.group(value, trail)
        if group is None:
            return None if zone_of(value) == zone_of(name) else "unresolved"
        return self.folded(group)

    def folded(self, group: tuple[Any, ...]) -> Content:
        if len(group) == 1 and group[0][1] == "unresolved":
            return "unresolved"
        return ("group", group) if group else None

    def group(self, name: str, trail: tuple[str, ...]) -> tuple[Any, ...] | None:
        if name in trail:
            circle = {zone_of(on_the_way) for on_the_way in trail[trail.index(name) :]}
            return None if len(circle) == 1 else (("", "unresolved"),)
        here = sorted(set_id for owner, set_id in self.held if owner == name)
        if not here:
            return None
        contents = [(set_id, self.content(name, set_id, (*trail, name))) for set_id in here]
        return tuple((set_id, content) for set_id, content in contents if content is not None)


def shown(record: RecordSet) -> Content:
    if record.unresolved:
        return "unresolved"
    if record.written:
        return ("group", tuple((copy.set_id, shown(copy)) for copy in record.written))
    if record.alias is not None:
        assert record.alias.labels[0] == b"\0"
        return None
    return ("records", record.rdatas)


_NUMBERS = itertools.count()


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_what_is_stored_is_what_would_be_written_out_anew(a, steps):
    number = next(_NUMBERS)
    zones = Zones(a, {apex: f"Z{number}{apex[0:3].upper()}" for apex in APEXES})
    balancer = f"lb-{number}.{BALANCER}"
    with zones.store.write() as tx:
        for apex, zone_id in zones.ids.items():
            zone_rows.insert(
                tx,
                HostedZone(
                    id=zone_id,
                    account_id=a.caller.account_id,
                    kind="public",
                    name=Name.parse(apex),
                    caller_reference=zone_id,
                    created_at=0,
                ),
            )
    anew = Anew()
    for kind, given_ in steps:
        before = {key: zones.item(zone_of(key[0]), *key) for key in anew.held}
        at = versions(zones)
        if kind == "put":
            batch = {(name, set_id): held for name, set_id, held in given_}
            for apex in APEXES:
                puts = {key: held for key, held in batch.items() if zone_of(key[0]) == apex}
                try:
                    zones.batch(apex, *(made(zones, balancer, *key, held) for key, held in puts.items()))
                except BatchRefused as e:
                    assert all("not found" in message for message in e.messages)
                else:
                    anew.hold(puts)
        elif kind == "delete" and given_ in anew.held:
            name = given_[0]
            held = made(zones, balancer, *given_, anew.held.pop(given_))
            zones.batch(zone_of(name), deletes=(held,))
            anew.hold({})
        elif kind == "learn":
            anew.service = given_
            learn(zones, Found(rdatas=given_), balancer)
            anew.hold({})
        for (name, set_id), (what, value) in anew.held.items():
            item = zones.item(zone_of(name), name, set_id)
            if what == "service" or (what == "alias" and zone_of(value) != zone_of(name)):
                assert shown(item) == anew.content(name, set_id, (name,)), (name, set_id)
            if before.get((name, set_id), item) != item:
                assert versions(zones)[zone_of(name)] > at[zone_of(name)]
    with zones.store.write() as tx:  # and nothing is rewritten that was written already
        for apex, zone_id in zones.ids.items():
            everything = [(Name.parse(name), int(RrType.A), "") for name in NAMES if zone_of(name) == apex]
            assert written.follow_up(tx, zone_id, everything) == {}
        assert written.renew(tx, [(Name.parse(balancer), "A")]) == {}


def made(zones: Zones, balancer: str, name: str, set_id: str, held: tuple[str, Any]) -> ZoneSet:
    kind, value = held
    if kind == "plain":
        return plain(name, value, set_id=set_id)
    if kind == "service":
        return outward(name, zones.to("Z32O12XQLNTSW2", balancer), set_id=set_id)
    if zone_of(value) == zone_of(name):
        return inward(zones, zone_of(name), name, value, set_id=set_id)
    return outward(name, zones.to(zone_of(value), value), set_id=set_id)
