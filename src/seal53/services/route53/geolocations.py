"""Amazon Route 53: the places that geolocation routing knows.

They are public data: no account has its own. Source: Route 53 API, 2013-04-01. Not for: where a client is.
"""

import logging
from typing import Any

from seal53.base import journal
from seal53.core import Name
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import page_size
from seal53.zones import geography, listing, names
from seal53.zones.geography import LOCATIONS, Location

LARGEST_PAGE = 500  # not published; AWS's answers with this many have been seen

_MEMBERS = ("Continent", "Country", "Subdivision")


def get_geo_location(services: Services, request: Request, caller: Caller) -> Response:
    codes = _codes(request, "{}Code")
    if codes == ("", "", ""):
        raise AwsFault("InvalidInput", "ContinentCode or CountryCode must be given")
    if not geography.is_location(*codes):
        raise AwsFault(
            "NoSuchGeoLocation", f"The geographic location {'/'.join(filter(None, codes))} is not known"
        )
    return {"GeoLocationDetails": _details(Location(*codes))}


def list_geo_locations(services: Services, request: Request, caller: Caller) -> Response:
    """Countries, each followed by its subdivisions, then continents; from a place on, known or not."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=LARGEST_PAGE)
    begin = geography.starting(Location(*_codes(request, "Start{}Code")))
    response: dict[str, Any] = {
        "GeoLocationDetailsList": [_details(location) for location in LOCATIONS[begin : begin + limit]],
        "IsTruncated": begin + limit < len(LOCATIONS),
        "MaxItems": str(limit),
    }
    if response["IsTruncated"]:
        following = LOCATIONS[begin + limit]
        codes = (following.continent, following.country, following.subdivision)
        response |= {f"Next{member}Code": code for member, code in zip(_MEMBERS, codes, strict=True) if code}
    return response


def tell_located(zone_id: str, owner: Name, type: str, set_id: str = "") -> None:
    """Says of record sets whose answers should depend on where a client is that they do not.

    Name servers give the default, else the first one by set identifier. Called once, when they are made.
    """
    facts = {"zone": zone_id, "name": names.show(owner), "type": type, "set_id": set_id}
    journal.event("answered-by-default", level=logging.WARNING, **facts)


OPERATIONS: dict[str, Operation] = {
    "GetGeoLocation": get_geo_location,
    "ListGeoLocations": list_geo_locations,
}


def _codes(request: Request, pattern: str) -> tuple[str, str, str]:
    """Of continent, country and subdivision; "" for what was not sent. Raises InvalidInput."""
    continent, country, subdivision = (request.get(pattern.format(member)) or "" for member in _MEMBERS)
    if continent and (country or subdivision):
        raise AwsFault(
            "InvalidInput", f"{pattern.format('Continent')} cannot be sent together with another code"
        )
    if subdivision and not country:
        raise AwsFault(
            "InvalidInput",
            f"{pattern.format('Subdivision')} can be sent only together with {pattern.format('Country')}",
        )
    return continent, country, subdivision


def _details(location: Location) -> dict[str, str]:
    codes = (location.continent, location.country, location.subdivision)
    details: dict[str, str] = {}
    for member, code, name in zip(_MEMBERS, codes, location.names, strict=True):
        if code:
            details |= {f"{member}Code": code, f"{member}Name": name}
    return details
