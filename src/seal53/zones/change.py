"""Deciding on a change batch: from what a zone holds to one atomic edit, or to why not.

Changes act in order, so that a DELETE of an A and a CREATE of a CNAME at the same name pass together, and an
alias comes after its target. A record set that is put again (UPSERT) is out of its group's way from the start
of the batch: a whole group can change its TTL or policy, and two sets can swap PRIMARY and SECONDARY. Both
are as clients of Route 53 have found them.
Messages are Route 53's where they are known. What one set may be stands in `placement`, which sets may stand
together in `mixing`, where aliases may point in `aliases`; reading a batch is `batch`'s.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from seal53.core import Name, RecordSet
from seal53.zones import aliases, mixing, names, placement, rdata, routing
from seal53.zones.aliases import Elsewhere
from seal53.zones.batch import SINGLE_SOA, Batch, BatchRefused, Limits, Step
from seal53.zones.recordset import Action, AliasTarget, Key, ZoneSet, shown
from seal53.zones.structure import InvalidRequest

__all__ = ["BatchRefused", "Edit", "Facts", "InvalidRequest", "Zone", "decide"]

_NO_NS = "A HostedZone must contain at least one NS record for the zone itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Whose contents are changed."""

    id: str
    apex: Name
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the decision must know beside the zone's own record sets.

    `cidr`: which of the batch's (collection, location) exist; (collection, "*") when the collection does.
    `protected`: comments by name and type, None for a protection without one. `record_count`: of the whole
    zone before the batch; None when nobody counted, and nothing is limited.
    """

    elsewhere: Elsewhere = aliases.NOWHERE
    cidr: frozenset[tuple[str, str]] = frozenset()
    protected: Mapping[tuple[Name, str], str | None] = field(default_factory=dict)
    record_count: int | None = None


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a batch does to a zone, as a whole: keys to remove, record sets to put in place."""

    puts: tuple[ZoneSet, ...]
    deletes: tuple[Key, ...]


@dataclass(slots=True)
class _Run:
    """The zone at the batch's owners while changes act on it."""

    zone: Zone
    limits: Limits
    facts: Facts = field(repr=False)
    state: dict[Name, dict[tuple[str, str], ZoneSet]]
    problems: list[str] = field(default_factory=list)
    acted: dict[Key, list[Action]] = field(default_factory=dict)
    aside: set[tuple[Name, str]] = field(default_factory=set)  # where a set waits to be put again
    spoiled: set[Key] = field(default_factory=set)  # no second message for what follows from a first

    def at(self, owner: Name) -> dict[tuple[str, str], ZoneSet]:
        return self.state.setdefault(owner, {})

    def held(self, key: Key) -> ZoneSet | None:
        return self.state.get(key[0], {}).get((key[1], key[2]))

    def refuse(self, message: str, key: Key) -> None:
        self.problems.append(message)
        self.spoiled.add(key)


def decide(
    zone: Zone,
    batch: Batch,
    present: Iterable[ZoneSet],
    *,
    limits: Limits,
    facts: Facts = NO_FACTS,
) -> Edit:
    """The edit that the batch asks for.

    Shape:  `present` has every record set of the zone at `batch.owners(zone.id)`, and at what is `further`;
            more does no harm.
    Raises: BatchRefused with all problems; nothing is to be applied then.
    """
    run = _Run(zone, limits, facts, {})
    before: dict[Key, ZoneSet] = {}
    for held in present:
        key = held.key
        before[key] = held
        run.at(key[0])[key[1], key[2]] = held
    begun: set[Key] = set()
    for step in batch.steps:
        if step.key is not None and step.key not in begun:
            begun.add(step.key)
            if step.action is Action.UPSERT:
                _set_aside(run, step.key)
    for step in batch.steps:
        _act(run, step)
    _check_apex(run)
    _check_circles(run)
    _check_count(run, before)
    if run.problems:
        raise BatchRefused(run.problems)
    puts: list[ZoneSet] = []
    deletes: list[Key] = []
    for key in run.acted:
        after = run.held(key)
        if after is not None:
            puts.append(after)
        elif key in before:
            deletes.append(key)
    return Edit(puts=tuple(puts), deletes=tuple(deletes))


def _set_aside(run: _Run, key: Key) -> None:
    held = run.held(key)
    if held is not None and held.instance is None:
        del run.at(key[0])[key[1:]]
        run.aside.add((held.owner, held.type))


def _act(run: _Run, step: Step) -> None:
    """Applies one change, or adds why not."""
    if step.key is None or step.owner is None:
        run.problems.extend(step.problems)
        return
    key = step.key
    earlier = run.acted.setdefault(key, [])
    earlier.append(step.action)
    # Only a removal may be followed by another change of its record set: one that makes it anew.
    if len(earlier) > 1 and (
        len(earlier) > 2 or earlier[0] is not Action.DELETE or earlier[1] is Action.DELETE
    ):
        if key not in run.spoiled:
            set_shown = f"{step.given.type} {names.show(step.owner)}"
            run.refuse(
                f"The request contains an invalid set of changes for a resource record set '{set_shown}'", key
            )
        return
    if key in run.spoiled:
        return
    if (message := _withheld(run, step, key)) is not None:
        run.refuse(message, key)
    elif step.action is Action.DELETE:
        _remove(run, step, key)
    else:
        _place(run, step, step.owner, key)


def _withheld(run: _Run, step: Step, key: Key) -> str | None:
    """Why nobody may change a record set of this name and type by a batch."""
    owner, rtype, _ = key
    if (owner, rtype) in run.facts.protected:
        comment = run.facts.protected[owner, rtype]
        reason = f": {comment}" if comment else ""
        return f"Tried to {step.action.lower()} resource record set {shown(key)} but it is protected{reason}"
    instance = step.given.instance
    if instance is None:
        for (of_type, _), held in run.at(owner).items():
            if of_type == rtype and held.instance is not None:
                instance = held.instance
    if instance is not None:
        return (
            f"Tried to {step.action.lower()} resource record set {shown(key)}"
            f" but it is made by the traffic policy instance {instance} and can only be changed through that"
        )
    return None


def _remove(run: _Run, step: Step, key: Key) -> None:
    owner = key[0]
    held = run.held(key)
    if not owner.is_at_or_below(run.zone.apex):
        run.refuse(placement.outside(run.zone.apex, owner), key)
    elif held is None:
        run.refuse(f"Tried to delete resource record set {shown(key)} but it was not found", key)
    elif not _matches(step, held):
        run.refuse(
            f"Tried to delete resource record set {shown(key)}"
            " but the values provided do not match the current values",
            key,
        )
    else:
        del run.at(owner)[key[1:]]


def _matches(step: Step, held: ZoneSet) -> bool:
    """A DELETE must name every member as it is; the order of values does not matter."""
    given = step.given
    if given.policy != held.policy or given.health_check != held.health_check:
        return False
    if given.alias is not None or held.alias is not None:
        return step.alias == held.alias
    if given.ttl != held.record.ttl or step.canonical is None:
        return False
    return step.canonical == {rdata.canonical(held.type, wire) for wire in held.record.rdatas}


def _place(run: _Run, step: Step, owner: Name, key: Key) -> None:
    zone, rtype = run.zone, key[1]
    problems = placement.problems(zone.apex, owner, step.given, is_private=zone.is_private)
    problems += _problems_of_reach(run, step)
    if len(step.wires) > run.limits.values:
        problems.append(f"Cannot have more than {run.limits.values} records in a RRSet.")
    else:
        problems += step.problems
    if problems:
        run.problems += problems
        run.spoiled.add(key)
        return
    here = run.at(owner)
    if step.action is Action.CREATE and key[1:] in here:
        run.refuse(f"Tried to create resource record set {shown(key)} but it already exists", key)
        return
    wanted = _wanted(zone, step, key)
    message = _conflict(zone, here, owner, rtype) if here else None
    if message is None and here:
        beside = [held for (of_type, set_id), held in here.items() if of_type == rtype and set_id != key[2]]
        message = mixing.problem(wanted, beside, most=run.limits.sets_of_one_name)
    if message is None and step.alias is not None and step.alias.zone_id == zone.id:
        message = _missing_target(run, step.alias, step.target, rtype)
    if message is not None:
        run.refuse(message, key)
    else:
        here[key[1:]] = wanted


def _problems_of_reach(run: _Run, step: Step) -> list[str]:
    """What is wrong with what the set refers to elsewhere: another zone, a CIDR collection."""
    zone, given = run.zone, step.given
    found: list[str] = []
    if step.alias is not None and step.target is not None:
        message: str | None = None
        if step.alias.zone_id != zone.id:
            message = aliases.problem_elsewhere(
                step.alias, step.target, given.type, run.facts.elsewhere, is_private=zone.is_private
            )
        elif not step.target.is_at_or_below(zone.apex):
            message = aliases.outside(step.alias, given.type)
        if message is not None:
            found.append(message)
    if isinstance(given.policy, routing.CidrBlocks):
        collection_id, location = given.policy.collection_id, given.policy.location
        if (collection_id, routing.DEFAULT_LOCATION) not in run.facts.cidr:
            found.append(f"Cannot find CidrCollection with CollectionId = {collection_id}. No changes made.")
        elif (collection_id, location) not in run.facts.cidr:
            found.append(
                f"Cannot find CidrLocation with CollectionId = {collection_id}, LocationName = {location}."
                " No changes made."
            )
    return found


def _wanted(zone: Zone, step: Step, key: Key) -> ZoneSet:
    owner, rtype, set_id = key
    given = step.given
    number = rdata.TYPES[rtype]
    policy = None if given.policy is None else routing.to_core(given.policy)
    if step.alias is None:
        record = RecordSet(
            owner,
            number,
            set_id,
            ttl=given.ttl or 0,
            rdatas=step.wires,
            routing=policy,
            health_check=given.health_check,
        )
    else:
        # What lies elsewhere is written out beside the record set later.
        within = step.alias.zone_id == zone.id
        record = RecordSet(
            owner,
            number,
            set_id,
            alias=step.target if within else None,
            unresolved=not within,
            evaluate_health=step.alias.evaluate_health,
            routing=policy,
            health_check=given.health_check,
        )
    return ZoneSet(
        record=record, type=rtype, values=given.values or (), alias=step.alias, policy=given.policy
    )


def _conflict(zone: Zone, here: Mapping[tuple[str, str], ZoneSet], owner: Name, rtype: str) -> str | None:
    """RFC 1034 §3.6.2: nothing stands beside a CNAME."""
    others = {of_type for of_type, _ in here} - {rtype}
    if not others or (rtype != "CNAME" and "CNAME" not in others):
        return None
    of_type = f"RRSet of type {rtype} with DNS name {names.show(owner)} is not permitted"
    apex = names.show(zone.apex)
    if rtype == "CNAME":
        return f"{of_type} as it conflicts with other records with the same DNS name in zone {apex}"
    return (
        f"{of_type} because a conflicting RRSet of type CNAME with the same DNS name already exists"
        f" in zone {apex}"
    )


def _missing_target(run: _Run, alias: AliasTarget, target: Name | None, rtype: str) -> str | None:
    assert target is not None
    if (target, rtype) in run.aside or any(of_type == rtype for of_type, _ in run.state.get(target, ())):
        return None
    if any(owner == target and of_type == rtype for owner, of_type, _ in run.spoiled):
        return None  # it would be there, had nothing been wrong with it
    return aliases.missing(alias, rtype)


def _check_apex(run: _Run) -> None:
    """The SOA and the NS of the zone itself must still be there when all changes have acted."""
    apex = run.zone.apex
    for rtype, message in (("SOA", SINGLE_SOA), ("NS", _NO_NS)):
        key = (apex, rtype, "")
        if key in run.acted and key not in run.spoiled and run.held(key) is None:
            run.problems.append(message)


def _check_circles(run: _Run) -> None:
    """An alias that was put must not lead back to itself."""
    put = [
        held
        for key in run.acted
        if (held := run.held(key)) is not None and held.record.alias is not None and key not in run.spoiled
    ]
    for rtype in sorted({held.type for held in put}):
        leads_to = {
            owner: [
                target
                for (of_type, _), held in here.items()
                if of_type == rtype and (target := held.record.alias) is not None
            ]
            for owner, here in run.state.items()
        }
        circle = aliases.circular(leads_to)
        for held in put:
            if held.type == rtype and held.owner in circle and held.alias is not None:
                run.refuse(aliases.missing(held.alias, rtype), held.key)


def _check_count(run: _Run, before: Mapping[Key, ZoneSet]) -> None:
    if run.facts.record_count is None or run.problems:
        return
    more = sum((run.held(key) is not None) - (key in before) for key in run.acted)
    if more > 0 and run.facts.record_count + more > run.limits.record_sets:
        run.problems.append(f"Number of record sets limit of {run.limits.record_sets} exceeded.")
