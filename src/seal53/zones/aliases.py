"""Where an alias may point, and when aliases of one zone lead in a circle.

    in the zone itself       something of its type must be there when the alias is put
    in another hosted zone   of the same account, public both; something of its type must be there
    an AWS service's name    A, AAAA and HTTPS alone; CloudFront has rules of its own

Not for: finding out what lies elsewhere (facts come in), what an alias out of its zone is answered with.
Limits: a circle over several zones is not seen here.
Source: recorded answers of Route 53, quoted; Route 53 API reference, AliasTarget.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from seal53.core import Name
from seal53.zones.recordset import AliasTarget
from seal53.zones.service_names import CLOUDFRONT

_OF_SERVICES = ("A", "AAAA", "HTTPS")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherZone:
    """Another hosted zone of the account: what types it has at the names that aliases of a batch point at."""

    apex: Name
    is_private: bool
    types: Mapping[Name, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What lies outside of the zone: the account's other zones by id, and which targets are AWS's names.

    A target is (AliasTarget.zone_id, name).
    """

    zones: Mapping[str, OtherZone] = field(default_factory=dict)
    services: frozenset[tuple[str, Name]] = frozenset()


NOWHERE = Elsewhere()


def nothing_below(apex: Name) -> Name:
    """A name that has no record sets, whatever its zone holds: an alias to it is answered with NODATA, and
    stands in no bitmap. Raises NameFault when the apex is as long as a name may be."""
    return apex.child(b"\0")


def outside(alias: AliasTarget, rtype: str) -> str:
    return f"{_head(alias, rtype)}, but the alias target name does not lie within the target zone"


def missing(alias: AliasTarget, rtype: str) -> str:
    return f"{_head(alias, rtype)}, but that target was not found"


def problem_elsewhere(
    alias: AliasTarget, target: Name, rtype: str, elsewhere: Elsewhere, *, is_private: bool
) -> str | None:
    """Why an alias may not point out of its zone at this target; None when it may."""
    zone = elsewhere.zones.get(alias.zone_id)
    if zone is not None:
        if is_private or zone.is_private or not target.is_at_or_below(zone.apex):
            return outside(alias, rtype)
        return None if rtype in zone.types.get(target, ()) else missing(alias, rtype)
    if (alias.zone_id, target) not in elsewhere.services:
        return outside(alias, rtype)
    if rtype not in _OF_SERVICES:
        return missing(alias, rtype)
    if alias.zone_id == CLOUDFRONT:
        if is_private:
            return f"{_head(alias, rtype)}, but a private hosted zone cannot have an alias to CloudFront"
        if alias.evaluate_health:
            return f"{_head(alias, rtype)}, but EvaluateTargetHealth must be false for CloudFront"
    return None


def _head(alias: AliasTarget, rtype: str) -> str:
    return f"Tried to create an alias that targets {alias.name}, type {rtype} in zone {alias.zone_id}"


def circular(leads_to: Mapping[Name, Iterable[Name]]) -> frozenset[Name]:
    """The names from which aliases lead back to themselves.

    `leads_to`: of each name, where the aliases of one type there point. Linear in names and aliases
    (Tarjan's strongly connected components, without recursion).
    """
    index: dict[Name, int] = {}
    low: dict[Name, int] = {}
    stack: list[Name] = []
    on_stack: set[Name] = set()
    found: set[Name] = set()
    for start in leads_to:
        if start in index:
            continue
        work = [(start, iter(leads_to[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            name, targets = work[-1]
            for target in targets:
                if target == name:
                    found.add(name)
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(leads_to.get(target, ()))))
                    break
                if target in on_stack:
                    low[name] = min(low[name], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    component = [stack.pop()]
                    while component[-1] != name:
                        component.append(stack.pop())
                    on_stack.difference_update(component)
                    if len(component) > 1:
                        found.update(component)
    return frozenset(found)
