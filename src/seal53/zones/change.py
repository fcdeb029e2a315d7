"""A change batch: from what a zone holds and what a caller wants to one atomic edit, or to why not.

    check(changes)          sizes and structure, before anything is read; the first problem is raised
    read(zone, changes)     names and values; problems are kept with their change
    decide(batch, present)  in order, on what the zone holds at the batch's owners; all problems are raised
                            together

Changes act in order, so that a DELETE of an A and a CREATE of a CNAME at the same name pass together.
Messages are Route 53's where they are known. Routing policies, health checks and aliases to other hosted
zones are refused.
Limits: an alias may point at another alias; a circle is refused only where the owners of this batch show it
whole. The data plane ends the others without an answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seal53.base.errors import Fault
from seal53.core import Name, RecordSet
from seal53.zones import names, rdata
from seal53.zones.recordset import Action, AliasTarget, Change, Given, Key, ZoneSet

# Source: Route 53 developer guide, "Quotas": an UPSERT counts twice, an alias once.
MAX_RECORDS = 1000
MAX_CHARACTERS = 32_000
MAX_VALUES = 400  # in one record set

ROUTING = (
    "Weight",
    "Region",
    "Failover",
    "GeoLocation",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)
_NO_ALIAS = ("NS", "SOA", "DS")
_SINGLE = "A HostedZone must contain exactly one SOA record."
_NO_NS = "A HostedZone must contain at least one NS record for the zone itself."


class InvalidRequest(Fault):
    """A request that is wrong in itself, whatever the zone holds."""


class BatchRefused(Fault):
    """Nothing of the batch was applied; `messages` has every reason, in the order of the changes."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(f"[{', '.join(messages)}]")
        self.messages = tuple(messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Whose contents are changed."""

    id: str
    apex: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a batch does to a zone, as a whole: keys to remove, record sets to put in place."""

    puts: tuple[ZoneSet, ...]
    deletes: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change that was read: `wanted`, with its values' canonical RDATAs, or `problems`."""

    action: Action
    given: Given
    owner: Name | None
    wanted: ZoneSet | None
    canonical: frozenset[bytes] = frozenset()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    zone: Zone
    steps: tuple[Step, ...]

    @property
    def owners(self) -> frozenset[Name]:
        """The names whose record sets `decide` must see: all that are changed, and where aliases point."""
        found = {step.owner for step in self.steps if step.owner is not None}
        found |= {target for step in self.steps if step.wanted and (target := step.wanted.record.alias)}
        return frozenset(found)


def check(changes: Sequence[Change]) -> None:
    """Raises BatchRefused for a batch that is too large, InvalidRequest for the first malformed change."""
    records = characters = 0
    for change in changes:
        weight = 2 if change.action is Action.UPSERT else 1
        values = change.given.values or ()
        records += weight * (len(values) or 1)
        characters += weight * sum(map(len, values))
    if records > MAX_RECORDS:
        raise BatchRefused([f"Number of records limit of {MAX_RECORDS} exceeded."])
    if characters > MAX_CHARACTERS:
        raise BatchRefused([f"Character limit of {MAX_CHARACTERS} exceeded"])
    for change in changes:
        _check_structure(change)


def _check_structure(change: Change) -> None:
    given = change.given
    contents = [
        given.alias is not None,
        given.ttl is not None and given.values is not None,
        "TrafficPolicyInstanceId" in given.unimplemented,
    ]
    half = given.alias is not None and (given.ttl is not None or given.values is not None)
    if sum(contents) != 1 or half:
        raise InvalidRequest(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
            f" TrafficPolicyInstanceId], but found {'more than one' if any(contents) else 'none'} in {change}"
        )
    if given.routing and given.set_id is None:
        raise InvalidRequest(f"Invalid request: Missing field 'SetIdentifier' in {change}")
    if (given.set_id is not None or given.routing) and len(given.routing) != 1:
        raise InvalidRequest(
            "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, or"
            f" MultiValueAnswer], but found {'more than one' if given.routing else 'none'} in {change}"
        )
    for member in (*given.routing, *given.unimplemented):
        raise InvalidRequest(f"Invalid request: Seal53 does not implement '{member}' yet, found in {change}")


def read(zone: Zone, changes: Sequence[Change]) -> Batch:
    """Reads names and values; what is wrong stays with its change until `decide` raises it."""
    return Batch(zone=zone, steps=tuple(_read_step(zone, change) for change in changes))


def _read_step(zone: Zone, change: Change) -> Step:
    given = change.given
    try:
        owner = names.parse(given.name)
    except names.BadName as e:
        return Step(action=change.action, given=given, owner=None, wanted=None, problems=(e.message,))
    problems = _problems_of_place(zone, owner, given)
    alias: Name | None = None
    shown_alias: AliasTarget | None = None
    canonical: frozenset[bytes] = frozenset()
    wires: list[bytes] = []
    if given.alias is not None:
        try:
            alias = names.parse(given.alias.name)
            shown_alias = AliasTarget(
                zone_id=given.alias.zone_id,
                name=names.show(alias),
                evaluate_health=given.alias.evaluate_health,
            )
            problems += _problems_of_alias(zone, alias, given, change.action)
        except names.BadName as e:
            problems.append(e.message)
    else:
        wires, canonical, found = _read_values(given)
        problems += found
    wanted = None
    if not problems:
        rtype = rdata.TYPES[given.type]
        set_id = given.set_id or ""
        record = (
            RecordSet(owner, rtype, set_id, alias=alias)
            if alias is not None
            else RecordSet(owner, rtype, set_id, ttl=given.ttl or 0, rdatas=wires)
        )
        wanted = ZoneSet(record=record, type=given.type, values=given.values or (), alias=shown_alias)
    return Step(
        action=change.action,
        given=given,
        owner=owner,
        wanted=wanted,
        canonical=canonical,
        problems=tuple(problems),
    )


def _problems_of_place(zone: Zone, owner: Name, given: Given) -> list[str]:
    """Where a record set of this type may not stand, whatever else is there."""
    at, apex = names.show(owner), names.show(zone.apex)
    of_type = f"RRSet of type {given.type} with DNS name {at} is not permitted"
    if not owner.is_at_or_below(zone.apex):
        return [f"RRSet with DNS name {at} is not permitted in zone {apex}"]
    if owner == zone.apex and given.type in ("CNAME", "DS"):
        # RFC 1034 §3.6.2: a CNAME stands alone; RFC 4035 §2.4: a DS belongs to the parent's side of a cut
        return [f"{of_type} at apex in zone {apex}"]
    if owner != zone.apex and given.type == "SOA":
        return [f"{of_type} below apex in zone {apex}"]
    if owner.is_wildcard and given.type == "NS":
        return [f"{of_type} at a wildcard in zone {apex}"]
    if given.alias is not None and given.type in _NO_ALIAS:
        return [f"{of_type} as an alias in zone {apex}"]
    return []


def _problems_of_alias(zone: Zone, target: Name, given: Given, action: Action) -> list[str]:
    assert given.alias is not None
    if action is Action.DELETE:
        return []
    head = _alias_text(target, given.type, given.alias.zone_id)
    if given.alias.zone_id != zone.id:
        return [
            f"{head}, but the alias target name does not lie within the target zone"
            " (Seal53 implements aliases within one hosted zone only)"
        ]
    if not target.is_at_or_below(zone.apex):
        return [f"{head}, but the alias target name does not lie within the target zone"]
    return []


def _alias_text(target: Name, rtype: str, zone_id: str) -> str:
    return f"Tried to create an alias that targets {names.show(target)}, type {rtype} in zone {zone_id}"


def _read_values(given: Given) -> tuple[list[bytes], frozenset[bytes], list[str]]:
    """Wire RDATAs in the order given, their canonical forms, and what is wrong with them."""
    wires: list[bytes] = []
    seen: set[bytes] = set()
    problems: list[str] = []
    values = given.values or ()
    if len(values) > MAX_VALUES:
        return [], frozenset(), [f"Cannot have more than {MAX_VALUES} records in a RRSet."]
    for value in values:
        try:
            read = rdata.parse(given.type, value)
        except rdata.BadValue as e:
            problems.append(e.message)
            continue
        if read.canonical in seen:
            problems.append(f"Duplicate Resource Record: '{value}'")
        seen.add(read.canonical)
        wires.append(read.wire)
    if not problems and len(values) > 1:
        if given.type == "SOA":
            problems.append(_SINGLE)
        elif given.type == "CNAME":
            # RFC 2181 §10.1: one canonical name
            problems.append("RRSet of type CNAME cannot have more than one record.")
    return wires, frozenset(seen), problems


@dataclass(slots=True)
class _Run:
    """The zone at the batch's owners while changes act on it."""

    zone: Zone
    state: dict[Name, dict[tuple[str, str], ZoneSet]]
    problems: list[str] = field(default_factory=list)
    acted: dict[Key, list[Action]] = field(default_factory=dict)
    spoiled: set[Key] = field(default_factory=set)  # no second message for what follows from a first

    def at(self, owner: Name) -> dict[tuple[str, str], ZoneSet]:
        return self.state.setdefault(owner, {})

    def refuse(self, message: str, key: Key | None = None) -> None:
        self.problems.append(message)
        if key is not None:
            self.spoiled.add(key)


def decide(batch: Batch, present: Iterable[ZoneSet]) -> Edit:
    """The edit that the batch asks for.

    Shape:  `present` has every record set of the zone at `batch.owners`; more does no harm.
    Raises: BatchRefused with all problems; nothing is to be applied then.
    """
    run = _Run(batch.zone, {})
    before: dict[Key, ZoneSet] = {}
    for held in present:
        before[held.key] = held
        run.at(held.owner)[held.type, held.record.set_id] = held
    for step in batch.steps:
        _act(run, step)
    _check_apex(run)
    _check_aliases(run)
    if run.problems:
        raise BatchRefused(run.problems)
    puts: list[ZoneSet] = []
    deletes: list[Key] = []
    for key in run.acted:
        owner, rtype, set_id = key
        after = run.at(owner).get((rtype, set_id))
        if after is not None:
            puts.append(after)
        elif key in before:
            deletes.append(key)
    return Edit(puts=tuple(puts), deletes=tuple(deletes))


def _act(run: _Run, step: Step) -> None:
    """Applies one change, or adds why not."""
    if step.owner is None:
        run.problems.extend(step.problems)
        return
    key = (step.owner, step.given.type, step.given.set_id or "")
    earlier = run.acted.setdefault(key, [])
    earlier.append(step.action)
    # Only a removal may be followed by another change of its record set: one that makes it anew.
    if len(earlier) > 1 and (
        len(earlier) > 2 or earlier[0] is not Action.DELETE or earlier[1] is Action.DELETE
    ):
        if key not in run.spoiled:
            shown = f"{step.given.type} {names.show(step.owner)}"
            run.refuse(
                f"The request contains an invalid set of changes for a resource record set '{shown}'", key
            )
        return
    if step.wanted is None:
        run.problems.extend(step.problems)
        run.spoiled.add(key)
        return
    if key in run.spoiled:
        return
    if step.action is Action.DELETE:
        _remove(run, step, key)
    else:
        _place(run, step, step.wanted, key)


def _remove(run: _Run, step: Step, key: Key) -> None:
    owner, rtype, set_id = key
    held = run.at(owner).get((rtype, set_id))
    if held is None:
        run.refuse(f"Tried to delete resource record set {_shown(key)} but it was not found", key)
    elif not _matches(step, held):
        run.refuse(
            f"Tried to delete resource record set {_shown(key)}"
            " but the values provided do not match the current values",
            key,
        )
    else:
        del run.at(owner)[rtype, set_id]


def _place(run: _Run, step: Step, wanted: ZoneSet, key: Key) -> None:
    owner, rtype, set_id = key
    here = run.at(owner)
    if step.action is Action.CREATE and (rtype, set_id) in here:
        run.refuse(f"Tried to create resource record set {_shown(key)} but it already exists", key)
        return
    others = {other for other, _ in here} - {rtype}
    of_type = f"RRSet of type {rtype} with DNS name {names.show(owner)} is not permitted"
    apex = names.show(run.zone.apex)
    if rtype == "CNAME" and others:
        run.refuse(f"{of_type} as it conflicts with other records with the same DNS name in zone {apex}", key)
    elif "CNAME" in others:
        run.refuse(
            f"{of_type} because a conflicting RRSet of type CNAME with the same DNS name already exists"
            f" in zone {apex}",
            key,
        )
    else:
        here[rtype, set_id] = wanted


def _matches(step: Step, held: ZoneSet) -> bool:
    """A DELETE must name every value; the order of values does not matter."""
    wanted = step.wanted
    assert wanted is not None
    if wanted.alias is not None or held.alias is not None:
        return wanted.alias == held.alias
    if wanted.record.ttl != held.record.ttl:
        return False
    if set(wanted.record.rdatas) == set(held.record.rdatas):
        return True
    return step.canonical == frozenset(rdata.parse(held.type, value).canonical for value in held.values)


def _check_apex(run: _Run) -> None:
    """The SOA and the NS of the zone itself must still be there when all changes have acted."""
    apex = run.zone.apex
    for rtype, message in (("SOA", _SINGLE), ("NS", _NO_NS)):
        key = (apex, rtype, "")
        if key in run.acted and key not in run.spoiled and (rtype, "") not in run.at(apex):
            run.refuse(message)


def _check_aliases(run: _Run) -> None:
    """An alias that was put must find its target in the end, and must not lead back to itself."""
    for key in run.acted:
        owner, rtype, set_id = key
        placed = run.at(owner).get((rtype, set_id))
        if key in run.spoiled or placed is None or placed.alias is None:
            continue
        step: ZoneSet | None = placed
        seen = {owner}
        while step is not None and (target := step.record.alias) is not None:
            found = [held for (kind, _), held in run.at(target).items() if kind == rtype]
            if target in seen or (step is placed and not found):
                head = _alias_text(names.parse(placed.alias.name), rtype, placed.alias.zone_id)
                run.refuse(f"{head}, but that target was not found", key)
                break
            seen.add(target)
            step = found[0] if found else None


def _shown(key: Key) -> str:
    owner, rtype, set_id = key
    identifier = f", set-identifier='{set_id}'" if set_id else ""
    return f"[name='{names.show(owner)}', type='{rtype}'{identifier}]"
