"""Traffic policy documents: AWS's own examples are read, mistakes are named, and what comes of them."""

import json
from typing import Any

import pytest

from seal53.core import Name, RecordSet, Routing, decode_put, encode_put
from seal53.zones.traffic import MOST_SETS, Policy, record_set
from seal53.zones.traffic_document import BadDocument, parse

CHECK = "11111111-1111-1111-1111-111111111111"
APEX, OWNER = Name.parse("example.com."), Name.parse("www.example.com.")


def _value(*values: str) -> dict[str, dict[str, Any]]:
    return {f"e{n}": {"Type": "value", "Value": value} for n, value in enumerate(values, 1)}


def _document(rules: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AWSPolicyFormatVersion": "2015-10-01",
        "RecordType": "A",
        "Endpoints": _value("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    }
    if rules is not None:
        found |= {"StartRule": next(iter(rules)), "Rules": rules}
    return {**found, **more}


def _read(document: dict[str, Any]) -> Policy:
    return parse(json.dumps(document))


def _problems(document: dict[str, Any] | str) -> list[str]:
    with pytest.raises(BadDocument) as bad:
        parse(document if isinstance(document, str) else json.dumps(document))
    assert str(bad.value) == ";".join(bad.value.problems)
    return list(bad.value.problems)


def _compiled(document: dict[str, Any], **found: Any) -> RecordSet:
    made = record_set(_read(document), OWNER, apex=APEX, ttl=60, found=found)
    assert decode_put(encode_put(made)) == made
    assert (made.owner, made.set_id, made.routing) == (OWNER, "", None)
    return made


def _to(n: int, **more: Any) -> dict[str, Any]:
    return {"EndpointReference": f"e{n}", **more}


def _records(group: Any) -> list[bytes]:
    return [one.rdatas[0][-1:] for one in group]


# --- each rule, as AWS's examples have them


def test_a_policy_of_one_endpoint() -> None:
    made = _compiled(_document(StartEndpoint="e2"))
    (only,) = made.written
    assert (only.rdatas, only.ttl, only.routing, only.set_id) == ((bytes([192, 0, 2, 2]),), 60, None, "")


def test_weighted() -> None:
    rules = {
        "round_robin": {
            "RuleType": "weighted",
            "Items": [_to(1, Weight="3", HealthCheck=CHECK), _to(2, Weight=1), _to(3, Weight="0")],
        }
    }
    group = _compiled(_document(rules)).written
    assert [one.routing for one in group] == [Routing.weighted(n) for n in (3, 1, 0)]
    assert [one.health_check for one in group] == [CHECK, None, None]
    assert [one.set_id for one in group] == ["0000", "0001", "0002"]
    assert _records(group) == [b"\1", b"\2", b"\3"]
    assert _read(_document(rules)).health_checks == {CHECK}
    assert not _read(_document(rules)).is_located


def test_failover() -> None:
    rules = {"r": {"RuleType": "failover", "Primary": _to(2, HealthCheck=CHECK), "Secondary": _to(1)}}
    group = _compiled(_document(rules)).written
    assert [one.routing for one in group] == [Routing.failover(True), Routing.failover(False)]
    assert [one.health_check for one in group] == [CHECK, None]
    assert _records(group) == [b"\2", b"\1"]


def test_multivalue() -> None:
    rules = {"r": {"RuleType": "multivalue", "Items": [_to(n, HealthCheck=CHECK) for n in (1, 2, 3)]}}
    group = _compiled(_document(rules)).written
    assert {one.routing for one in group} == {Routing.multivalue()}
    assert _records(group) == [b"\1", b"\2", b"\3"]


@pytest.mark.parametrize(
    "default", [{"Country": "*"}, {"IsDefault": True}, {"IsDefault": "true", "Country": "*"}]
)
def test_geo(default: dict[str, Any]) -> None:
    rules = {
        "geo_dest": {
            "RuleType": "geo",
            "Locations": [
                _to(2, Country="FR", IsDefault=False, HealthCheck=CHECK),
                _to(1, **default),
                _to(2, Country="BE", IsDefault="false"),
                _to(3, Country="US", Subdivision="WA"),
                _to(3, Continent="EU"),
            ],
        }
    }
    group = _compiled(_document(rules)).written
    assert [one.routing for one in group] == [Routing.located(n == 1) for n in range(5)]
    assert _read(_document(rules)).is_located


def test_latency() -> None:
    rules = {
        "r": {"RuleType": "latency", "Regions": [_to(1, Region="us-east-1"), _to(2, Region="eu-west-1")]}
    }
    group = _compiled(_document(rules)).written
    assert {one.routing for one in group} == {Routing.located(False)}
    assert _records(group) == [b"\1", b"\2"]


def test_geoproximity_of_both_formats() -> None:
    old = [
        _to(1, Region="aws:route53:us-west-1", Bias="10"),
        _to(2, Latitude="51.50", Longitude="-0.16", Bias="0"),
        _to(3, Latitude=-33.9, Longitude=151),
    ]
    new = [
        _to(1, Location={"Type": "Region", "LocationName": "aws:route53:us-west-1"}, Bias="-10"),
        _to(2, Location={"Type": "LocalZone", "LocationName": "aws:route53:us-east-1-atl-1a"}, Bias=99),
        _to(3, Location={"Type": "Coordinate", "Latitude": "51.50", "Longitude": "-0.16"}),
    ]
    for version, locations in (("2015-10-01", old), ("2023-05-09", new)):
        rules = {"r": {"RuleType": "geoproximity", "GeoproximityLocations": locations}}
        group = _compiled(_document(rules, AWSPolicyFormatVersion=version)).written
        assert [one.routing for one in group] == [Routing.located(False)] * 3


def test_rules_within_rules() -> None:
    """AWS's example of geolocation, latency and failover in one, with plain endpoints."""
    rules = {
        "geo": {
            "RuleType": "geo",
            "Locations": [
                _to(1, IsDefault=True),
                {"RuleReference": "region", "Country": "US", "EvaluateTargetHealth": "true"},
            ],
        },
        "region": {
            "RuleType": "latency",
            "Regions": [
                {"RuleReference": "pair", "Region": "us-east-1", "EvaluateTargetHealth": True},
                {"RuleReference": "pair", "Region": "us-west-1"},
            ],
        },
        "pair": {"RuleType": "failover", "Primary": _to(2), "Secondary": _to(3)},
    }
    default, states = _compiled(_document(rules)).written
    assert (default.routing, _records([default])) == (Routing.located(True), [b"\1"])
    assert (states.routing, states.evaluate_health) == (Routing.located(False), True)
    east, west = states.written
    assert (east.evaluate_health, west.evaluate_health) == (True, False)
    assert _records(east.written) == _records(west.written) == [b"\2", b"\3"]


def test_other_record_types() -> None:
    endpoints = {"e1": {"Type": "value", "Value": "10 mail.example.com."}}
    made = _compiled(_document(RecordType="MX", Endpoints=endpoints, StartEndpoint="e1"))
    assert made.rtype == 15
    assert made.written[0].rdatas == (b"\0\x0a\4mail\7example\3com\0",)
    made = _compiled(_document(RecordType="CNAME", Endpoints=_value("a.example.net"), StartEndpoint="e1"))
    assert made.written[0].rdatas == (b"\1a\7example\3net\0",)


# --- endpoints that are AWS services' names


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [
        ({"Type": "cloudfront", "Value": "d111111abcdef8.cloudfront.net"}, "d111111abcdef8.cloudfront.net."),
        (
            {"Type": "elastic-load-balancer", "Value": "elb-111111.us-east-1.elb.amazonaws.com"},
            "elb-111111.us-east-1.elb.amazonaws.com.",
        ),
        (
            {"Type": "elastic-load-balancer", "Value": "dualstack.lb-1.us-west-2.elb.amazonaws.com."},
            "dualstack.lb-1.us-west-2.elb.amazonaws.com.",
        ),
        (
            {"Type": "application-load-balancer", "Value": "exampleAlb-1.us-east-1.elb.amazonaws.com"},
            "examplealb-1.us-east-1.elb.amazonaws.com.",
        ),
        (
            {"Type": "network-load-balancer", "Value": "exampleNlb-7.elb.us-east-1.amazonaws.com"},
            "examplenlb-7.elb.us-east-1.amazonaws.com.",
        ),
        (
            {"Type": "elastic-beanstalk", "Value": "env-1.eba-ns4.us-east-1.elasticbeanstalk.com"},
            "env-1.eba-ns4.us-east-1.elasticbeanstalk.com.",
        ),
        (
            {"Type": "s3-website", "Region": "us-east-1", "Value": "www.example.com"},
            "s3-website-us-east-1.amazonaws.com.",
        ),
        (
            {"Type": "s3-website", "Region": "eu-central-1", "Value": "www.example.com"},
            "s3-website.eu-central-1.amazonaws.com.",
        ),
    ],
)
def test_service_names(endpoint: dict[str, Any], target: str) -> None:
    policy = _read(_document(Endpoints={"it": endpoint}, StartEndpoint="it"))
    assert str(policy.endpoints["it"].target) == target


LB = {"Type": "elastic-load-balancer", "Value": "elb-1.us-east-1.elb.amazonaws.com"}


def test_a_service_name_is_answered_once_it_was_looked_up() -> None:
    alone = _document(Endpoints={"lb": LB}, StartEndpoint="lb")
    assert _compiled(alone).written[0].unresolved
    assert _compiled(alone, lb=None).written[0].unresolved
    (found,) = _compiled(alone, lb=[b"\xc0\0\2\1", b"\xc0\0\2\2"]).written
    assert (len(found.rdatas), found.ttl) == (2, 60)
    nothing = _compiled(alone, lb=[])
    assert (nothing.alias, nothing.written) == (APEX.child(b"\0"), ())  # NODATA: nobody has this name


def test_a_service_name_among_others() -> None:
    rules = {
        "r": {
            "RuleType": "failover",
            "Primary": {"EndpointReference": "lb", "EvaluateTargetHealth": True},
            "Secondary": {"RuleReference": "s"},
        },
        "s": {"RuleType": "weighted", "Items": [{"EndpointReference": "lb", "Weight": 1}]},
    }
    document = _document(rules, Endpoints={"lb": LB})
    first, second = _compiled(document).written
    assert (first.unresolved, first.evaluate_health) == (True, True)
    assert second.written[0].unresolved
    assert len(_compiled(document, lb=[b"\xc0\0\2\1"]).written) == 2
    assert _compiled(document, lb=[]).alias is not None  # what has nothing is passed over, all the way up


# --- mistakes


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "The document is not valid JSON: Expecting value: line 1 column 1 (char 0)."),
        ('{"a": 1, "a": 2}', "The document is not valid JSON: a member is given twice."),
        ('{"a": NaN}', "The document is not valid JSON: NaN is not JSON."),
        ("[]", "The document is not a JSON object."),
        (
            _document(StartEndpoint="e1", Extra=1),
            "Extra is not known here; known are AWSPolicyFormatVersion,",
        ),
        (
            _document(StartEndpoint="e1", AWSPolicyFormatVersion="2016-01-01"),
            "AWSPolicyFormatVersion must be 2015-10-01 or 2023-05-09.",
        ),
        (_document(StartEndpoint="e1", RecordType="SOA"), "RecordType must be one of A, TXT, CNAME,"),
        (_document(StartEndpoint="e1", RecordType=["A"]), "RecordType must be one of A, TXT, CNAME,"),
        (_document(StartEndpoint="e1", Endpoints=[]), "Endpoints must be an object of definitions by ID."),
        (_document(), "Exactly one of StartEndpoint and StartRule must be given."),
        (
            _document(StartEndpoint="e1", StartRule="r"),
            "Exactly one of StartEndpoint and StartRule must be given.",
        ),
        (_document(StartEndpoint="e9"), "StartEndpoint must be an ID that is defined in Endpoints."),
        (_document(StartRule="e1"), "StartRule must be an ID that is defined in Rules."),
        (_document(StartRule=1), "StartRule must be an ID that is defined in Rules."),
    ],
)
def test_what_is_no_document(document: dict[str, Any] | str, problem: str) -> None:
    (found,) = _problems(document)
    assert found.startswith(problem)


def test_deeply_nested_json_is_refused() -> None:
    (found,) = _problems('{"a":' * 100_000)
    assert found.startswith("The document is not valid JSON: ")


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ([], "The definition must be an object."),
        (
            {"Type": "value", "Value": "192.0.2.1", "Port": 1},
            "Port is not known here; known are Type, Region, Value.",
        ),
        ({"Value": "192.0.2.1"}, "Type must be one of value, cloudfront,"),
        ({"Type": "elb", "Value": "x"}, "Type must be one of value, cloudfront,"),
        ({"Type": "value"}, "Value must be a text that is not empty."),
        ({"Type": "value", "Value": 1}, "Value must be a text that is not empty."),
        (
            {"Type": "value", "Value": "example.com"},
            "Invalid Resource Record: 'FATAL problem: ARRDATAIllegal",
        ),
        (
            {"Type": "cloudfront", "Value": "example.com"},
            "Value is not a valid CloudFront distribution name.",
        ),
        (
            {"Type": "elastic-load-balancer", "Value": "x.elb.us-east-1.amazonaws.com"},
            "Value is not a valid ELB Classic load balancer name.",
        ),
        (
            {"Type": "network-load-balancer", "Value": "x.us-east-1.elb.amazonaws.com"},
            "Value is not a valid ELB Network load balancer name.",
        ),
        (
            {"Type": "application-load-balancer", "Value": "a..b"},
            "Value is not a valid ELB Application load balancer name.",
        ),
        ({"Type": "s3-website", "Value": "www.example.com"}, "Region must be given for an endpoint of type"),
        (
            {"Type": "s3-website", "Value": "a..b", "Region": "us-east-1"},
            "Value is not a valid Amazon S3 bucket",
        ),
        ({"Type": "s3-website", "Value": "b", "Region": "Virginia"}, "Region is not the code of a Region."),
    ],
)
def test_what_is_no_endpoint(endpoint: Any, problem: str) -> None:
    (found,) = _problems(_document(Endpoints={"it": endpoint}, StartEndpoint="it"))
    assert found.startswith(f"it: {problem}")


def test_service_names_have_the_types_of_addresses() -> None:
    website = {"Type": "s3-website", "Region": "us-east-1", "Value": "b"}
    for rtype, endpoint, kind in (("CNAME", LB, LB["Type"]), ("AAAA", website, "s3-website")):
        document = _document(RecordType=rtype, Endpoints={"it": endpoint}, StartEndpoint="it")
        assert _problems(document) == [f"it: An endpoint of type {kind} cannot have the RecordType {rtype}."]


_REFERENCE = "must have exactly one of EndpointReference and RuleReference."


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ([], "RuleType must be one of failover, geo, geoproximity, latency, multivalue, weighted."),
        ({"RuleType": "simple"}, "RuleType must be one of failover,"),
        ({"RuleType": ["geo"]}, "RuleType must be one of failover,"),
        ({"RuleType": "weighted"}, "Items must be a list that is not empty."),
        ({"RuleType": "weighted", "Items": []}, "Items must be a list that is not empty."),
        ({"RuleType": "weighted", "Items": [], "Regions": []}, "Regions is not known here;"),
        ({"RuleType": "weighted", "Items": ["e1"]}, "The definition must be an object."),
        ({"RuleType": "weighted", "Items": [_to(1)]}, "Weight must be a whole number from 0 to 255."),
        (
            {"RuleType": "weighted", "Items": [_to(1, Weight=256)]},
            "Weight must be a whole number from 0 to 255.",
        ),
        ({"RuleType": "weighted", "Items": [_to(1, Weight=True)]}, "Weight must be a whole number"),
        ({"RuleType": "weighted", "Items": [_to(1, Weight="1.5")]}, "Weight must be a whole number"),
        ({"RuleType": "weighted", "Items": [{"Weight": 1}]}, f"An item {_REFERENCE}"),
        ({"RuleType": "weighted", "Items": [_to(1, Weight=1, RuleReference="r")]}, f"An item {_REFERENCE}"),
        (
            {"RuleType": "weighted", "Items": [_to(9, Weight=1)]},
            "EndpointReference must be an ID that is defined in Endpoints.",
        ),
        (
            {"RuleType": "weighted", "Items": [{"RuleReference": "e1", "Weight": 1}]},
            "RuleReference must be an ID that is defined in Rules.",
        ),
        (
            {"RuleType": "weighted", "Items": [_to(1, Weight=1, EvaluateTargetHealth="yes")]},
            "EvaluateTargetHealth must be true or false.",
        ),
        (
            {"RuleType": "weighted", "Items": [_to(1, Weight=1, EvaluateTargetHealth=1)]},
            "EvaluateTargetHealth must be true or false.",
        ),
        (
            {"RuleType": "weighted", "Items": [_to(1, Weight=1, HealthCheck="")]},
            "HealthCheck must be the ID of a health check.",
        ),
        ({"RuleType": "failover", "Primary": _to(1)}, "Secondary must be an object."),
        ({"RuleType": "failover", "Primary": {}, "Secondary": _to(1)}, f"Primary {_REFERENCE}"),
        (
            {"RuleType": "multivalue", "Items": [{"RuleReference": "r"}]},
            "RuleReference is not known here; known are EndpointReference, HealthCheck.",
        ),
        (
            {"RuleType": "multivalue", "Items": [_to(1, EvaluateTargetHealth=True)]},
            "EvaluateTargetHealth is not known here;",
        ),
        ({"RuleType": "latency", "Regions": [_to(1)]}, "Region must be the code of a Region."),
        ({"RuleType": "latency", "Regions": [_to(1, Region="home")]}, "Region must be the code of a Region."),
        (
            {"RuleType": "latency", "Regions": [_to(1, Region="eu-west-1"), _to(2, Region="eu-west-1")]},
            "The location eu-west-1 is given twice.",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1)]},
            "The default location has no Continent,",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, IsDefault=True, Country="DE")]},
            "The default location has no Continent,",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, IsDefault=False, Country="*")]},
            "The default location has no Continent,",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, Country="XX")]},
            "Continent, Country and Subdivision do not name a location together.",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, Country=["DE"])]},
            "Continent, Country and Subdivision do not name a location together.",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, Continent="EU", Country="DE")]},
            "Continent, Country and Subdivision do not name a location together.",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, Country="*"), _to(2, IsDefault=True)]},
            "The location * is given twice.",
        ),
        (
            {"RuleType": "geo", "Locations": [_to(1, Country="DE"), _to(2, Country="DE")]},
            "The location /DE/ is given twice.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1)]},
            "An item must have either Region, or Latitude and Longitude.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Region="us-west-1")]},
            "Region must begin with aws:route53:.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Region="aws:route53:moon")]},
            "Region must be written aws:route53: and the code of a place.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Latitude="91", Longitude="0")]},
            "Latitude must be a number of degrees from -90 to 90, with two decimals.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Latitude="1", Longitude="1.234")]},
            "Longitude must be a number of degrees from -180 to 180, with two decimals.",
        ),
        (
            {
                "RuleType": "geoproximity",
                "GeoproximityLocations": [_to(1, Region="aws:route53:eu-west-1", Bias=100)],
            },
            "Bias must be a whole number from -99 to 99.",
        ),
        (
            {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Location={"Type": "Region"})]},
            "Location is not known here;",
        ),
    ],
)
def test_what_is_no_rule(rule: Any, problem: str) -> None:
    (found,) = _problems(_document({"r": rule}))
    assert found.startswith(f"r: {problem}")


@pytest.mark.parametrize(
    ("location", "problem"),
    [
        (None, "Location must be an object with the Type Region, LocalZone or Coordinate."),
        ({"Type": "City"}, "Location must be an object with the Type Region, LocalZone or Coordinate."),
        ({"Type": "Region", "LocationName": "us-east-1"}, "LocationName must begin with aws:route53:."),
        ({"Type": "LocalZone", "LocationName": "aws:route53:us-east-1"}, "LocationName must be written"),
        ({"Type": "Region", "Latitude": "1"}, "Latitude is not known here;"),
        ({"Type": "Coordinate", "Latitude": "1"}, "Longitude must be a number of degrees"),
    ],
)
def test_what_is_no_location_of_the_new_format(location: Any, problem: str) -> None:
    rules = {"r": {"RuleType": "geoproximity", "GeoproximityLocations": [_to(1, Location=location)]}}
    (found,) = _problems(_document(rules, AWSPolicyFormatVersion="2023-05-09"))
    assert found.startswith(f"r: {problem}")


def test_multivalue_needs_plain_endpoints_of_a_fitting_type() -> None:
    items = {"r": {"RuleType": "multivalue", "Items": [{"EndpointReference": "lb"}]}}
    assert _problems(_document(items, Endpoints={"lb": LB})) == [
        "r: A multivalue rule can refer to endpoints of type value only."
    ]
    items = {"r": {"RuleType": "multivalue", "Items": [_to(1)]}}
    document = _document(items, RecordType="CNAME", Endpoints=_value("a.example.com"))
    assert _problems(document) == ["r: A multivalue rule cannot have the RecordType CNAME."]


def test_ids_are_of_one_kind() -> None:
    rules = {"e1": {"RuleType": "weighted", "Items": [_to(1, Weight=1)]}}
    assert _problems(_document(rules)) == ["e1: An endpoint has the same ID."]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    rules = {"r": {"RuleType": "weighted", "Items": []}}
    endpoints = {"bad": {"Type": "value", "Value": "x"}, "worse": LB | {"Value": "y"}}
    assert _problems(_document(rules, Endpoints=endpoints)) == [
        "bad: Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4"
        " address) encountered with 'x''.",
        "worse: Value is not a valid ELB Classic load balancer name.",
        "r: Items must be a list that is not empty.",
    ]


def _weighted(*rules: str) -> dict[str, Any]:
    return {"RuleType": "weighted", "Items": [{"RuleReference": rule, "Weight": 1} for rule in rules]}


def test_rules_do_not_go_in_circles_too_deep_or_grow_too_large() -> None:
    for rules in ({"a": _weighted("a")}, {"a": _weighted("b"), "b": _weighted("a")}):
        assert _problems(_document(rules)) == ["a: The rule leads back to itself."]
    leaf = {"RuleType": "weighted", "Items": [_to(1, Weight=1)]}
    chain = {f"r{n}": _weighted(f"r{n + 1}") for n in range(7)} | {"r7": leaf}
    assert _compiled(_document(chain)).written
    deep = {f"r{n}": _weighted(f"r{n + 1}") for n in range(8)} | {"r8": leaf}
    (found,) = _problems(_document(deep))
    assert found.endswith(": Rules are nested more than 8 deep.")
    backwards = dict(reversed(deep.items()))
    (found,) = _problems(_document(backwards))
    assert found.endswith(": Rules are nested more than 8 deep.")
    wide = {f"r{n}": _weighted(*[f"r{n + 1}"] * 4) for n in range(7)} | {"r7": leaf}
    (found,) = _problems(_document(wide))
    assert found.endswith(f": The rule leads to more than {MOST_SETS} record sets.")


def test_what_nobody_refers_to_is_no_mistake() -> None:
    rules = {"unused": {"RuleType": "weighted", "Items": [_to(2, Weight=1)]}}
    document = _document(StartEndpoint="e1", Rules=rules)
    assert _records(_compiled(document).written) == [b"\1"]
