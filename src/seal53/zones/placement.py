"""What a record set may be and where it may stand, whatever else the zone holds.

Not for: its values (`rdata`), its neighbours (`change`, `mixing`), its alias's target (`aliases`).
Limits: a PRIMARY set without any health check is taken, as is a health check on a simple set that is no
alias; Route 53 refuses both.
Source: recorded answers of Route 53, quoted; RFC 1034 §3.6.2, RFC 4035 §2.4.
"""

from seal53.core import Name
from seal53.zones import names, routing
from seal53.zones.recordset import Given

_SIMPLE_ONLY = ("NS", "SOA", "DS")
_NO_ALIAS = ("NS", "SOA", "DS")


def problems(apex: Name, owner: Name, given: Given, *, is_private: bool) -> list[str]:
    """Why this set may not be put there, in Route 53's words."""
    at = names.show(owner)
    rtype = given.type
    if not owner.is_at_or_below(apex):
        return [outside(apex, owner)]
    of_type = f"RRSet of type {rtype} with DNS name {at} is not permitted"
    zone = names.show(apex)
    if owner == apex and rtype in ("CNAME", "DS"):
        # RFC 1034 §3.6.2: a CNAME stands alone; RFC 4035 §2.4: a DS belongs to the parent's side of a cut
        return [f"{of_type} at apex in zone {zone}"]
    if owner != apex and rtype == "SOA":
        return [f"{of_type} below apex in zone {zone}"]
    if owner.is_wildcard and rtype == "NS":
        return ["Changing wildcard NS record sets are not supported. No changes made."]
    if given.alias is not None and rtype in _NO_ALIAS:
        return [
            f"RRSet with DNS name {at}, type {rtype} contains an alias target,"
            " but aliases of that type are forbidden"
        ]
    if given.policy is None:
        if given.health_check is not None and given.alias is not None:
            return [
                "DNS name must have alternate ResourceRecordSet responses configured via a routing policy"
                " (e.g., Weight, Region, etc.) if a health check is attached. No changes made."
            ]
        return []
    return _problems_of_policy(at, given, given.policy, is_private=is_private)


def outside(apex: Name, owner: Name) -> str:
    return f"RRSet with DNS name {names.show(owner)} is not permitted in zone {names.show(apex)}"


def _problems_of_policy(at: str, given: Given, policy: routing.Policy, *, is_private: bool) -> list[str]:
    title = f"RRSet with DNS name {at}, type {given.type}, SetIdentifier {given.set_id}"
    if given.type in _SIMPLE_ONLY or (given.type == "CNAME" and isinstance(policy, routing.Multivalue)):
        return [f"{title} cannot be created because this type of RRSet is not supported."]
    if isinstance(policy, routing.Multivalue) and given.alias is not None:
        return ["Multivalue answer rrset should not be an alias rrset. No changes made."]
    if isinstance(policy, routing.CidrBlocks) and is_private:
        return [f"{title} cannot be created because CIDR RRSet is not supported with private hosted zone."]
    if (problem := routing.problem(policy)) is not None:
        return [problem]
    return []
