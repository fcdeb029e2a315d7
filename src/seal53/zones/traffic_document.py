"""The JSON of a traffic policy: read strictly, so that a mistake is found when the policy is made.

Numbers and booleans may be texts, as in AWS's examples. Unknown members, members given twice, ids that are
not defined and rules that go in circles are refused; an endpoint or rule that nobody refers to is not.
Source: Route 53 API reference, "Traffic policy document format": 2015-10-01, and 2023-05-09, which has
Local Zones. Not for: what a policy means (`traffic`).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from seal53.base.errors import Fault
from seal53.core import Name, Routing
from seal53.zones import geography, names, rdata
from seal53.zones.traffic import Choice, Endpoint, Policy, trouble

OLD, NEW = "2015-10-01", "2023-05-09"

_TOP = ("AWSPolicyFormatVersion", "RecordType", "StartEndpoint", "StartRule", "Endpoints", "Rules")
_UNROUTED = ("SOA", "NS", "DS")
_REFERENCES = ("EndpointReference", "RuleReference")
_HEALTH = ("EvaluateTargetHealth", "HealthCheck")
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+)+-[0-9]")
_LOCAL_ZONE = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9](-[a-z]+-[0-9][a-z]?)")
_COORDINATE = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{0,2})?")

# Regions whose S3 website endpoint is written with a dash. Source: AWS general reference, "S3 endpoints".
_DASHED = (
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
)

# What the name of an AWS resource looks like, and what it is called in messages.
_RESOURCES: dict[str, tuple[re.Pattern[str], str]] = {
    "cloudfront": (re.compile(r"[a-z0-9]+\.cloudfront\.(net|cn)"), "CloudFront distribution"),
    "application-load-balancer": (
        re.compile(r"(.+\.)?[a-z0-9-]+\.[a-z0-9-]+\.elb\.amazonaws\.com(\.cn)?"),
        "ELB Application load balancer",
    ),
    "elastic-load-balancer": (
        re.compile(r"(.+\.)?[a-z0-9-]+\.[a-z0-9-]+\.elb\.amazonaws\.com(\.cn)?"),
        "ELB Classic load balancer",
    ),
    "network-load-balancer": (
        re.compile(r"[a-z0-9-]+\.elb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?"),
        "ELB Network load balancer",
    ),
    "elastic-beanstalk": (re.compile(r".+\.elasticbeanstalk\.com"), "Elastic Beanstalk environment"),
}
_TYPES = ("value", *_RESOURCES, "s3-website")


class BadDocument(Fault):
    """A text that is no traffic policy document; `problems` has every reason that was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(";".join(problems))
        self.problems = tuple(problems)


def parse(document: str) -> Policy:
    """Raises BadDocument."""
    return _Reader(_object(document)).read()


def _object(document: str) -> dict[str, Any]:
    try:
        top = json.loads(document, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise BadDocument([f"The document is not valid JSON: {e}."]) from None
    if not isinstance(top, dict):
        raise BadDocument(["The document is not a JSON object."])
    return top


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is given twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _Wrong(Exception):
    """One problem of one definition."""


class _Reader:
    """Reads one document; what is wrong is kept with the id of the endpoint or rule, and raised together."""

    def __init__(self, top: Mapping[str, Any]) -> None:
        self._top = top
        self._problems: list[str] = []
        self._type = ""
        self._format = OLD
        self._given: dict[str, dict[str, Any]] = {}

    def read(self) -> Policy:
        self._note("", self._head)
        self._raise_any()
        for kind in ("Endpoints", "Rules"):
            given = self._top.get(kind, {})
            if not isinstance(given, dict):
                raise BadDocument([f"{kind} must be an object of definitions by ID."])
            self._given[kind] = given
        endpoints = {id: self._note(id, self._endpoint, it) for id, it in self._given["Endpoints"].items()}
        rules = {id: self._note(id, self._rule, id, it) for id, it in self._given["Rules"].items()}
        start = self._note("", self._start)
        self._raise_any()
        for id, problem in trouble({id: [c.to for c in rule] for id, rule in rules.items()}).items():
            self._problems.append(f"{id}: {problem}")
        self._raise_any()
        return Policy(type=self._type, start=start, endpoints=endpoints, rules=rules)

    def _note(self, where: str, part: Callable[..., Any], *given: Any) -> Any:
        """What a part makes of its definition; None when it is wrong, which is kept."""
        try:
            return part(*given)
        except _Wrong as e:
            self._problems.append(f"{where}: {e}" if where else str(e))
            return None

    def _raise_any(self) -> None:
        if self._problems:
            raise BadDocument(self._problems)

    def _head(self) -> None:
        _known(self._top, _TOP)
        self._format = self._top.get("AWSPolicyFormatVersion", OLD)
        if self._format not in (OLD, NEW):
            raise _Wrong(f"AWSPolicyFormatVersion must be {OLD} or {NEW}.")
        allowed = [rtype for rtype in rdata.TYPES if rtype not in _UNROUTED]
        if self._top.get("RecordType") not in allowed:
            raise _Wrong(f"RecordType must be one of {', '.join(allowed)}.")
        self._type = self._top["RecordType"]

    def _start(self) -> str:
        named = [kind for kind in ("Endpoint", "Rule") if f"Start{kind}" in self._top]
        if len(named) != 1:
            raise _Wrong("Exactly one of StartEndpoint and StartRule must be given.")
        start = self._top[f"Start{named[0]}"]
        if not isinstance(start, str) or start not in self._given[f"{named[0]}s"]:
            raise _Wrong(f"Start{named[0]} must be an ID that is defined in {named[0]}s.")
        return start

    # --- endpoints

    def _endpoint(self, given: Any) -> Endpoint:
        _known(given, ("Type", "Region", "Value"))
        kind, value, region = (given.get(member) for member in ("Type", "Value", "Region"))
        if kind not in _TYPES:
            raise _Wrong(f"Type must be one of {', '.join(_TYPES)}.")
        if not isinstance(value, str) or not value:
            raise _Wrong("Value must be a text that is not empty.")
        if region is not None and not _is_region(region):
            raise _Wrong("Region is not the code of a Region.")
        if kind == "value":
            try:
                return Endpoint(rdata=rdata.parse(self._type, value).wire)
            except rdata.BadValue as e:
                raise _Wrong(f"{e.message}.") from None
        if self._type not in (("A",) if kind == "s3-website" else ("A", "AAAA")):
            raise _Wrong(f"An endpoint of type {kind} cannot have the RecordType {self._type}.")
        return Endpoint(target=_website(value, region) if kind == "s3-website" else _resource(kind, value))

    # --- rules

    def _rule(self, id: str, given: Any) -> tuple[Choice, ...]:
        if id in self._given["Endpoints"]:
            raise _Wrong("An endpoint has the same ID.")
        kind = given.get("RuleType") if isinstance(given, dict) else None
        if not isinstance(kind, str) or kind not in _LISTS:
            raise _Wrong(f"RuleType must be one of {', '.join(_LISTS)}.")
        if kind == "failover":
            _known(given, ("RuleType", "Primary", "Secondary"))
            return tuple(
                self._choice(given.get(role), (), Routing.failover(role == "Primary"), where=role)
                for role in ("Primary", "Secondary")
            )
        members = _LISTS[kind]
        _known(given, ("RuleType", members))
        items = given.get(members)
        if not isinstance(items, list) or not items:
            raise _Wrong(f"{members} must be a list that is not empty.")
        read = {
            "weighted": self._weighted,
            "multivalue": self._multivalue,
            "latency": self._latency,
            "geo": self._geo,
            "geoproximity": self._geoproximity,
        }[kind]
        return tuple(read(items))

    def _choice(
        self, given: Any, own: Sequence[str], routing: Routing, *, where: str = "An item", alone: bool = False
    ) -> Choice:
        """`own` are the members of this kind of rule; `alone`: it leads to endpoints, without more ado."""
        _known(given, (*_REFERENCES[: 1 if alone else 2], *(_HEALTH[1:] if alone else _HEALTH), *own), where)
        named = [member for member in _REFERENCES if member in given]
        if len(named) != 1:
            raise _Wrong(f"{where} must have exactly one of {' and '.join(_REFERENCES)}.")
        to, kind = given[named[0]], named[0].removesuffix("Reference") + "s"
        if not isinstance(to, str) or to not in self._given[kind]:
            raise _Wrong(f"{named[0]} must be an ID that is defined in {kind}.")
        check = given.get("HealthCheck")
        if check is not None and not (isinstance(check, str) and 0 < len(check) <= 64):
            raise _Wrong("HealthCheck must be the ID of a health check.")
        return Choice(
            to=to,
            routing=routing,
            evaluate_health=_boolean(given, "EvaluateTargetHealth"),
            health_check=check,
        )

    def _weighted(self, items: list[Any]) -> list[Choice]:
        found = []
        for item in items:
            _known(item, ("Weight", *_REFERENCES, *_HEALTH))
            weight = Routing.weighted(_whole(item, "Weight", 0, 255))
            found.append(self._choice(item, ("Weight",), weight))
        return found

    def _multivalue(self, items: list[Any]) -> list[Choice]:
        if self._type == "CNAME":
            raise _Wrong("A multivalue rule cannot have the RecordType CNAME.")
        found = [self._choice(item, (), Routing.multivalue(), alone=True) for item in items]
        for choice in found:
            if self._given["Endpoints"][choice.to].get("Type") != "value":
                raise _Wrong("A multivalue rule can refer to endpoints of type value only.")
        return found

    def _latency(self, items: list[Any]) -> list[Choice]:
        found = [self._choice(item, ("Region",), Routing.located(False)) for item in items]
        if not all(_is_region(item.get("Region")) for item in items):
            raise _Wrong("Region must be the code of a Region.")
        _distinct_places(item["Region"] for item in items)
        return found

    def _geo(self, items: list[Any]) -> list[Choice]:
        found, places = [], []
        for item in items:
            _known(item, ("IsDefault", *_PLACE, *_REFERENCES, *_HEALTH))
            place = tuple(item.get(member) for member in _PLACE)
            default = _boolean(item, "IsDefault") if "IsDefault" in item else place[1] == geography.DEFAULT
            if default is not (place in ((None, None, None), (None, geography.DEFAULT, None))):
                raise _Wrong("The default location has no Continent, Subdivision or Country, unless it is *.")
            if not default and not (_are_texts(place) and geography.is_location(*place)):
                raise _Wrong("Continent, Country and Subdivision do not name a location together.")
            places.append("*" if default else "/".join(code or "" for code in place))
            found.append(self._choice(item, ("IsDefault", *_PLACE), Routing.located(default)))
        _distinct_places(places)
        return found

    def _geoproximity(self, items: list[Any]) -> list[Choice]:
        own = ("Bias", "Location") if self._format == NEW else ("Bias", "Region", "Latitude", "Longitude")
        found, places = [], []
        for item in items:
            found.append(self._choice(item, own, Routing.located(False)))
            if "Bias" in item:
                _whole(item, "Bias", -99, 99)
            places.append(_near(item) if self._format == OLD else _location(item.get("Location")))
        _distinct_places(places)
        return found


_PLACE = ("Continent", "Country", "Subdivision")
_LISTS = {
    "failover": "",
    "geo": "Locations",
    "geoproximity": "GeoproximityLocations",
    "latency": "Regions",
    "multivalue": "Items",
    "weighted": "Items",
}


def _known(given: Any, known: Sequence[str], where: str = "The definition") -> None:
    if not isinstance(given, dict):
        raise _Wrong(f"{where} must be an object.")
    for member in given:
        if member not in known:
            raise _Wrong(f"{member} is not known here; known are {', '.join(known)}.")


def _boolean(given: Mapping[str, Any], member: str) -> bool:
    value = given.get(member, False)
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise _Wrong(f"{member} must be true or false.")
    return bool(value == "true")


def _whole(given: Mapping[str, Any], member: str, least: int, most: int) -> int:
    value = given.get(member)
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,3}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _Wrong(f"{member} must be a whole number from {least} to {most}.")
    return value


def _is_region(value: Any) -> bool:
    return isinstance(value, str) and _REGION.fullmatch(value) is not None


def _are_texts(place: Sequence[Any]) -> bool:
    return all(code is None or isinstance(code, str) for code in place)


def _distinct_places(places: Any) -> None:
    seen: set[str] = set()
    for place in places:
        if place in seen:
            raise _Wrong(f"The location {place} is given twice.")
        seen.add(place)


def _near(item: Mapping[str, Any]) -> str:
    """Where an endpoint of the old format lies."""
    if ("Region" in item) is ("Latitude" in item or "Longitude" in item):
        raise _Wrong("An item must have either Region, or Latitude and Longitude.")
    if "Region" in item:
        return _route53_place(item["Region"], "Region", _REGION)
    return _coordinates(item)


def _location(given: Any) -> str:
    """Where an endpoint of the new format lies."""
    kind = given.get("Type") if isinstance(given, dict) else None
    if kind == "Coordinate":
        _known(given, ("Type", "Latitude", "Longitude"))
        return _coordinates(given)
    if kind not in ("Region", "LocalZone"):
        raise _Wrong("Location must be an object with the Type Region, LocalZone or Coordinate.")
    _known(given, ("Type", "LocationName"))
    return _route53_place(
        given.get("LocationName"), "LocationName", _REGION if kind == "Region" else _LOCAL_ZONE
    )


def _route53_place(value: Any, member: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value.removeprefix("aws:route53:")) is None:
        raise _Wrong(f"{member} must be written aws:route53: and the code of a place.")
    if not value.startswith("aws:route53:"):
        raise _Wrong(f"{member} must begin with aws:route53:.")
    return value


def _coordinates(given: Mapping[str, Any]) -> str:
    found = []
    for member, most in (("Latitude", 90), ("Longitude", 180)):
        value = given.get(member)
        text = value if isinstance(value, str) else repr(value) if isinstance(value, int | float) else ""
        if _COORDINATE.fullmatch(text) is None or abs(float(text)) > most:
            raise _Wrong(f"{member} must be a number of degrees from -{most} to {most}, with two decimals.")
        found.append(f"{float(text):.2f}")
    return ",".join(found)


def _resource(kind: str, value: str) -> Name:
    pattern, what = _RESOURCES[kind]
    try:
        name = names.parse(value)
    except names.BadName:
        raise _Wrong(f"Value is not a valid {what} name.") from None
    if pattern.fullmatch(value.lower().removesuffix(".")) is None:
        raise _Wrong(f"Value is not a valid {what} name.")
    return name


def _website(value: str, region: Any) -> Name:
    """The website endpoint of the bucket's Region: it serves the bucket that is named like the instance."""
    try:
        names.parse(value)
    except names.BadName:
        raise _Wrong("Value is not a valid Amazon S3 bucket name.") from None
    if region is None:
        raise _Wrong("Region must be given for an endpoint of type s3-website.")
    return Name.parse(f"s3-website{'-' if region in _DASHED else '.'}{region}.amazonaws.com.")
