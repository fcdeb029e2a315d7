"""A change batch as it was read: what can be said of it before anybody looks at the zone.

    check(changes, limits)   sizes and structure; the first problem is raised
    read(changes)            names and values; problems stay with their change

A Batch also says what `change.decide` must know: which names of the zone, which targets elsewhere, which
health checks and CIDR locations. Not for: deciding (`change`), what is malformed (`structure`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from seal53.base.errors import Fault
from seal53.core import Name
from seal53.zones import names, rdata, routing, structure
from seal53.zones.recordset import Action, AliasTarget, Change, Given, Key, ZoneSet

SINGLE_SOA = "A HostedZone must contain exactly one SOA record."

SET_CHARACTERS = 32_000  # in Value elements of one record set: Route 53's for a batch, so that an answer fits


class BatchRefused(Fault):
    """Nothing of the batch was applied; `messages` has every reason, in the order of the changes."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(f"[{', '.join(messages)}]")
        self.messages = tuple(messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that is allowed. Source: Route 53 developer guide, "Quotas"."""

    batch_records: int = 1000  # ResourceRecord elements; an UPSERT counts twice, an alias once
    batch_characters: int = 32_000  # in Value elements; an UPSERT counts twice
    values: int = 400  # in one record set
    sets_of_one_name: int = 100  # and type
    record_sets: int = 10_000  # in the zone


@dataclass(slots=True)
class Step:
    """A change that was read.

    `canonical` None: its values cannot be read. `alias` and `target` are where it points, when that could be
    read. `problems` are of names and values alone.
    """

    action: Action
    given: Given
    owner: Name | None = None
    key: Key | None = None
    wires: Sequence[bytes] = ()
    canonical: frozenset[bytes] | None = None
    alias: AliasTarget | None = None
    target: Name | None = None
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    steps: tuple[Step, ...]

    @property
    def _placed(self) -> Iterable[Step]:
        return (step for step in self.steps if step.action is not Action.DELETE)

    def owners(self, zone_id: str) -> frozenset[Name]:
        """The names of the zone whose record sets are to be seen: what changes, and where aliases point."""
        found = {step.owner for step in self.steps if step.owner is not None}
        found |= {
            step.target
            for step in self._placed
            if step.target is not None and step.alias is not None and step.alias.zone_id == zone_id
        }
        return frozenset(found)

    def targets(self, zone_id: str) -> frozenset[tuple[str, Name]]:
        """Where aliases point out of the zone: hosted zone id and name."""
        return frozenset(
            (step.alias.zone_id, step.target)
            for step in self._placed
            if step.target is not None and step.alias is not None and step.alias.zone_id != zone_id
        )

    @property
    def health_checks(self) -> tuple[str, ...]:
        """Those that must exist, in order."""
        return tuple(step.given.health_check for step in self._placed if step.given.health_check is not None)

    @property
    def cidr(self) -> frozenset[tuple[str, str]]:
        """Collections and locations that must exist."""
        return frozenset(
            (policy.collection_id, policy.location)
            for step in self._placed
            if isinstance(policy := step.given.policy, routing.CidrBlocks)
        )


def check(changes: Sequence[Change], limits: Limits) -> None:
    """Raises BatchRefused for a batch that is too large, InvalidRequest for the first malformed change."""
    records = characters = 0
    for change in changes:
        weight = 2 if change.action is Action.UPSERT else 1
        values = change.given.values or ()
        records += weight * (len(values) or 1)
        length = sum(map(len, values))
        characters += weight * length
        if length > SET_CHARACTERS:
            raise BatchRefused([f"Character limit of {SET_CHARACTERS} exceeded"])
    if records > limits.batch_records:
        raise BatchRefused([f"Number of records limit of {limits.batch_records} exceeded."])
    if characters > limits.batch_characters:
        raise BatchRefused([f"Character limit of {limits.batch_characters} exceeded"])
    structure.check(changes)


def read(changes: Sequence[Change]) -> Batch:
    """Reads names and values; what is wrong stays with its change until `decide` raises it."""
    return Batch(steps=tuple(map(_read_step, changes)))


def _read_step(change: Change) -> Step:
    given = change.given
    step = Step(change.action, given)
    try:
        step.owner = names.parse(given.name)
    except names.BadName as e:
        step.problems = [e.message]
        return step
    step.key = (step.owner, given.type, given.set_id or "")
    if given.alias is not None:
        try:
            step.target = names.parse(given.alias.name)
        except names.BadName as e:
            step.problems = [e.message]
        else:
            step.alias = AliasTarget(
                zone_id=given.alias.zone_id,
                name=names.show(step.target),
                evaluate_health=given.alias.evaluate_health,
            )
    elif given.values is not None:
        _read_values(step, given.type, given.values)
    return step


def _read_values(step: Step, rtype: str, values: Sequence[str]) -> None:
    """Wire RDATAs in the order given, their canonical forms, and what is wrong with them."""
    if len(values) == 1:
        try:
            wire, canonical = rdata.parse(rtype, values[0])
        except rdata.BadValue as e:
            step.problems = [e.message]
        else:
            step.wires, step.canonical = (wire,), frozenset((canonical,))
        return
    wires: list[bytes] = []
    seen: set[bytes] = set()
    problems: list[str] = []
    for value in values:
        try:
            wire, canonical = rdata.parse(rtype, value)
        except rdata.BadValue as e:
            problems.append(e.message)
            continue
        if canonical in seen:
            problems.append(f"Duplicate Resource Record: '{value}'")
        seen.add(canonical)
        wires.append(wire)
    if not problems:
        if rtype == "SOA":
            problems.append(SINGLE_SOA)
        elif rtype == "CNAME":
            # RFC 2181 §10.1: one canonical name
            problems.append("RRSet of type CNAME cannot have more than one record.")
    step.wires, step.problems = wires, problems
    step.canonical = frozenset(seen) if len(wires) == len(values) else None


def further(batch: Batch, zone_id: str, present: Iterable[ZoneSet], seen: Collection[Name]) -> set[Name]:
    """Names of the zone that aliases lead on to, beside those seen: `decide` must see their record sets too.

    Shape: `present` are the record sets at the names in `seen`. Empty for a batch that puts no alias within
    the zone, and in the end.
    """
    types = {
        step.given.type
        for step in batch.steps
        if step.alias is not None and step.alias.zone_id == zone_id and step.action is not Action.DELETE
    }
    if not types:
        return set()
    return {
        target
        for held in present
        if held.type in types and (target := held.record.alias) is not None and target not in seen
    }
