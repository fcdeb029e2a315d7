"""Routing policies as values: between the API's shapes, what the rules compare, and what name servers get.

    ResourceRecordSet <- to_shape / from_shape -> Policy -> to_core -> core.Routing

Where a client is, nobody here knows: latency, geolocation and geoproximity become `located`, answered by the
geolocation default (`*`), else by the first set identifier. Not for: which policies may stand beside one
another (`mixing`), or choosing (`core`).
Source: Route 53 API reference, ResourceRecordSet.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seal53.core import Routing
from seal53.zones import geography

MEMBERS = (
    "Weight",
    "Region",
    "Failover",
    "GeoLocation",
    "MultiValueAnswer",
    "GeoProximityLocation",
    "CidrRoutingConfig",
)
"""The members of a ResourceRecordSet that are a policy each, in the order in which Route 53 names them."""

_REGIONS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
    ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
    ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1
    eu-south-2 eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 mx-central-1
    sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2
"""
REGIONS = frozenset(_REGIONS.split())
"""Of latency and geoproximity: the service model's."""

DEFAULT_LOCATION = "*"
"""Of every CIDR collection: what is in none of its blocks."""

_LOCAL_ZONE_GROUP = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+-[a-z]+-[0-9]+")


@dataclass(frozen=True, slots=True)
class Weighted:
    weight: int


@dataclass(frozen=True, slots=True)
class Latency:
    region: str


@dataclass(frozen=True, slots=True)
class Failover:
    primary: bool


@dataclass(frozen=True, slots=True)
class GeoLocation:
    """None is a code that was not sent."""

    continent: str | None = None
    country: str | None = None
    subdivision: str | None = None


@dataclass(frozen=True, slots=True)
class Multivalue:
    pass


@dataclass(frozen=True, slots=True)
class CidrBlocks:
    collection_id: str
    location: str


@dataclass(frozen=True, slots=True)
class GeoProximity:
    """One of region, local zone group, coordinates (latitude, longitude as typed)."""

    region: str | None = None
    local_zone_group: str | None = None
    coordinates: tuple[str, str] | None = None
    bias: int | None = None


LOCATED = (Latency, GeoLocation, GeoProximity)
"""The policies that depend on where a client is."""

Policy = Weighted | Latency | Failover | GeoLocation | Multivalue | CidrBlocks | GeoProximity


def sent(shape: Mapping[str, Any]) -> tuple[str, ...]:
    """The policy members of a ResourceRecordSet that were sent, whatever they say."""
    return tuple(member for member in MEMBERS if shape.get(member) is not None)


def from_shape(shape: Mapping[str, Any]) -> Policy | None:
    """The policy of a ResourceRecordSet that has at most one; MultiValueAnswer false is none."""
    for member, read in _READERS.items():
        value = shape.get(member)
        if value is not None:
            return read(value)
    return None


def to_shape(policy: Policy) -> dict[str, Any]:
    """The member that stands for it: `from_shape` backwards."""
    match policy:
        case Weighted():
            return {"Weight": policy.weight}
        case Latency():
            return {"Region": policy.region}
        case Failover():
            return {"Failover": "PRIMARY" if policy.primary else "SECONDARY"}
        case GeoLocation():
            codes = {
                "ContinentCode": policy.continent,
                "CountryCode": policy.country,
                "SubdivisionCode": policy.subdivision,
            }
            return {"GeoLocation": _without_none(codes)}
        case Multivalue():
            return {"MultiValueAnswer": True}
        case CidrBlocks():
            config = {"CollectionId": policy.collection_id, "LocationName": policy.location}
            return {"CidrRoutingConfig": config}
        case GeoProximity():
            place: dict[str, Any] = {"AWSRegion": policy.region, "LocalZoneGroup": policy.local_zone_group}
            if policy.coordinates is not None:
                latitude, longitude = policy.coordinates
                place["Coordinates"] = {"Latitude": latitude, "Longitude": longitude}
            place["Bias"] = policy.bias
            return {"GeoProximityLocation": _without_none(place)}


def to_core(policy: Policy) -> Routing:
    """How name servers choose."""
    match policy:
        case Weighted():
            return Routing.weighted(policy.weight)
        case Failover():
            return Routing.failover(policy.primary)
        case Multivalue():
            return Routing.multivalue()
        case CidrBlocks():
            return Routing.cidr(policy.collection_id, policy.location)
        case GeoLocation():
            return Routing.located(policy.country == geography.DEFAULT)
        case Latency() | GeoProximity():
            return Routing.located(False)


def problem(policy: Policy) -> str | None:
    """What is wrong with a policy in itself, in Route 53's words: a place that it does not know."""
    match policy:
        case Latency() if policy.region not in REGIONS:
            return f"Cannot find region '{policy.region}'. No changes made."
        case GeoLocation() if not geography.is_location(policy.continent, policy.country, policy.subdivision):
            return f"Cannot find location: '{_codes(policy)}'. No changes made."
        case GeoProximity(region=str(region)) if region not in REGIONS:
            return f"Cannot find GeoProximityLocation with AWSRegion = {region}. No changes made."
        case GeoProximity(local_zone_group=str(group)) if not _LOCAL_ZONE_GROUP.fullmatch(group):
            return f"Cannot find GeoProximityLocation with LocalZoneGroup = {group}. No changes made."
    return None


def _codes(policy: GeoLocation) -> str:
    """As Route 53 has them in its messages, with the blank that it leaves before a continent."""
    text = "" if policy.country is None else f"country = {policy.country}"
    if policy.continent is not None:
        text += f" continent = {policy.continent}"
    if policy.subdivision is not None:
        text += f" subdivision = {policy.subdivision}"
    return text


def _without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _proximity(place: Mapping[str, Any]) -> GeoProximity:
    coordinates = place.get("Coordinates")
    return GeoProximity(
        region=place.get("AWSRegion"),
        local_zone_group=place.get("LocalZoneGroup"),
        coordinates=None if coordinates is None else (coordinates["Latitude"], coordinates["Longitude"]),
        bias=place.get("Bias"),
    )


_READERS: dict[str, Callable[[Any], Policy | None]] = {
    "Weight": Weighted,
    "Region": Latency,
    "Failover": lambda value: Failover(value == "PRIMARY"),
    "GeoLocation": lambda value: GeoLocation(
        value.get("ContinentCode"), value.get("CountryCode"), value.get("SubdivisionCode")
    ),
    "MultiValueAnswer": lambda value: Multivalue() if value else None,
    "GeoProximityLocation": _proximity,
    "CidrRoutingConfig": lambda value: CidrBlocks(value["CollectionId"], value["LocationName"]),
}
