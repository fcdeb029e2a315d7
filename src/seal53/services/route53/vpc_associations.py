"""Amazon Route 53: which VPCs a private zone answers in, and across accounts by whose leave.

    the zone's owner authorizes a VPC -> the VPC's owner associates it -> its resolver prefers the zone
    either of the two ends the association; taking back the authorization does not

A change is of the VPC's view: INSYNC says that its resolver serves the zone, or no longer does.
Source: Route 53 API, 2013-04-01; developer guide, "Associating a VPC and a private hosted zone that you
created with different AWS accounts".
"""

from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53 import vpcs
from seal53.services.route53.changes import change_info, open_change
from seal53.services.route53.paging import page_size, place_of, token_of
from seal53.services.route53.zones import no_such_zone, own_zone
from seal53.store import Tx, vpc_authorizations
from seal53.store import vpcs as vpc_rows
from seal53.store import zones as zone_rows
from seal53.store.vpc_authorizations import Authorized
from seal53.store.zones import HostedZone
from seal53.zones import listing, names

LARGEST_AUTHORIZATION_PAGE = 50
_BAD_PLACE = "The specified value for NextToken is not one that a list has returned"


def create_vpc_association_authorization(services: Services, request: Request, caller: Caller) -> Response:
    """Authorizing again changes nothing; whether the VPC exists is not known here."""
    with services.store.write() as tx:
        zone = _own_private_zone(tx, request["HostedZoneId"], caller)
        authorized = vpcs.named_vpc(request["VPC"])
        if not vpc_authorizations.exists(tx, zone.id, authorized):
            if vpc_authorizations.count(tx, zone.id) >= services.limits.quotas.vpc_authorizations:
                raise AwsFault(
                    "TooManyVPCAssociationAuthorizations",
                    f"The hosted zone {zone.id} has as many VPC association authorizations as it can have;"
                    " delete one to authorize another VPC",
                )
            vpc_authorizations.insert(tx, zone.id, authorized, caller.now)
    return {"HostedZoneId": zone.id, "VPC": _shape(authorized)}


def delete_vpc_association_authorization(services: Services, request: Request, caller: Caller) -> Response:
    """An association that was made stays."""
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        authorized = vpcs.named_vpc(request["VPC"])
        if not vpc_authorizations.delete(tx, zone.id, authorized):
            raise AwsFault(
                "VPCAssociationAuthorizationNotFound",
                "The VPC that you specified is not authorized to be associated with the hosted zone.",
            )
    return {}


def list_vpc_association_authorizations(services: Services, request: Request, caller: Caller) -> Response:
    """By VPC."""
    limit = page_size(
        request, default=LARGEST_AUTHORIZATION_PAGE, most=LARGEST_AUTHORIZATION_PAGE, member="MaxResults"
    )
    token = request.get("NextToken")
    start: Authorized | None = None
    if token is not None:
        vpc_id, region = place_of(token, 2, _BAD_PLACE)
        start = Authorized(vpc_id=vpc_id, region=region)
    with services.store.read() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        found = vpc_authorizations.page(tx, zone.id, start, limit + 1)
    response: dict[str, Any] = {"HostedZoneId": zone.id, "VPCs": [_shape(one) for one in found[:limit]]}
    if len(found) > limit:
        response["NextToken"] = token_of((found[limit].vpc_id, found[limit].region))
    return response


def associate_vpc_with_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    """By the VPC's owner. The zone may be another account's that has authorized the VPC."""
    zone_id = request["HostedZoneId"]
    with services.store.write() as tx:
        zone = _any_zone(tx, zone_id)
        vpc = vpcs.own_vpc(tx, request["VPC"], caller)
        if zone.account_id != caller.account_id:
            authorized = Authorized(vpc_id=vpc.id, region=vpc.region)
            if not vpc_authorizations.exists(tx, zone.id, authorized):
                raise AwsFault(
                    "NotAuthorizedException",
                    f"The VPC: {vpc.id} has not authorized to associate with your hosted zone.",
                )
        if not zone.is_private:
            raise AwsFault(
                "PublicZoneVPCAssociation",
                f"Attempting to associate public zone: {zone.id} with vpc: {vpc.id}",
            )
        vpcs.refuse_second_zone(tx, vpc, zone.name)
        if zone_rows.count_vpcs(tx, zone.id) >= services.limits.quotas.vpcs:
            raise AwsFault(
                "LimitsExceeded",
                "Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - Cannot associate more VPCs with the hosted"
                " zone.",
            )
        zone_rows.associate(tx, zone.id, vpc.id)
        return _announced(tx, services, request, caller, vpc.id)


def disassociate_vpc_from_hosted_zone(services: Services, request: Request, caller: Caller) -> Response:
    """By the zone's owner or the VPC's; a zone keeps one VPC."""
    with services.store.write() as tx:
        zone = _any_zone(tx, request["HostedZoneId"])
        named = vpcs.named_vpc(request["VPC"])
        vpc = vpc_rows.get(tx, named.vpc_id)
        is_vpcs_owner = vpc is not None and vpc.account_id == caller.account_id
        if zone.account_id != caller.account_id and not is_vpcs_owner:
            raise no_such_zone(zone.id)
        if vpc is None or vpc.region != named.region or not zone_rows.has_vpc(tx, zone.id, vpc.id):
            raise AwsFault(
                "VPCAssociationNotFound",
                f"The VPC {named.vpc_id} in region {named.region} and the hosted zone {zone.id} are not"
                " currently associated.",
            )
        if zone_rows.count_vpcs(tx, zone.id) == 1:
            raise AwsFault("LastVPCAssociation", "Cannot remove last VPC association for the private zone")
        zone_rows.disassociate(tx, zone.id, vpc.id)
        return _announced(tx, services, request, caller, vpc.id)


def list_hosted_zones_by_vpc(services: Services, request: Request, caller: Caller) -> Response:
    """The private zones that a VPC of the caller's is associated with, whoever owns them, by id."""
    limit = page_size(request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE)
    vpc_id, region = request["VPCId"], request["VPCRegion"]
    token = request.get("NextToken")
    start_id = "" if token is None else place_of(token, 1, _BAD_PLACE)[0]
    with services.store.read() as tx:
        vpc = vpc_rows.get(tx, vpc_id)
        if vpc is None or vpc.account_id != caller.account_id or vpc.region != region:
            raise AwsFault(
                "InvalidInput", f"The VPC {vpc_id} in region {region} does not exist in this account"
            )
        zones = zone_rows.page_of_vpc(tx, vpc.id, start_id=start_id, limit=limit + 1)
    response: dict[str, Any] = {
        "HostedZoneSummaries": [
            {
                "HostedZoneId": zone.id,
                "Name": names.show(zone.name),
                "Owner": {"OwningAccount": zone.account_id},
            }
            for zone in zones[:limit]
        ],
        "MaxItems": str(limit),
    }
    if len(zones) > limit:
        response["NextToken"] = token_of((zones[limit].id,))
    return response


OPERATIONS: dict[str, Operation] = {
    "CreateVPCAssociationAuthorization": create_vpc_association_authorization,
    "DeleteVPCAssociationAuthorization": delete_vpc_association_authorization,
    "ListVPCAssociationAuthorizations": list_vpc_association_authorizations,
    "AssociateVPCWithHostedZone": associate_vpc_with_hosted_zone,
    "DisassociateVPCFromHostedZone": disassociate_vpc_from_hosted_zone,
    "ListHostedZonesByVPC": list_hosted_zones_by_vpc,
}


def _any_zone(tx: Tx, zone_id: str) -> HostedZone:
    """A zone of whatever account, but none of the registry's."""
    zone = zone_rows.get(tx, zone_id)
    if zone is None or zone.account_id is None:
        raise no_such_zone(zone_id)
    return zone


def _own_private_zone(tx: Tx, zone_id: str, caller: Caller) -> HostedZone:
    zone = own_zone(tx, zone_id, caller)
    if not zone.is_private:
        raise AwsFault(
            "InvalidInput", f"The hosted zone {zone.id} is public: only private ones are associated with VPCs"
        )
    return zone


def _announced(tx: Tx, services: Services, request: Request, caller: Caller, vpc_id: str) -> Response:
    version = vpcs.announce(tx, vpc_id)
    change = open_change(tx, services, caller, f"vpc:{vpc_id}", version, comment=request.get("Comment"))
    return {"ChangeInfo": change_info(change)}


def _shape(authorized: Authorized) -> dict[str, str]:
    return {"VPCRegion": authorized.region, "VPCId": authorized.vpc_id}
