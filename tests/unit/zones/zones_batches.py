"""A zone in memory that batches are applied to, and changes as short calls."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from seal53.core import Name
from seal53.zones import batch, change, defaults, names, routing
from seal53.zones.batch import Limits
from seal53.zones.change import BatchRefused, Edit, Facts, InvalidRequest, Zone
from seal53.zones.recordset import Action, AliasTarget, Change, Given, Key, ZoneSet

APEX = Name.parse("example.com.")
ID = "Z0EXAMPLE"
HOSTS = [Name.parse(f"ns-{n}.set-01.seal53.") for n in range(4)]
FRESH = defaults.public_zone(APEX, HOSTS)
NS = tuple(names.show(host) for host in HOSTS)
SOA = FRESH[1].values


def to(name: str, *, zone_id: str = ID, health: bool = False) -> AliasTarget:
    return AliasTarget(zone_id=zone_id, name=name, evaluate_health=health)


def given(name: str, rtype: str = "A", *values: str, ttl: int = 300, **members: Any) -> Given:
    """`alias` is a name in the zone or a target; a `policy` comes with a set identifier."""
    alias = members.pop("alias", None)
    policy = members.get("policy")
    if policy is not None:
        members.setdefault("sent", routing.sent(routing.to_shape(policy)))
        members.setdefault("set_id", "x")
    if alias is not None:
        target = to(alias) if isinstance(alias, str) else alias
        return Given(name=name, type=rtype, alias=target, **members)
    return Given(name=name, type=rtype, ttl=ttl, values=values or ("192.0.2.1",), **members)


def create(name: str, rtype: str = "A", *values: str, **members: Any) -> Change:
    return Change(action=Action.CREATE, given=given(name, rtype, *values, **members))


def delete(name: str, rtype: str = "A", *values: str, **members: Any) -> Change:
    return Change(action=Action.DELETE, given=given(name, rtype, *values, **members))


def upsert(name: str, rtype: str = "A", *values: str, **members: Any) -> Change:
    return Change(action=Action.UPSERT, given=given(name, rtype, *values, **members))


@dataclass
class Room:
    """The record sets of one zone."""

    facts: Facts = change.NO_FACTS
    limits: Limits = field(default_factory=Limits)
    is_private: bool = False
    state: dict[Key, ZoneSet] = field(default_factory=lambda: {held.key: held for held in FRESH})

    def decide(self, *changes: Change) -> Edit:
        batch.check(changes, self.limits)
        read = batch.read(changes)
        present: list[ZoneSet] = []
        seen: set[Name] = set()
        more = set(read.owners(ID))
        while more:
            seen |= more
            present += [held for held in self.state.values() if held.owner in more]
            more = batch.further(read, ID, present, seen)
        zone = Zone(id=ID, apex=APEX, is_private=self.is_private)
        return change.decide(zone, read, present, limits=self.limits, facts=self.facts)

    def apply(self, *changes: Change) -> Edit:
        edit = self.decide(*changes)
        for key in edit.deletes:
            del self.state[key]
        self.state.update({held.key: held for held in edit.puts})
        return edit

    def refusal(self, *changes: Change) -> tuple[str, ...]:
        before = dict(self.state)
        with pytest.raises(BatchRefused) as refused:
            self.apply(*changes)
        assert self.state == before
        assert refused.value.message == f"[{', '.join(refused.value.messages)}]"
        return refused.value.messages

    def malformed(self, *changes: Change) -> str:
        with pytest.raises(InvalidRequest) as refused:
            self.apply(*changes)
        return refused.value.message


def shown(sets: tuple[ZoneSet, ...]) -> list[tuple[str, str]]:
    return [(names.show(held.owner), held.type) for held in sets]
