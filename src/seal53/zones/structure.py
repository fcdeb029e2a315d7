"""What is wrong with a change in itself: members that exclude or need one another.

An XML schema would refuse these; the first one is raised, whatever else is wrong with the batch. Not for:
lengths, ranges and enumerations, which the service model has (`gateway`), or what a zone holds (`change`).
Source: recorded answers of Route 53; texts that nobody has recorded follow their form.
"""

import re
from collections.abc import Sequence

from seal53.base.errors import Fault
from seal53.zones import routing
from seal53.zones.recordset import Change

_CONTENTS = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
_POLICIES = f"[{', '.join(routing.MEMBERS[:-1])}, or {routing.MEMBERS[-1]}]"
_PLACES = "[AWSRegion, LocalZoneGroup, or at least one of [Coordinates, or all of [Latitude, and Longitude]]]"
_CODES = "[ContinentCode, or at least one of [CountryCode, or all of [CountryCode, and SubdivisionCode]]]"

_LATITUDE = r"[-+]?(90|[0-8]{0,1}[0-9](\.[0-9]{0,2})?)"
_LONGITUDE = r"[-+]?(180|(1[0-7][0-9]|[0-9]{1,2})(\.[0-9]{0,2})?)"


class InvalidRequest(Fault):
    """A request that is wrong in itself, whatever the zone holds."""


def check(changes: Sequence[Change]) -> None:
    """Raises InvalidRequest for the first malformed change."""
    for change in changes:
        _check_contents(change)
        _check_policy(change)


def _check_contents(change: Change) -> None:
    given = change.given
    if given.values == ():
        raise InvalidRequest(
            "Invalid XML ; cvc-complex-type.2.4.b: The content of element 'ResourceRecords' is not complete."
            " One of '{\"https://route53.amazonaws.com/doc/2013-04-01/\":ResourceRecord}' is expected."
        )
    has_alias, has_records = given.alias is not None, given.ttl is not None and given.values is not None
    count = has_alias + has_records + (given.instance is not None)
    half = has_alias and (given.ttl is not None or given.values is not None)
    if count != 1 or half:
        raise _not_one(_CONTENTS, count, change)


def _check_policy(change: Change) -> None:
    given = change.given
    if not given.sent:
        if given.set_id is not None:
            raise _not_one(_POLICIES, 0, change)
        return
    if given.set_id is None:
        raise InvalidRequest(f"Invalid request: Missing field 'SetIdentifier' in {change}")
    # a MultiValueAnswer that is false asks for an identifier and is no policy
    count = 0 if given.policy is None else len(given.sent)
    if count != 1:
        raise _not_one(_POLICIES, count, change)
    match given.policy:
        case routing.GeoLocation(continent=str()) as place if place.country or place.subdivision:
            raise _not_one(_CODES, 2, change)
        case routing.GeoProximity() as place:
            _check_proximity(place, change)


def _check_proximity(place: routing.GeoProximity, change: Change) -> None:
    given = (place.region, place.local_zone_group, place.coordinates)
    count = sum(value is not None for value in given)
    if count != 1:
        raise _not_one(_PLACES, count, change)
    if place.coordinates is not None:
        for value, pattern, kind in zip(
            place.coordinates, (_LATITUDE, _LONGITUDE), ("Latitude", "Longitude"), strict=True
        ):
            if not re.fullmatch(pattern, value):
                raise InvalidRequest(
                    f"Invalid XML ; cvc-pattern-valid: Value '{value}' is not facet-valid with respect to"
                    f" pattern '{pattern}' for type '{kind}'."
                )


def _not_one(choices: str, count: int, change: Change) -> InvalidRequest:
    return InvalidRequest(
        f"Invalid request: Expected exactly one of {choices}, but found"
        f" {'more than one' if count else 'none'} in {change}"
    )
