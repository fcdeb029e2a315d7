"""Aliases that lead out of their zone: name servers get their targets' record sets written out beside them.

A name server knows one zone at a time and answers from it alone, so an alias into another zone carries copies
of what its target would be chosen from: every variant with its routing, TTL and health check; aliases there
are followed and written out in turn. `alias_paths` keeps every name that copies came from. Who changes one
of these rewrites the alias in the same transaction (`announce`), so that what is stored always equals what
would be written out anew.

    write_out   before a batch's record sets are stored: their contents and rows, or why not
    announce    after: name servers must learn of them, and of the aliases of any zone that were made of them
    renew       after an AWS service's name was looked up

What there is to say when a target is not what it was:

    a target that is gone                   unresolved: SERVFAIL, never a wrong NODATA
    an alias within its zone, to nothing    passed over, as its own name servers do
    a circle over zones, a chain of more
    than MOST_DEPTH steps                   unresolved
    more than MOST_SETS, MOST_OCTETS        unresolved as a whole
    an AWS name that has none of the type   NODATA

Limits: an alias is rewritten for each change on its way; a batch that would rewrite more than MOST_REWRITTEN
record sets is refused. The Change of a batch is INSYNC when its own zone is served; the zones that point
there are published beside it.
A zone is deleted when it is empty, so that what points there is unresolved by then.
Not for: where an alias may point (`zones.aliases`); aliases within a zone, which name servers follow
themselves; looking names up (`reconcile.aliases`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seal53.core import Name, NameFault, RecordSet, WireFault
from seal53.services.route53.shapes import alias_target
from seal53.store import Tx, alias_targets, records
from seal53.store import zones as zone_rows
from seal53.store.alias_targets import Found, OutwardAlias, Place
from seal53.store.records import Key, StoredSet
from seal53.store.zones import HostedZone
from seal53.zones import names, rdata, service_names
from seal53.zones.aliases import nothing_below
from seal53.zones.change import BatchRefused, Edit
from seal53.zones.recordset import ZoneSet

# No standard gives these: they lie above what anybody needs by hand, and bound what one alias costs.
MOST_DEPTH = 8  # steps from an alias to records
MOST_SETS = 1000  # record sets in one alias's content
MOST_OCTETS = 262_144  # of RDATA in it
MOST_REWRITTEN = (
    20_000  # record sets in all aliases that one batch rewrites: about a second, in which others wait
)


def is_outward(zone_id: str, held: ZoneSet) -> bool:
    return held.alias is not None and held.alias.zone_id != zone_id


# --- for a batch


def write_out(tx: Tx, zone: HostedZone, edit: Edit, present: Iterable[ZoneSet]) -> Edit:
    """The edit with the contents of the aliases in it that lead out of the zone; their rows are written.

    Shape:  `present` are the record sets from before, at least those that the edit replaces or removes. An
            edit and a zone without such aliases cost nothing.
    Raises: BatchRefused, with every alias that would lead back to itself, or to more than can be written out.
    """
    outward = {held.key: held for held in edit.puts if is_outward(zone.id, held)}
    aimed = [(held, _aim(tx, zone, held)) for held in outward.values()]
    before = {held.key for held in present if is_outward(zone.id, held)}
    if before:  # only now: what they found of an AWS service's name is known to those that take their place
        changed = before.intersection((*edit.deletes, *(held.key for held in edit.puts)))
        gone = [(owner, rdata.TYPES[type], set_id) for owner, type, set_id in changed - outward.keys()]
        alias_targets.delete(tx, zone.id, gone)
    if not outward:
        return edit
    problems: list[str] = []
    written: dict[tuple[Name, str, str], ZoneSet] = {}
    for held, alias in aimed:
        content = _Writer(tx, alias).write(held.record)
        if content.circle or content.missing:
            problems.append(f"{_head(held)}, but that target was not found")
        elif content.too_large:
            problems.append(f"{_head(held)}, but what it leads to is too large to be written out")
        alias_targets.put(tx, [alias])
        alias_targets.set_paths(tx, alias, content.paths)
        written[held.key] = replace(held, record=content.record)
    if problems:
        raise BatchRefused(problems)
    return replace(edit, puts=tuple(written.get(held.key, held) for held in edit.puts))


def announce(tx: Tx, zone_id: str, touched: Sequence[Key]) -> int:
    """Whoever has stored record sets of an account's zone ends with this; returns the zone's new version.

    The aliases of any zone that were made of them are rewritten, and their zones announced too. One indexed
    statement when nobody points at the zone.
    Raises: BatchRefused, when so much hangs on them that all writes would have to wait for it.
    """
    version = zone_rows.announce(tx, zone_id, touched)
    follow_up(tx, zone_id, touched)
    return version


def follow_up(tx: Tx, zone_id: str, touched: Sequence[Key]) -> dict[str, int]:
    """The second half of `announce`; returns the zones whose contents are others now, with their versions."""
    names_touched = {(owner, _MNEMONICS[rtype]) for owner, rtype, _ in touched}
    return _rewrite(tx, alias_targets.through(tx, zone_id, names_touched), most=MOST_REWRITTEN)


def renew(tx: Tx, targets: Iterable[tuple[Name, str]]) -> dict[str, int]:
    """Rewrites the aliases that point at these AWS names, and what is made of those."""
    changed = {
        (alias.zone_id, alias.owner, alias.type, alias.set_id): alias
        for target, type in targets
        for direct in alias_targets.of_service_name(tx, target, type)
        for alias in (direct, *alias_targets.through(tx, direct.zone_id, [(direct.owner, type)]))
    }
    return _rewrite(tx, changed.values())


def _rewrite(tx: Tx, aliases: Iterable[OutwardAlias], most: int | None = None) -> dict[str, int]:
    touched: dict[str, list[Key]] = {}
    seen: dict[Place, list[StoredSet]] = {}
    sets = 0
    for alias in aliases:
        before = alias_targets.content(tx, alias)
        if before is None:
            continue
        content = _Writer(tx, alias, seen).write(before)
        sets += max(1, content.sets)
        if most is not None and sets > most:
            many = f"Aliases elsewhere hold more than {most} copies of what changes"
            raise BatchRefused([f"{many}: let fewer lead here."])
        alias_targets.set_paths(tx, alias, content.paths)
        if content.record != before:
            alias_targets.rewrite(tx, alias, content.record)
            touched.setdefault(alias.zone_id, []).append((before.owner, before.rtype, before.set_id))
    return {zone_id: zone_rows.announce(tx, zone_id, keys) for zone_id, keys in sorted(touched.items())}


def _aim(tx: Tx, zone: HostedZone, held: ZoneSet) -> OutwardAlias:
    """Where it leads; whether it may lead there was decided (`zones.aliases`). Never into another account."""
    given = held.alias
    assert given is not None
    target = names.parse(given.name)
    found = zone_rows.get(tx, given.zone_id)
    is_ours = found is not None and found.account_id == zone.account_id
    return OutwardAlias(
        zone_id=zone.id,
        owner=held.owner,
        type=held.type,
        set_id=held.record.set_id,
        target_zone_id=given.zone_id if is_ours else None,
        target=target,
        found=None if is_ours else alias_targets.known(tx, target, held.type) or Found(),
    )


def _head(held: ZoneSet) -> str:
    assert held.alias is not None
    return (
        f"Tried to create an alias that targets {held.alias.name}, type {held.type}"
        f" in zone {held.alias.zone_id}"
    )


# --- what is written


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """`record`: the alias with its content, of so many `sets`. `missing`: the target is not there; `circle`:
    it leads back."""

    record: RecordSet
    paths: frozenset[Place]
    sets: int = 0
    missing: bool = False
    circle: bool = False
    too_large: bool = False


class _TooLarge(Exception):
    pass


class _Writer:
    """Writes out one alias. `seen` may be shared while nothing but contents of aliases is changed."""

    def __init__(self, tx: Tx, alias: OutwardAlias, seen: dict[Place, list[StoredSet]] | None = None) -> None:
        self._tx = tx
        self._alias = alias
        self._seen = {} if seen is None else seen
        self._paths: set[Place] = set()
        self._circle = False
        self._sets = self._octets = 0

    def write(self, record: RecordSet) -> _Content:
        """`record` gives all but the content."""
        try:
            group = self._target(self._alias, (self._alias.place,))
            filled = self._filled(record, group)
        except (_TooLarge, WireFault):  # WireFault: nested deeper than the core takes
            unresolved = _like(record, unresolved=True)
            return _Content(record=unresolved, paths=frozenset(self._paths), sets=self._sets, too_large=True)
        return _Content(
            record=filled,
            paths=frozenset(self._paths),
            sets=self._sets,
            missing=group is None,
            circle=self._circle,
        )

    def _filled(self, record: RecordSet, group: tuple[RecordSet, ...] | None) -> RecordSet:
        if group is None or _is_unresolved(group):
            return _like(record, unresolved=True)
        if group:
            return _like(record, written=group)
        zone = zone_rows.get(self._tx, self._alias.zone_id)
        if zone is None:
            return _like(record, unresolved=True)
        try:
            return _like(record, alias=nothing_below(zone.name))
        except NameFault:  # the apex is as long as a name may be
            return _like(record, unresolved=True)

    def _target(self, alias: OutwardAlias, trail: tuple[Place, ...]) -> tuple[RecordSet, ...] | None:
        """The group that an outward alias leads to; None: it is not there; (): it has nothing."""
        if alias.target_zone_id is not None:
            return self._group((alias.target_zone_id, alias.target), trail)
        known = None if alias.found is None else alias.found.rdatas
        if known is None:
            return self._not_known()
        if not known:
            return ()
        rtype = rdata.TYPES[alias.type]
        return (self._counted(RecordSet(self._alias.owner, rtype, ttl=service_names.TTL_S, rdatas=known)),)

    def _group(self, place: Place, trail: tuple[Place, ...]) -> tuple[RecordSet, ...] | None:
        """Copies of the record sets at a name; None: there are none of the type."""
        self._paths.add(place)
        if place in trail:
            self._circle = self._circle or place == trail[0]
            if all(zone_id == place[0] for zone_id, _ in trail[trail.index(place) :]):
                return None  # within one zone, whose name servers find nothing there either
            return self._not_known()
        if len(trail) > MOST_DEPTH:
            return self._not_known()
        found = self._sets_at(place)
        if not found:
            return None
        trail = (*trail, place)
        copies = [self._copy(stored, place, trail) for stored in found]
        return tuple(copy for copy in copies if copy is not None)

    def _not_known(self) -> tuple[RecordSet, ...]:
        return (self._counted(RecordSet(self._alias.owner, rdata.TYPES[self._alias.type], unresolved=True)),)

    def _sets_at(self, place: Place) -> list[StoredSet]:
        if place not in self._seen:
            self._seen[place] = records.at(self._tx, *place)
        return [stored for stored in self._seen[place] if stored.type == self._alias.type]

    def _copy(self, stored: StoredSet, place: Place, trail: tuple[Place, ...]) -> RecordSet | None:
        """One record set of another zone; None: it has nothing, and is passed over."""
        zone_id, owner = place
        if not _leads_out(stored, zone_id):
            return self._within(stored.record, zone_id, trail)
        its = alias_targets.at(self._tx, zone_id, owner, stored.type).get(stored.record.set_id)
        group = None if its is None else self._target(its, trail)
        if group is None:
            return self._counted(_like(stored.record, owner=self._alias.owner, unresolved=True))
        return self._nested(stored.record, group)

    def _within(self, record: RecordSet, zone_id: str, trail: tuple[Place, ...]) -> RecordSet | None:
        """A record set that another zone's name servers choose from, or a part of one."""
        if record.alias is not None:
            return self._nested(record, self._group((zone_id, record.alias), trail) or ())
        if record.written:
            parts = [self._within(part, zone_id, trail) for part in record.written]
            return self._nested(record, tuple(part for part in parts if part is not None))
        owner = self._alias.owner
        if record.unresolved:
            return self._counted(_like(record, owner=owner, unresolved=True))
        return self._counted(_like(record, owner=owner, ttl=record.ttl, rdatas=record.rdatas))

    def _nested(self, record: RecordSet, group: tuple[RecordSet, ...]) -> RecordSet | None:
        if _is_unresolved(group):
            return _like(record, owner=self._alias.owner, unresolved=True)
        return _like(record, owner=self._alias.owner, written=group) if group else None

    def _counted(self, record: RecordSet) -> RecordSet:
        self._sets += 1
        self._octets += sum(map(len, record.rdatas))
        if self._sets > MOST_SETS or self._octets > MOST_OCTETS:
            raise _TooLarge
        return record


def _leads_out(stored: StoredSet, zone_id: str) -> bool:
    given = stored.shape.get("AliasTarget")
    return given is not None and alias_target(given).zone_id != zone_id


def _is_unresolved(group: Sequence[RecordSet]) -> bool:
    """One record set that is not to be answered: the alias itself is not, then."""
    return len(group) == 1 and group[0].unresolved


def _like(
    record: RecordSet,
    *,
    owner: Name | None = None,
    ttl: int = 0,
    rdatas: Sequence[bytes] = (),
    alias: Name | None = None,
    written: Sequence[RecordSet] = (),
    unresolved: bool = False,
) -> RecordSet:
    """A record set that is chosen like this one, with another content."""
    return RecordSet(
        record.owner if owner is None else owner,
        record.rtype,
        record.set_id,
        ttl=ttl,
        rdatas=rdatas,
        alias=alias,
        evaluate_health=record.evaluate_health,
        written=written,
        unresolved=unresolved,
        routing=record.routing,
        health_check=record.health_check,
    )


_MNEMONICS = {number: type for type, number in rdata.TYPES.items()}
