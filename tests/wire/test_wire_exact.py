"""Route 53's wire to the letter: ids in every form, codes and statuses, what errors hold besides a text."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from wire_world import World

from seal53.gateway import models
from seal53.services.faults import AwsFault

NS = "{https://route53.amazonaws.com/doc/2013-04-01/}"
V = "/2013-04-01"
ROUTE53 = models.load("route53")
FORMS = ["{}", "/hostedzone/{}", "hostedzone/{}", "//hostedzone/{}", "%2Fhostedzone%2F{}", "hostedzone%2F{}"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("method", "path", "operation", "member"),
    [
        ("GET", V + "/hostedzone/{}", "GetHostedZone", "Id"),
        ("DELETE", V + "/hostedzone/{}", "DeleteHostedZone", "Id"),
        ("GET", V + "/hostedzone/{}/rrset", "ListResourceRecordSets", "HostedZoneId"),
        ("GET", V + "/hostedzone/{}/dnssec", "GetDNSSEC", "HostedZoneId"),
        ("POST", V + "/hostedzone/{}/enable-dnssec", "EnableHostedZoneDNSSEC", "HostedZoneId"),
        ("POST", V + "/keysigningkey/{}/ksk/activate", "ActivateKeySigningKey", "HostedZoneId"),
        ("GET", V + "/hostedzonelimit/{}/MAX_RRSETS_BY_ZONE", "GetHostedZoneLimit", "HostedZoneId"),
        ("GET", V + "/hostedzonesbyname?dnsname=a&hostedzoneid={}", "ListHostedZonesByName", "HostedZoneId"),
        ("GET", V + "/queryloggingconfig?hostedzoneid={}", "ListQueryLoggingConfigs", "HostedZoneId"),
        (
            "GET",
            V + "/testdnsanswer?hostedzoneid={}&recordname=a&recordtype=A",
            "TestDNSAnswer",
            "HostedZoneId",
        ),
    ],
)
def test_ids_of_zones_come_in_many_forms(
    world: World, method: str, path: str, operation: str, member: str, form: str
) -> None:
    world.returns("route53", operation, {})
    path, _, query = path.partition("?")  # a client encodes a query wholly
    query = query.format(form.format("Z1").replace("/", "%2F"))
    target = path.format(form.format("Z1")) + (f"?{query}" if query else "")
    assert world.send(*world.signed(method, target, service="route53")).status == 200
    assert world.calls[-1][1] == operation
    assert world.request[member] == "Z1"


@pytest.mark.parametrize(
    ("path", "operation", "kind"),
    [("change/{}", "GetChange", "change"), ("delegationset/{}", "GetReusableDelegationSet", "delegationset")],
)
def test_ids_of_other_kinds_do_too(world: World, path: str, operation: str, kind: str) -> None:
    world.returns("route53", operation, {})
    for form in FORMS:
        target = f"{V}/{path.format(form.replace('hostedzone', kind).format('X1'))}"
        assert world.send(*world.signed("GET", target, service="route53")).status == 200
        assert world.request == {"Id": "X1"}


def test_ids_in_a_body_too(world: World) -> None:
    world.returns("route53", "ChangeResourceRecordSets", {})
    world.returns("route53", "CreateHostedZone", {})
    route53 = world.client("route53")
    target = {"HostedZoneId": "/hostedzone/Z2", "DNSName": "a", "EvaluateTargetHealth": False}
    record_set = {"Name": "a", "Type": "A", "AliasTarget": target}
    changes = [{"Action": "CREATE", "ResourceRecordSet": record_set}]
    route53.change_resource_record_sets(HostedZoneId="/hostedzone/Z1", ChangeBatch={"Changes": changes})
    assert world.request["HostedZoneId"] == "Z1"
    (change,) = world.request["ChangeBatch"]["Changes"]
    assert change["ResourceRecordSet"]["AliasTarget"]["HostedZoneId"] == "Z2"
    route53.create_hosted_zone(Name="a", CallerReference="r", DelegationSetId="/delegationset/N1")
    assert world.request["DelegationSetId"] == "N1"


@pytest.mark.parametrize("given", ["/hostedzone/Z1", "hostedzone/Z1", "Z1"])
def test_tags_want_the_bare_id_and_see_what_was_given(world: World, given: str) -> None:
    world.returns("route53", "ListTagsForResource", {})
    world.returns("route53", "ListTagsForResources", {})
    route53 = world.client("route53")
    route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=given)
    assert world.request["ResourceId"] == given
    route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=[given])
    assert world.request["ResourceIds"] == [given]


def test_what_is_no_prefix_stays(world: World) -> None:
    world.returns("route53", "GetHostedZone", {})
    for given in ("healthcheck%2FZ1", "hostedzoneZ1", "Z1%2Fhostedzone%2FZ2"):
        assert world.send(*world.signed("GET", f"{V}/hostedzone/{given}", service="route53")).status == 200
        assert world.request["Id"] == given.replace("%2F", "/")


# --- replies -------------------------------------------------------------------------------------


def test_a_creation_has_a_location(world: World) -> None:
    location = "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1"
    zone = {"Id": "Z1", "Name": "a.", "CallerReference": "r"}
    change = {"Id": "C1", "Status": "PENDING", "SubmittedAt": datetime(2026, 9, 21, 14, 13, 20, 7000, UTC)}
    world.returns(
        "route53", "CreateHostedZone", {"HostedZone": zone, "ChangeInfo": change, "Location": location}
    )
    inner = "<Name>a</Name><CallerReference>r</CallerReference>"
    body = f"<CreateHostedZoneRequest>{inner}</CreateHostedZoneRequest>".encode()
    answer = world.send(*world.signed("POST", f"{V}/hostedzone", service="route53", body=body))
    assert (answer.status, answer.headers["location"]) == (201, location)
    assert answer.headers["content-type"] == "text/xml"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == f"{NS}CreateHostedZoneResponse"
    assert root.findtext(f"{NS}HostedZone/{NS}Id") == "/hostedzone/Z1"
    assert root.findtext(f"{NS}ChangeInfo/{NS}Id") == "/change/C1"
    assert root.findtext(f"{NS}ChangeInfo/{NS}SubmittedAt") == "2026-09-21T14:13:20.007Z"
    assert b"Location" not in answer.body


EMPTY = [
    operation
    for operation, served in ROUTE53.operations.items()
    if served.output is None or not served.output.members
]


@pytest.mark.parametrize("operation", EMPTY)
def test_a_reply_without_members_is_an_empty_element(world: World, operation: str) -> None:
    from seal53.gateway.serialize import serialize

    reply = serialize(ROUTE53, operation, {}, "r")
    root = ElementTree.fromstring(reply.body)
    assert (root.tag, len(root), root.text) == (f"{NS}{operation}Response", 0, None)


def test_lists_without_a_name_hold_members(world: World) -> None:
    world.returns("route53", "GetDNSSEC", {"KeySigningKeys": [{"Name": "a"}, {"Name": "b"}]})
    answer = world.send(*world.signed("GET", f"{V}/hostedzone/Z1/dnssec", service="route53"))
    names = ElementTree.fromstring(answer.body).findall(f"{NS}KeySigningKeys/{NS}member/{NS}Name")
    assert [name.text for name in names] == ["a", "b"]


# --- errors --------------------------------------------------------------------------------------

ERRORS = {error.code: name for name, error in ROUTE53.errors.items()}
NOT_400 = {
    401: {"NotAuthorizedException"},
    404: {
        *(
            "NoSuchChange",
            "NoSuchHostedZone",
            "NoSuchHealthCheck",
            "NoSuchKeySigningKey",
            "NoSuchGeoLocation",
        ),
        *("NoSuchQueryLoggingConfig", "NoSuchCloudWatchLogsLogGroup", "NoSuchTrafficPolicy"),
        *("NoSuchTrafficPolicyInstance", "NoSuchCidrCollectionException", "NoSuchCidrLocationException"),
        *("VPCAssociationNotFound", "VPCAssociationAuthorizationNotFound"),
    },
    409: {
        *("HostedZoneAlreadyExists", "KeySigningKeyAlreadyExists", "HealthCheckAlreadyExists"),
        *("HealthCheckVersionMismatch", "QueryLoggingConfigAlreadyExists", "TrafficPolicyAlreadyExists"),
        *("TrafficPolicyInstanceAlreadyExists", "CidrCollectionVersionMismatchException"),
        *("ProtectionAlreadyExists",),
    },
}


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_each_modelled_error(world: World, code: str) -> None:
    world.returns("route53", "GetHostedZone", AwsFault(code, "a < b"))
    route53 = world.client("route53")
    with pytest.raises(getattr(route53.exceptions, ERRORS[code])) as caught:
        route53.get_hosted_zone(Id="Z1")
    response = caught.value.response
    assert response["Error"] == {"Type": "Sender", "Code": code, "Message": "a < b"}
    expected = next((status for status, codes in NOT_400.items() if code in codes), 400)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == expected


def test_the_exception_suffix_stands_where_the_model_has_it() -> None:
    suffixed = {code for code in ERRORS if code.endswith("Exception")}
    assert suffixed == {
        *("CidrBlockInUseException", "CidrCollectionAlreadyExistsException", "CidrCollectionInUseException"),
        *("CidrCollectionVersionMismatchException", "NoSuchCidrCollectionException"),
        *("NoSuchCidrLocationException", "NotAuthorizedException", "ThrottlingException"),
    }


@pytest.mark.parametrize(
    ("failure", "code", "status"),
    [
        (RuntimeError("x"), "InternalFailure", 500),
        (AwsFault("ServiceUnavailable", "later"), "ServiceUnavailable", 503),
    ],
)
def test_what_is_our_fault_is_the_receivers(world: World, failure: Exception, code: str, status: int) -> None:
    world.returns("route53", "GetHostedZone", failure)
    answer = world.send(*world.signed("GET", f"{V}/hostedzone/Z1", service="route53"))
    assert answer.status == status
    assert f"<Type>Receiver</Type><Code>{code}</Code>".encode() in answer.body


@pytest.mark.parametrize("code", ["InvalidResourceRecordSetProtectionBatch", "ProtectionAlreadyExists"])
def test_an_error_holds_its_members(world: World, code: str) -> None:
    problems = [
        {"RecordName": f"{name}.", "RecordType": "A", "Message": "it is <not> there"} for name in ("a", "b")
    ]
    world.returns("route53", "GetHostedZone", AwsFault(code, "no", Errors=problems))
    with pytest.raises(ClientError) as caught:
        world.client("route53").get_hosted_zone(Id="Z1")
    assert caught.value.response["Error"]["Message"] == "no"
    assert caught.value.response["Errors"] == problems
