"""Amazon EC2: VPCs alone, and of them what DNS needs. Each VPC has a resolver of its own.

A VPC lives in the region that its call was signed for. Attributes take effect through the VPC's version:
without enableDnsSupport its resolver refuses everything, and without one of the two its private zones are not
answered. EC2's errors are not modelled: a code and a text each.
Source: EC2 API, 2016-11-15. Not for: anything that hosts or routes.
"""

import binascii
import ipaddress
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from seal53.policy.patterns import like, prepared
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.vpcs import add_vpc, change_vpc, remove_vpc
from seal53.store import Tx, tags
from seal53.store import vpcs as vpc_rows
from seal53.store.vpcs import Vpc
from seal53.zones.addresses import AddressesExhausted

SHORTEST_PREFIX, LONGEST_PREFIX = 16, 28
LEAST_PAGE, MOST_PAGE = 5, 1000
LONGEST_KEY, LONGEST_VALUE = 127, 256  # characters of a tag's
_UNSERVED = (
    "AmazonProvidedIpv6CidrBlock",
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6CidrBlock",
    "Ipv6CidrBlockNetworkBorderGroup",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "Ipv6Pool",
    "VpcEncryptionControl",
)
_TENANCIES = ("default", "dedicated", "host")
_ATTRIBUTES: Mapping[str, tuple[str, Callable[[Vpc], bool]]] = {
    "enableDnsSupport": ("EnableDnsSupport", lambda vpc: vpc.dns_support),
    "enableDnsHostnames": ("EnableDnsHostnames", lambda vpc: vpc.dns_hostnames),
    "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", lambda vpc: False),
}


def create_vpc(services: Services, request: Request, caller: Caller) -> Response:
    """Its resolver answers from the moment on when the VPC is available."""
    for member in _UNSERVED:
        if request.get(member):
            raise AwsFault(
                "UnsupportedOperation", f"{member} is not supported: a VPC has one IPv4 CIDR block"
            )
    cidr_block = _cidr_block(request.get("CidrBlock"))
    tenancy = request.get("InstanceTenancy") or "default"
    if tenancy not in _TENANCIES:
        raise _invalid(tenancy, "instanceTenancy", f"It must be one of {', '.join(_TENANCIES)}.")
    wanted = _tags(request.get("TagSpecifications") or ())
    _dry(request)
    with services.store.write() as tx:
        try:
            vpc, _ = add_vpc(
                tx,
                services,
                account_id=caller.account_id,
                region=caller.region,
                now=caller.now,
                cidr_block=cidr_block,
                tenancy=tenancy,
            )
        except AddressesExhausted:
            raise AwsFault("VpcLimitExceeded", "The maximum number of VPCs has been reached.") from None
        tags.put(tx, _resource(vpc), wanted)
    return {"Vpc": _shape(vpc, wanted, pending=True)}


def describe_vpcs(services: Services, request: Request, caller: Caller) -> Response:
    """Those of the caller's account in its region, by id."""
    ids, most = request.get("VpcIds") or (), request.get("MaxResults")
    if ids and most is not None:
        raise AwsFault(
            "InvalidParameterCombination", "The parameter vpcIds cannot be used with the parameter maxResults"
        )
    if most is not None and not LEAST_PAGE <= most <= MOST_PAGE:
        raise _invalid(most, "maxResults", f"Expecting a value from {LEAST_PAGE} to {MOST_PAGE}.")
    start_id = "" if request.get("NextToken") is None else _place(request["NextToken"])
    filters = [_filter(given) for given in request.get("Filters") or ()]
    _dry(request)
    with services.store.read() as tx:
        own = vpc_rows.of_region(tx, caller.account_id, caller.region)
        for vpc_id in ids:
            if not any(vpc.id == vpc_id for vpc in own):
                raise _not_found(vpc_id)
        pending = vpc_rows.being_made(tx, caller.account_id)
        tagged = tags.of_each(tx, [_resource(vpc) for vpc in own])
    shapes = [
        _shape(vpc, tagged[_resource(vpc)], pending=vpc.id in pending)
        for vpc in own
        if vpc.id >= start_id and (not ids or vpc.id in ids)
    ]
    found = [shape for shape in shapes if all(passes(shape) for passes in filters)]
    response: dict[str, Any] = {"Vpcs": found if most is None else found[:most]}
    if most is not None and len(found) > most:
        response["NextToken"] = urlsafe_b64encode(found[most]["VpcId"].encode()).decode()
    return response


def delete_vpc(services: Services, request: Request, caller: Caller) -> Response:
    """Not while a private zone, of whatever account, is associated with it."""
    with services.store.write() as tx:
        vpc = _own(tx, request, caller)
        if vpc_rows.has_zones(tx, vpc.id):
            raise AwsFault(
                "DependencyViolation", f"The vpc '{vpc.id}' has dependencies and cannot be deleted."
            )
        _dry(request)
        remove_vpc(tx, services, vpc, caller.now)
    return {}


def describe_vpc_attribute(services: Services, request: Request, caller: Caller) -> Response:
    attribute = request.get("Attribute")
    if attribute is None:
        raise _missing("attribute")
    if attribute not in _ATTRIBUTES:
        raise _invalid(attribute, "attribute", f"It must be one of {', '.join(_ATTRIBUTES)}.")
    with services.store.read() as tx:
        vpc = _own(tx, request, caller)
    _dry(request)
    member, value = _ATTRIBUTES[attribute]
    return {"VpcId": vpc.id, member: {"Value": value(vpc)}}


def modify_vpc_attribute(services: Services, request: Request, caller: Caller) -> Response:
    """One attribute a call."""
    given = [(name, member) for name, (member, _) in _ATTRIBUTES.items() if request.get(member) is not None]
    if not given:
        raise _missing("an attribute to modify")
    if len(given) > 1:
        raise AwsFault(
            "InvalidParameterCombination",
            f"Fields for multiple attribute types specified: {', '.join(name for name, _ in given)}",
        )
    ((name, member),) = given
    wanted = request[member].get("Value")
    if wanted is None:
        raise _missing(f"{name}.Value")
    if name == "enableNetworkAddressUsageMetrics" and wanted:
        raise AwsFault("UnsupportedOperation", f"{name} is not supported: no addresses are used here")
    with services.store.write() as tx:
        vpc = _own(tx, request, caller)
        support = wanted if name == "enableDnsSupport" else vpc.dns_support
        hostnames = wanted if name == "enableDnsHostnames" else vpc.dns_hostnames
        if name == "enableDnsHostnames" and wanted and not support:
            raise _invalid("true", name, "DNS hostnames need enableDnsSupport.")
        if (support, hostnames) != (vpc.dns_support, vpc.dns_hostnames):
            vpc_rows.set_dns(tx, vpc.id, support=support, hostnames=hostnames)
            change_vpc(tx, services, vpc, caller.now)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateVpc": create_vpc,
    "DescribeVpcs": describe_vpcs,
    "DeleteVpc": delete_vpc,
    "DescribeVpcAttribute": describe_vpc_attribute,
    "ModifyVpcAttribute": modify_vpc_attribute,
}


# --- what is asked for


def _own(tx: Tx, request: Request, caller: Caller) -> Vpc:
    vpc_id = request.get("VpcId")
    if not vpc_id:
        raise _missing("vpcId")
    vpc = vpc_rows.get(tx, vpc_id)
    if vpc is None or vpc.account_id != caller.account_id or vpc.region != caller.region:
        raise _not_found(vpc_id)
    return vpc


def _cidr_block(text: str | None) -> str:
    """In canonical form, as EC2 stores it: `100.68.0.18/18` is `100.68.0.0/18`."""
    if not text:
        raise AwsFault("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    try:
        if re.fullmatch(r"[0-9.]+/[0-9]+", text) is None:
            raise ValueError
        block = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise _invalid(text, "cidrBlock", "This is not a valid CIDR block.") from None
    if not SHORTEST_PREFIX <= block.prefixlen <= LONGEST_PREFIX:
        raise AwsFault("InvalidVpc.Range", f"The CIDR '{text}' is invalid.")
    return str(block)


def _tags(specifications: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for specification in specifications:
        if specification.get("ResourceType") != "vpc":
            raise _invalid(specification.get("ResourceType"), "resourceType", "Only a vpc is made here.")
        for tag in specification.get("Tags") or ():
            key, value = tag.get("Key") or "", tag.get("Value") or ""
            if not 0 < len(key) <= LONGEST_KEY or key.lower().startswith("aws:"):
                raise AwsFault(
                    "InvalidParameterValue",
                    f"Tag keys have 1 to {LONGEST_KEY} characters and do not begin with aws:; '{key}' does"
                    " not do that",
                )
            if len(value) > LONGEST_VALUE:
                raise AwsFault("InvalidParameterValue", f"Tag values have at most {LONGEST_VALUE} characters")
            if key in wanted:
                raise AwsFault("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
            wanted[key] = value
    return wanted


_FILTERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "cidr": lambda shape: iter([shape["CidrBlock"]]),
    "cidr-block-association.association-id": lambda shape: (
        one["AssociationId"] for one in shape["CidrBlockAssociationSet"]
    ),
    "cidr-block-association.cidr-block": lambda shape: (
        one["CidrBlock"] for one in shape["CidrBlockAssociationSet"]
    ),
    "cidr-block-association.state": lambda shape: (
        one["CidrBlockState"]["State"] for one in shape["CidrBlockAssociationSet"]
    ),
    "dhcp-options-id": lambda shape: iter([shape["DhcpOptionsId"]]),
    "is-default": lambda shape: iter(["true" if shape["IsDefault"] else "false"]),
    "owner-id": lambda shape: iter([shape["OwnerId"]]),
    "state": lambda shape: iter([shape["State"]]),
    "tag-key": lambda shape: (tag["Key"] for tag in shape["Tags"]),
    "vpc-id": lambda shape: iter([shape["VpcId"]]),
}
"""What a filter's values are compared with. Older names of some filters are EC2's too."""
_ALSO = {"cidr-block": "cidr", "cidrBlock": "cidr", "isDefault": "is-default"}


def _filter(given: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a VPC's shape passes; values are alternatives, with `*` and `?` in them."""
    name = given.get("Name") or ""
    wanted = [_pattern(value) for value in given.get("Values") or ()]
    if not wanted:
        raise AwsFault("InvalidParameterValue", f"The filter '{name}' has no values")
    facts = _FILTERS.get(_ALSO.get(name, name))
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        facts = lambda shape: (tag["Value"] for tag in shape["Tags"] if tag["Key"] == key)  # noqa: E731
    if facts is None:
        raise AwsFault("InvalidParameterValue", f"The filter '{name}' is invalid")
    found = facts
    return lambda shape: any(like(pattern, fact) for fact in found(shape) for pattern in wanted)


def _pattern(value: str) -> str:
    try:
        return prepared(value, variables=False)
    except ValueError:
        raise AwsFault(
            "InvalidParameterValue", "A filter's value holds characters that are not allowed"
        ) from None


def _place(token: str) -> str:
    try:
        place = b64decode(token, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        place = ""
    if not place.startswith("vpc-"):
        raise _invalid(token, "nextToken", "It is not one that a list has returned.")
    return place


def _dry(request: Request) -> None:
    """All was in order, and nothing is to be done."""
    if request.get("DryRun"):
        raise AwsFault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


# --- what is answered


def _shape(vpc: Vpc, tagged: Mapping[str, str], *, pending: bool) -> dict[str, Any]:
    number = vpc.id.removeprefix("vpc-")
    return {
        "VpcId": vpc.id,
        "OwnerId": vpc.account_id,
        "State": "pending" if pending else "available",
        "CidrBlock": vpc.cidr_block,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{number}",
                "CidrBlock": vpc.cidr_block,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "Ipv6CidrBlockAssociationSet": [],
        "DhcpOptionsId": "default",
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": False,
        "Tags": [{"Key": key, "Value": value} for key, value in tagged.items()],
    }


def _resource(vpc: Vpc) -> str:
    return f"vpc/{vpc.id}"


def _not_found(vpc_id: str) -> AwsFault:
    return AwsFault("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")


def _missing(what: str) -> AwsFault:
    return AwsFault("MissingParameter", f"The request must contain the parameter {what}")


def _invalid(value: object, parameter: str, why: str) -> AwsFault:
    return AwsFault("InvalidParameterValue", f"Value ({value}) for parameter {parameter} is invalid. {why}")
