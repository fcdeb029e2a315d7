"""Which record sets may stand beside one another at one name and type: the rules between routing policies.

One policy for a group; what makes a member of it unique differs by policy. Not for: what a set may be by
itself (`placement`).
Source: recorded answers of Route 53, quoted; texts for failover and CIDR groups that nobody has recorded
follow their form. Route 53 API reference, ResourceRecordSet.
"""

from collections.abc import Collection

from seal53.zones import geography
from seal53.zones.recordset import ZoneSet, titled
from seal53.zones.routing import (
    CidrBlocks,
    Failover,
    GeoLocation,
    GeoProximity,
    Latency,
    Multivalue,
    Policy,
    Weighted,
)

MOST_PROXIMITY = 30  # Route 53 developer guide, "Quotas": geoproximity sets of one name and type
MOST_MERGED = 8  # Route 53 developer guide: record sets that a multivalue answer is made of
MOST_OCTETS = 60_000  # of records in one answer: RFC 1035 §4.2.2 allows 65535 for all of a message
_RECORD_OCTETS = 12  # RFC 1035 §4.1.3: of a record beside its RDATA, with the name compressed

_WORDS: dict[type[Policy], str] = {
    Weighted: "weighted",
    Latency: "latency",
    Failover: "failover",
    GeoLocation: "GEO",
    Multivalue: "multivalue answer",
    CidrBlocks: "CIDR",
    GeoProximity: "geo-proximity",
}


def problem(placed: ZoneSet, beside: Collection[ZoneSet], *, most: int) -> str | None:
    """Why `placed` may not stand beside the other sets of its name and type; None when it may.

    `most`: how many sets a name and type may have.
    """
    if not beside:
        return None
    policy = placed.policy
    title = titled(placed.key)
    if policy is None:
        return f"{title} cannot be created as other RRSets exist with the same name and type."
    kind = type(policy)
    if any(type(other.policy) is not kind for other in beside):
        return _mixed(title, policy)
    limit = min(most, MOST_PROXIMITY) if kind is GeoProximity else most
    if len(beside) >= limit:
        place = title.removeprefix("RRSet with DNS name ").partition(", SetIdentifier")[0]
        return f"Exceeded limit on number of {_WORDS[kind]} RRSets for {place} in this zone."
    return _within(placed, policy, title, beside)


def _mixed(title: str, policy: Policy) -> str:
    match policy:
        case Weighted():
            return f"{title} cannot be created as a non-weighted set exists with the same name and type."
        case Multivalue():
            return (
                f"{title} cannot be created because a non multivalue answer rrset exists"
                " with the same name and type."
            )
    return (
        f"{title}{_distinction(policy)} cannot be created because a non-{_WORDS[type(policy)]} RRSet"
        " with the same name and type already exists."
    )


def _within(placed: ZoneSet, policy: Policy, title: str, beside: Collection[ZoneSet]) -> str | None:
    match policy:
        case Weighted():
            # An alias has its target's TTL.
            if placed.alias is None and any(
                other.alias is None and other.record.ttl != placed.record.ttl for other in beside
            ):
                return f"{title} cannot be created as weighted sets must contain the same TTL."
        case Multivalue():
            sizes = sorted(map(_octets, (placed, *beside)), reverse=True)
            if sum(sizes[:MOST_MERGED]) > MOST_OCTETS:
                return f"{title} cannot be created as multivalue answer rrsets would not fit into an answer."
        case Latency() if _has(policy, beside):
            return (
                f"{title}{_distinction(policy)} cannot be created because a latency RRSet"
                " with the same name, type and region already exists."
            )
        case CidrBlocks():
            others = (other.policy.collection_id for other in beside if isinstance(other.policy, CidrBlocks))
            for collection_id in others:
                if collection_id != policy.collection_id:
                    return (
                        f"{title}{_distinction(policy)} cannot be created because a CIDR RRSets"
                        f" with a different collection id ({collection_id}) already exist"
                    )
            return _doubled(policy, title, beside)
        case Failover() | GeoLocation():
            return _doubled(policy, title, beside)
    return None


def _doubled(policy: Policy, title: str, beside: Collection[ZoneSet]) -> str | None:
    if not _has(policy, beside):
        return None
    distinction = _distinction(policy)
    return (
        f"{title}{distinction} cannot be created because a {_WORDS[type(policy)]} RRSet with the same name,"
        f" type{distinction.removeprefix(',')} already exists."
    )


def _has(policy: Policy, beside: Collection[ZoneSet]) -> bool:
    return any(other.policy == policy for other in beside)


def _octets(held: ZoneSet) -> int:
    return sum(len(rdata) + _RECORD_OCTETS for rdata in held.record.rdatas)


def _distinction(policy: Policy) -> str:
    """What tells the members of such a group apart, as Route 53 says it."""
    match policy:
        case Latency():
            return f", and Region Name={policy.region}"
        case Failover():
            return f", and marked as {'primary' if policy.primary else 'secondary'}"
        case GeoLocation():
            return f", and routing to [{_place(policy)}"
        case CidrBlocks():
            return (
                f", and routing to CidrCollectionId={policy.collection_id} CidrLocationId={policy.location}"
            )
    return ""


def _place(policy: GeoLocation) -> str:
    """With the bracket that Route 53 closes it by."""
    names = geography.Location(policy.continent or "", policy.country or "", policy.subdivision or "").names
    if policy.continent is not None:
        return f"continent = ({policy.continent}, {names[0]})]"
    subdivision = "" if policy.subdivision is None else f" subdivision = ({policy.subdivision}, {names[2]})"
    return f"country = ({policy.country}, {names[1]}){subdivision}}}"
