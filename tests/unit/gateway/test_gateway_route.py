"""Which request means which operation, before anything about it is proven."""

import time

import pytest

from seal53.gateway import models
from seal53.gateway.errors import Reason, Refused
from seal53.gateway.message import Message
from seal53.gateway.models import Family
from seal53.gateway.route import Router, guess

SERVICES = {name: models.load(name, frozenset()) for name in models.PROTOCOLS}
ROUTER = Router(SERVICES)
V = "/2013-04-01"


def message(method: str, target: str, body: bytes = b"", **headers: str) -> Message:
    path, _, query = target.partition("?")
    return Message(
        method=method,
        path=path.encode(),
        query=query.encode(),
        body=body,
        headers=tuple((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
    )


def scoped(service: str) -> str:
    scope = f"K/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("method", "target", "operation", "labels"),
    [
        ("POST", f"{V}/hostedzone", "CreateHostedZone", {}),
        ("POST", f"{V}/hostedzone/", "CreateHostedZone", {}),
        ("GET", f"{V}/hostedzone?maxitems=1", "ListHostedZones", {}),
        ("GET", f"{V}/hostedzone/Z1", "GetHostedZone", {"Id": "Z1"}),
        ("DELETE", f"{V}/hostedzone/hostedzone/Z1", "DeleteHostedZone", {"Id": "hostedzone/Z1"}),
        ("GET", f"{V}/hostedzone//hostedzone/Z1", "GetHostedZone", {"Id": "hostedzone/Z1"}),
        ("GET", f"{V}/hostedzone/%2Fhostedzone%2FZ1", "GetHostedZone", {"Id": "/hostedzone/Z1"}),
        ("POST", f"{V}/hostedzone/Z1/rrset", "ChangeResourceRecordSets", {"Id": "Z1"}),
        ("POST", f"{V}/hostedzone/Z1/rrset/", "ChangeResourceRecordSets", {"Id": "Z1"}),
        ("POST", f"{V}/hostedzone/hostedzone/Z1/rrset/", "ChangeResourceRecordSets", {"Id": "hostedzone/Z1"}),
        ("GET", f"{V}/hostedzone/Z1/rrset/", "ListResourceRecordSets", {"Id": "Z1"}),
        ("GET", f"{V}/change/change/C1", "GetChange", {"Id": "change/C1"}),
        (
            "GET",
            f"{V}/delegationset/delegationset/N1",
            "GetReusableDelegationSet",
            {"Id": "delegationset/N1"},
        ),
        (
            "GET",
            f"{V}/hostedzonelimit/hostedzone/Z1/MAX_RRSETS_BY_ZONE",
            "GetHostedZoneLimit",
            {"Id": "hostedzone/Z1", "Type": "MAX_RRSETS_BY_ZONE"},
        ),
        (
            "GET",
            f"{V}/tags/hostedzone/Z1",
            "ListTagsForResource",
            {"ResourceType": "hostedzone", "ResourceId": "Z1"},
        ),
        (
            "GET",
            f"{V}/tags/hostedzone/%2Fhostedzone%2FZ1",
            "ListTagsForResource",
            {"ResourceType": "hostedzone", "ResourceId": "/hostedzone/Z1"},
        ),
        ("GET", f"{V}/trafficpolicyinstances/hostedzone?id=Z1", "ListTrafficPolicyInstancesByHostedZone", {}),
        ("GET", f"{V}/trafficpolicy/T/1", "GetTrafficPolicy", {"Id": "T", "Version": "1"}),
        (
            "POST",
            f"{V}/keysigningkey/Z1/k%20s/activate",
            "ActivateKeySigningKey",
            {"HostedZoneId": "Z1", "Name": "k s"},
        ),
        (
            "POST",
            f"{V}/hostedzone/Z1/rrsetprotection/delete",
            "DeleteResourceRecordSetProtections",
            {"Id": "Z1"},
        ),
    ],
)
def test_route53_paths(method: str, target: str, operation: str, labels: dict[str, str]) -> None:
    route = ROUTER.route(message(method, target))
    assert (route.scope, route.operation, route.labels) == ("route53", operation, labels)


@pytest.mark.parametrize(
    ("made", "service", "operation"),
    [
        (message("POST", "/", x_amz_target="TrentService.Sign"), "kms", "Sign"),
        (message("POST", "", x_amz_target="TrentService.Sign"), "kms", "Sign"),
        (
            message("POST", "/", x_amz_target="Route53Domains_v20140515.ListDomains"),
            "route53domains",
            "ListDomains",
        ),
        (
            message("POST", "/", x_amz_target="Route53Resolver.ListResolverRules"),
            "route53resolver",
            "ListResolverRules",
        ),
        (message("POST", "/", b"Action=GetCallerIdentity"), "sts", "GetCallerIdentity"),
        (message("GET", "/?Action=GetCallerIdentity&Version=2011-06-15"), "sts", "GetCallerIdentity"),
        (message("POST", "/_seal53/stats"), "seal53", "stats"),
    ],
)
def test_targets_and_actions(made: Message, service: str, operation: str) -> None:
    route = ROUTER.route(made)
    assert (route.scope, route.operation) == (service, operation)


def test_the_scope_alone_never_chooses_an_operation() -> None:
    """A signed request for kms at route53's path is route53's, and fails there for its scope."""
    assert ROUTER.route(message("GET", f"{V}/hostedzone", authorization=scoped("kms"))).scope == "route53"


def test_a_service_that_is_not_served_is_named() -> None:
    for target in ("/", "/bucket", f"{V}/hostedzone"):
        with pytest.raises(Refused) as caught:
            ROUTER.route(message("GET", target, authorization=scoped("s3")))
        assert caught.value.reason is Reason.NOT_IMPLEMENTED
        assert "'s3'" in caught.value.message


@pytest.mark.parametrize(
    ("made", "service", "family"),
    [
        (message("GET", f"{V}/nothing"), "route53", Family.REST_XML),
        (message("GET", "/x", authorization=scoped("route53")), "route53", Family.REST_XML),
        (message("GET", "/x", authorization=scoped("kms")), "kms", Family.JSON),
        (message("GET", "/?X-Amz-Credential=K%2F20260101%2Fr%2Fsts%2Faws4_request"), "sts", Family.QUERY),
        (message("POST", "/", x_amz_target="TrentService.X"), "kms", Family.JSON),
        (message("POST", "/", x_amz_target="Other.X"), None, Family.JSON),
        (
            message("POST", "/", content_type="application/json", authorization=scoped("ram")),
            None,
            Family.JSON,
        ),
        (message("POST", "/", content_type="application/cbor"), None, Family.JSON),
        (message("POST", "/", content_type="application/x-www-form-urlencoded"), "sts", Family.QUERY),
        (message("POST", "/_seal53/x"), None, Family.JSON),
        (message("GET", "/bucket", authorization=scoped("s3")), None, Family.REST_XML),
        (message("GET", "/"), None, Family.REST_XML),
    ],
)
def test_refusals_are_shaped_for_the_likeliest_client(
    made: Message, service: str | None, family: Family
) -> None:
    found, found_family = guess(made, SERVICES)
    assert (found.name if found else None, found_family) == (service, family)


@pytest.mark.parametrize("pair", [b"a&", b"%41&", b"Action=x&", b"=&", b"%41ction=x&"])
def test_a_form_that_nobody_has_signed_is_not_decoded(pair: bytes) -> None:
    body = pair * (990_000 // len(pair)) + b"Action=GetCallerIdentity&Version=2011-06-15"
    begin = time.process_time()
    assert ROUTER.route(Message(method="POST", path=b"/", body=body)).operation == "GetCallerIdentity"
    assert time.process_time() - begin < 0.3


def test_names_that_end_in_action_are_other_names() -> None:
    body = b"MyAction=GetUser&Action=GetCallerIdentity&Version=2011-06-15&Action%20=GetUser&Action"
    assert ROUTER.route(Message(method="POST", path=b"/", body=body)).operation == "GetCallerIdentity"
