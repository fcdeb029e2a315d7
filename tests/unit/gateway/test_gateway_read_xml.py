"""What Route 53 says of a document that its schema does not allow, word for word."""

from typing import Any

import pytest

from seal53.gateway import models, read_xml
from seal53.gateway.errors import Reason, Refused

SERVICE = models.load("route53")
NS = SERVICE.namespace


def read(operation: str, body: str | bytes) -> dict[str, Any]:
    shape = SERVICE.operations[operation].input
    assert shape is not None
    members = {m: s for m, s in shape.members.items() if not s.location}
    octets = body.encode() if isinstance(body, str) else body
    return read_xml.reading(shape, members, NS)(octets)


def refusal(operation: str, body: str | bytes) -> tuple[Reason, str]:
    with pytest.raises(Refused) as caught:
        read(operation, body)
    return caught.value.reason, caught.value.message


def batch(record_set: str, action: str = "UPSERT") -> str:
    return (
        f'<ChangeResourceRecordSetsRequest xmlns="{NS}"><ChangeBatch><Changes><Change>'
        f"<Action>{action}</Action><ResourceRecordSet>{record_set}</ResourceRecordSet></Change></Changes></ChangeBatch>"
        "</ChangeResourceRecordSetsRequest>"
    )


ALIAS = "<HostedZoneId>Z1</HostedZoneId><DNSName>a.b</DNSName>"
SETS = {
    "the last one missing": (
        f"<Name>a</Name><Type>A</Type><AliasTarget>{ALIAS}</AliasTarget>",
        "cvc-complex-type.2.4.b: The content of element 'AliasTarget' is not complete. "
        f"One of '{{\"{NS}\":EvaluateTargetHealth}}' is expected.",
    ),
    "one missing in between": (
        "<Name>a</Name><TTL>60</TTL>",
        "cvc-complex-type.2.4.a: Invalid content was found starting with element 'TTL'. "
        f"One of '{{\"{NS}\":Type}}' is expected.",
    ),
    "the first one missing": (
        "<Type>A</Type><TTL>60</TTL>",
        "cvc-complex-type.2.4.a: Invalid content was found starting with element 'Type'. "
        f"One of '{{\"{NS}\":Name}}' is expected.",
    ),
    "all missing": (
        "",
        "cvc-complex-type.2.4.b: The content of element 'ResourceRecordSet' is not complete. "
        f"One of '{{\"{NS}\":Name}}' is expected.",
    ),
    "an unknown one": (
        "<Name>a</Name><Type>A</Type><Ttl>60</Ttl>",
        "cvc-complex-type.2.4.a: Invalid content was found starting with element 'Ttl'. "
        + f'One of \'{{"{NS}":SetIdentifier, "{NS}":Weight, ',
    ),
    "one twice": (
        "<Name>a</Name><Type>A</Type><Name>b</Name>",
        "cvc-complex-type.2.4.a: Invalid content was found starting with element 'Name'. ",
    ),
    "one of another namespace": (
        '<Name>a</Name><Type>A</Type><TTL xmlns="urn:other">1</TTL>',
        "cvc-complex-type.2.4.a: Invalid content was found starting with element '{urn:other}TTL'. ",
    ),
    "another child in a list": (
        "<Name>a</Name><Type>A</Type><ResourceRecords><Value>1</Value></ResourceRecords>",
        "cvc-complex-type.2.4.a: Invalid content was found starting with element 'Value'. "
        f"One of '{{\"{NS}\":ResourceRecord}}' is expected.",
    ),
    "an enumeration": (
        "<Name>a</Name><Type>AAAAA</Type>",
        "cvc-enumeration-valid: Value 'AAAAA' is not facet-valid with respect to enumeration "
        "'[SOA, A, TXT, NS, ",
    ),
    "no number": (
        "<Name>a</Name><Type>A</Type><TTL>five</TTL>",
        "cvc-datatype-valid.1.2.1: 'five' is not a valid value for 'integer'.",
    ),
    "too large a number": (
        "<Name>a</Name><Type>A</Type><TTL>9223372036854775808</TTL>",
        "cvc-datatype-valid.1.2.1: '9223372036854775808' is not a valid value for 'integer'.",
    ),
    "no boolean": (
        "<Name>a</Name><Type>A</Type><MultiValueAnswer>yes</MultiValueAnswer>",
        "cvc-datatype-valid.1.2.1: 'yes' is not a valid value for 'boolean'.",
    ),
    "a child of text": (
        "<Name><b>a</b></Name>",
        "cvc-type.3.1.2: Element 'Name' is a simple type, "
        "so it must have no element information item [children].",
    ),
    "text between": (
        "<Name>a</Name> and <Type>A</Type>",
        "cvc-complex-type.2.3: Element 'ResourceRecordSet' cannot have character [children], "
        "because the type is element-only.",
    ),
}


@pytest.mark.parametrize(("record_set", "text"), SETS.values(), ids=SETS)
def test_what_a_schema_does_not_allow(record_set: str, text: str) -> None:
    reason, message = refusal("ChangeResourceRecordSets", batch(record_set))
    assert reason is Reason.INVALID
    assert message.startswith(f"Invalid XML ; {text}")


def test_an_unknown_action() -> None:
    assert refusal("ChangeResourceRecordSets", batch("<Name>a</Name><Type>A</Type>", "MERGE")) == (
        Reason.INVALID,
        "Invalid XML ; cvc-enumeration-valid: Value 'MERGE' is not facet-valid with respect to enumeration "
        "'[CREATE, DELETE, UPSERT]'. It must be a value from the enumeration.",
    )


def test_another_root() -> None:
    assert refusal("ChangeResourceRecordSets", "<ChangeBatch/>") == (
        Reason.MALFORMED,
        "ChangeBatch is not valid, expected ChangeResourceRecordSetsRequest",
    )


@pytest.mark.parametrize(
    "body", ["", " ", "x", "<a", "<a></b>", "<a/><b/>", "<a>&x;</a>", "<a b='1' b='2'/>", "<x:a/>", "<a\0/>"]
)
def test_what_is_no_xml(body: str) -> None:
    reason, _ = refusal("ChangeResourceRecordSets", body)
    assert reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "what", ["<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<!DOCTYPE a SYSTEM 'x'>"]
)
def test_a_doctype_is_refused_before_it_is_read(what: str) -> None:
    assert refusal("CreateHostedZone", f"{what}<a/>") == (
        Reason.MALFORMED,
        "DOCTYPE and entity declarations are not allowed",
    )


def test_values_as_they_are() -> None:
    found = read(
        "ChangeResourceRecordSets",
        batch(
            "\n  <Name>\ta&amp;<![CDATA[<]]>b </Name>\r\n<!-- c --><Type>A</Type><TTL> +60 </TTL>"
            "<ResourceRecords/><MultiValueAnswer>1</MultiValueAnswer><AliasTarget>"
            "<HostedZoneId>//hostedzone//Z1</HostedZoneId><DNSName/>"
            "<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        ),
    )
    assert found["ChangeBatch"]["Changes"][0]["ResourceRecordSet"] == {
        "Name": "\ta&<b ",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [],
        "MultiValueAnswer": True,
        "AliasTarget": {"HostedZoneId": "Z1", "DNSName": "", "EvaluateTargetHealth": False},
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><CreateHostedZoneRequest xmlns="{NS}">'
        "<Name>b\u00fccher</Name><CallerReference>r</CallerReference></CreateHostedZoneRequest>"
    )
    assert read("CreateHostedZone", text.encode(encoding))["Name"] == "b\u00fccher"


def test_lists_without_a_name_for_their_members() -> None:
    found = read(
        "ChangeCidrCollection",
        f'<ChangeCidrCollectionRequest xmlns="{NS}"><Changes><member><LocationName>a</LocationName>'
        "<Action>PUT</Action><CidrList><Cidr>192.0.2.0/24</Cidr><Cidr>2001:db8::/32</Cidr></CidrList></member>"
        "</Changes></ChangeCidrCollectionRequest>",
    )
    assert found == {
        "Changes": [
            {"LocationName": "a", "Action": "PUT", "CidrList": ["192.0.2.0/24", "2001:db8::/32"]},
        ]
    }


def test_long_text_comes_whole() -> None:
    """expat tells it in pieces."""
    value = "x" * 200_000
    found = read(
        "CreateTrafficPolicy",
        f"<CreateTrafficPolicyRequest><Name>n</Name><Document>{value}&amp;{value}</Document></CreateTrafficPolicyRequest>",
    )
    assert found["Document"] == f"{value}&{value}"
