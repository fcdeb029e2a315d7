"""Change batches against a naive model: applied whole or not at all, in order; and the listing order."""

import string
from dataclasses import dataclass, replace

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from seal53.core import Name
from seal53.zones import batch, change, defaults, names, routing
from seal53.zones.batch import Limits
from seal53.zones.change import BatchRefused, Facts, Zone
from seal53.zones.listing import Position, sort_key
from seal53.zones.recordset import Action, AliasTarget, Change, Given, Key, ZoneSet
from seal53.zones.routing import CidrBlocks, Failover, GeoLocation, Latency, Multivalue, Policy, Weighted

APEX = Name.parse("example.com.")
ZONE = Zone(id="Z0EXAMPLE", apex=APEX)
FRESH = defaults.public_zone(APEX, [Name.parse("ns-0.set-01.seal53.")])
FACTS = Facts(cidr=frozenset({("c", "*"), ("c", "l"), ("d", "*")}))

# Few owners, types and values, so that changes meet each other often.
OWNERS = ("example.com.", "a.example.com.", "b.example.com.", "c.example.com.", "*.example.com.")
# Spellings of a value, with what they mean; None: they mean nothing.
VALUES: dict[str, dict[str, str | None]] = {
    "A": {"192.0.2.1": "1", "192.0.2.2": "2", "192.0.2.300": None},
    "TXT": {'"x"': "x", '"\\170"': "x", '"y"': "y"},
    "CNAME": {"x.example.org": "x", "X.example.org.": "x", "y.example.org": "y"},
    "NS": {"ns-0.set-01.seal53.": "0", "ns.example.org": "1"},
}
POLICIES: tuple[Policy | None, ...] = (
    None,
    Weighted(1),
    Weighted(2),
    Latency("eu-west-1"),
    Latency("us-east-1"),
    Failover(True),
    Failover(False),
    Multivalue(),
    GeoLocation(country="*"),
    GeoLocation(continent="EU"),
    CidrBlocks("c", "*"),
    CidrBlocks("c", "l"),
    CidrBlocks("c", "no"),
    CidrBlocks("d", "*"),
)


# --- the model: a set is what it means, a zone is a mapping of such sets


@dataclass(frozen=True)
class Means:
    """`values`: of an alias, its target; None: a value that is none."""

    ttl: int | None
    values: frozenset[str] | str | None
    policy: Policy | None
    health_check: str | None

    @property
    def is_alias(self) -> bool:
        return isinstance(self.values, str)


Place = tuple[str, str, str]
Model = dict[Place, Means]


def _naive(before: Model, changes: list[tuple[Action, Place, Means]]) -> Model | None:
    """One change after the other, None as soon as one is not allowed."""
    first: dict[Place, Action] = {}
    for action, place, _ in changes:
        first.setdefault(place, action)
    waiting = {place for place in before if first.get(place) == "UPSERT"}
    zone = {place: held for place, held in before.items() if place not in waiting}
    seen: dict[Place, list[str]] = {}
    for action, place, wanted in changes:
        seen.setdefault(place, []).append(action)
        if len(seen[place]) > 1 and seen[place] not in (["DELETE", "CREATE"], ["DELETE", "UPSERT"]):
            return None
        if action == "DELETE":
            if place not in zone or zone.pop(place) != wanted:
                return None
            continue
        if place in zone and action == "CREATE":
            return None
        there = {at for at in zone.keys() | waiting if at[:2] == (wanted.values, place[1])}
        if wanted.is_alias and not there:
            return None
        zone.pop(place, None)
        if not _may_be(place, wanted) or not all(_go(place, wanted, *held) for held in zone.items()):
            return None
        zone[place] = wanted
    if ("example.com.", "NS", "") not in zone or any(_leads_back(zone, place) for place in zone):
        return None
    return zone


def _may_be(place: Place, wanted: Means) -> bool:
    owner, rtype, _ = place
    if wanted.values is None or (owner, rtype) == ("example.com.", "CNAME"):
        return False
    if rtype == "NS" and (owner == "*.example.com." or wanted.policy or wanted.is_alias):
        return False
    if rtype == "CNAME" and not wanted.is_alias and len(wanted.values) > 1:
        return False
    match wanted.policy:
        case None:
            return not (wanted.is_alias and wanted.health_check)
        case Multivalue():
            return rtype != "CNAME" and not wanted.is_alias
        case CidrBlocks(collection, location):
            return (collection, location) in FACTS.cidr
    return True


def _go(place: Place, one: Means, at: Place, other: Means) -> bool:
    """Whether two sets may stand in one zone."""
    if place[0] != at[0]:
        return True
    if place[1] != at[1]:
        return "CNAME" not in (place[1], at[1])
    mine, its = one.policy, other.policy
    match mine, its:
        case Weighted(), Weighted():
            return one.is_alias or other.is_alias or one.ttl == other.ttl
        case Multivalue(), Multivalue():
            return True
        case CidrBlocks(collection, _), CidrBlocks(of_other, _):
            return collection == of_other and mine != its
    return mine is not None and type(mine) is type(its) and mine != its


def _leads_back(zone: Model, place: Place) -> bool:
    reached: set[str] = set()
    more = {place[0]}
    while more:
        here = {held.values for at, held in zone.items() if at[1] == place[1] and at[0] in more}
        more = {target for target in here if isinstance(target, str)} - reached
        reached |= more
    return place[0] in reached


# --- changes, and what they mean


@st.composite
def _new(draw: st.DrawFn) -> Given:
    rtype = draw(st.sampled_from(("A", "A", "A", "A", "TXT", "CNAME", "NS")))
    policy = draw(st.sampled_from(POLICIES)) if draw(st.booleans()) else None
    its = Given(name=draw(st.sampled_from(OWNERS)).removesuffix("."), type=rtype)
    if policy is not None:
        sent = routing.sent(routing.to_shape(policy))
        its = replace(its, policy=policy, sent=sent, set_id=draw(st.sampled_from("xyz")))
        its = replace(its, health_check=draw(st.sampled_from((None, "h"))))
    if draw(st.integers(0, 3)) == 0:
        target = AliasTarget(zone_id=ZONE.id, name=draw(st.sampled_from(OWNERS)), evaluate_health=False)
        return replace(its, alias=target)
    good = [value for value, meaning in VALUES[rtype].items() if meaning is not None]
    values = st.lists(st.sampled_from(good), min_size=1, max_size=2, unique_by=VALUES[rtype].get)
    bad = draw(st.integers(0, 9)) == 0 and rtype == "A"
    return replace(
        its,
        ttl=draw(st.sampled_from((60, 60, 172800))),
        values=("192.0.2.300",) if bad else tuple(draw(values)),
    )


def _again(held: ZoneSet) -> Given:
    """What is there already, as it would be named to delete it."""
    return Given(
        name=names.show(held.owner),
        type=held.type,
        set_id=held.record.set_id or None,
        ttl=None if held.alias is not None else held.record.ttl,
        values=held.values or None,
        alias=held.alias,
        sent=() if held.policy is None else routing.sent(routing.to_shape(held.policy)),
        policy=held.policy,
        health_check=held.health_check,
    )


def _changes(state: dict[Key, ZoneSet]) -> st.SearchStrategy[Change]:
    """Of new record sets, and of those that are there."""
    there = [_again(held) for held in state.values() if held.owner != APEX or held.type not in ("NS", "SOA")]
    there = there or [_again(state[APEX, "NS", ""])]
    of_new = st.builds(
        Change,
        action=st.sampled_from((Action.CREATE, Action.CREATE, Action.UPSERT, Action.DELETE)),
        given=_new(),
    )
    of_old = st.builds(
        Change,
        action=st.sampled_from((Action.DELETE, Action.DELETE, Action.UPSERT, Action.CREATE)),
        given=st.sampled_from(there),
    )
    return st.one_of(of_new, of_old)


def _meant(wanted: Change) -> tuple[Action, Place, Means]:
    its = wanted.given
    values: frozenset[str] | str | None
    if its.alias is not None:
        values = its.alias.name.replace("\\052", "*")
    else:
        found = [VALUES[its.type][value] for value in its.values or ()]
        values = None if None in found else frozenset(filter(None, found))
    means = Means(its.ttl, values, its.policy, its.health_check)
    owner = its.name.removesuffix(".").replace("\\052", "*")
    return wanted.action, (f"{owner}.", its.type, its.set_id or ""), means


def _model(state: dict[Key, ZoneSet]) -> Model:
    found: Model = {}
    for (owner, rtype, set_id), held in state.items():
        if rtype == "SOA":
            continue
        target = held.alias
        known = VALUES[rtype]
        means = Means(
            ttl=None if target is not None else held.record.ttl,
            values=frozenset(filter(None, (known[v] for v in held.values)))
            if target is None
            else target.name.replace("\\052", "*"),
            policy=held.policy,
            health_check=held.health_check,
        )
        found[names.show(owner).replace("\\052", "*"), rtype, set_id] = means
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_batches_do_what_the_naive_model_does_or_nothing(data: st.DataObject) -> None:
    state = {held.key: held for held in FRESH}
    for _ in range(12):
        changes = data.draw(st.lists(_changes(state), min_size=1, max_size=4))
        expected = _naive(_model(state), [_meant(wanted) for wanted in changes])
        batch.check(changes, Limits())
        read = batch.read(changes)
        try:
            edit = change.decide(ZONE, read, _seen(read, state), limits=Limits(), facts=FACTS)
        except BatchRefused as refused:
            assert expected is None, refused
            assert refused.messages
            continue
        for key in edit.deletes:
            del state[key]
        state.update({held.key: held for held in edit.puts})
        assert _model(state) == expected
        touched = {*edit.deletes, *(held.key for held in edit.puts)}
        assert touched <= {(names.parse(c.given.name), c.given.type, c.given.set_id or "") for c in changes}


def _seen(read: batch.Batch, state: dict[Key, ZoneSet]) -> list[ZoneSet]:
    """What a batch says that it must see, and nothing else of the zone."""
    seen = set(read.owners(ZONE.id))
    while True:
        present = [held for held in state.values() if held.owner in seen]
        more = batch.further(read, ZONE.id, present, seen)
        if not more:
            return present
        seen |= more


_labels = st.binary(min_size=1, max_size=6)
_names = st.lists(_labels, max_size=4).map(Name.from_labels)


@given(_names)
def test_a_shown_name_reads_back(name: Name) -> None:
    shown = names.show(name)
    assert names.parse(shown) == name
    assert set(shown) <= set(string.ascii_lowercase + string.digits + "-_\\.")


@given(st.lists(_names, unique=True, max_size=8))
def test_different_names_have_different_places(found: list[Name]) -> None:
    assert len({sort_key(name) for name in found}) == len(found)


@given(st.lists(st.text("ab-*.", min_size=1, max_size=8), max_size=8))
def test_the_listing_order_is_the_order_of_reversed_text(typed: list[str]) -> None:
    found = []
    for text in typed:
        try:
            found.append(names.parse(text))
        except names.BadName:
            continue
    ordered = sorted(found, key=lambda name: Position(name=name).key)
    texts = ["".join(f"{label.decode()}." for label in reversed(name.labels)) or "." for name in ordered]
    assert texts == sorted(texts)
