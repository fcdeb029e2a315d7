"""Route 53 Resolver: whether a VPC's resolver validates DNSSEC.

A setting is a change of the VPC's view: its status is derived from that change, ENABLING until every resolver
serves it. A VPC of another account does not exist for the caller. Not for: what validation does (`resolver`).
Source: Route 53 Resolver API, 2018-04-01.
"""

from seal53.base.ids import ChangeId
from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.store import Tx, changes, outbox
from seal53.store import vpcs as vpc_rows
from seal53.store.vpcs import Vpc

PAGE_MOST = 100
_VALIDATIONS = ("ENABLE", "DISABLE", "USE_LOCAL_RESOURCE_SETTING")
_STATUSES = {  # validation -> while the change is pending, when it is in sync
    "ENABLE": ("ENABLING", "ENABLED"),
    "DISABLE": ("DISABLING", "DISABLED"),
    "USE_LOCAL_RESOURCE_SETTING": ("UPDATING_TO_USE_LOCAL_RESOURCE_SETTING", "USE_LOCAL_RESOURCE_SETTING"),
}


def update_resolver_dnssec_config(services: Services, request: Request, caller: Caller) -> Response:
    """Sets a VPC's validation; asking for what is set already changes nothing."""
    validation = request.get("Validation")
    if validation not in _VALIDATIONS:
        raise AwsFault(
            "InvalidParameterException",
            f"Validation must be one of {', '.join(_VALIDATIONS)}.",
            FieldName="Validation",
        )
    with services.store.write() as tx:
        vpc = _own_vpc(tx, request, caller)
        if vpc.validation != validation or vpc.dnssec_config_id is None:
            change_id = services.ids.change()
            vpc_rows.set_validation(
                tx,
                vpc.id,
                validation=validation,
                validation_change_id=change_id,
                dnssec_config_id=vpc.dnssec_config_id or f"rdsc-{services.ids.hex(17)}",
            )
            _open_change(tx, vpc, change_id, caller)
            vpc = _own_vpc(tx, request, caller)
        return {"ResolverDNSSECConfig": _shape(tx, vpc)}


def get_resolver_dnssec_config(services: Services, request: Request, caller: Caller) -> Response:
    """The VPC's setting; one that was never set is DISABLED."""
    with services.store.read() as tx:
        return {"ResolverDNSSECConfig": _shape(tx, _own_vpc(tx, request, caller))}


def list_resolver_dnssec_configs(services: Services, request: Request, caller: Caller) -> Response:
    """The settings of the VPCs that were ever configured, oldest VPC first."""
    if request.get("Filters"):
        raise AwsFault("InvalidRequestException", "Filters are not supported by this operation.")
    most = request.get("MaxResults") or PAGE_MOST
    with services.store.read() as tx:
        configured = [v for v in vpc_rows.of_account(tx, caller.account_id) if v.dnssec_config_id is not None]
        start = 0
        token = request.get("NextToken")
        if token is not None:
            ids = [v.dnssec_config_id for v in configured]
            if token not in ids:
                raise AwsFault("InvalidNextTokenException", "NextToken is not one that this operation gave.")
            start = ids.index(token)
        response: dict[str, object] = {
            "ResolverDnssecConfigs": [_shape(tx, v) for v in configured[start : start + most]]
        }
        if start + most < len(configured):
            response["NextToken"] = configured[start + most].dnssec_config_id
        return response


def _own_vpc(tx: Tx, request: Request, caller: Caller) -> Vpc:
    vpc_id = request["ResourceId"]
    vpc = vpc_rows.get(tx, vpc_id)
    if vpc is None or vpc.account_id != caller.account_id:
        raise AwsFault(
            "ResourceNotFoundException",
            f'[RSLVR-02025] Can’t find the resource with ID "{vpc_id}". Trace Id: "{caller.request_id}"',
            ResourceType="AWS::EC2::VPC",
        )
    return vpc


def _open_change(tx: Tx, vpc: Vpc, change_id: ChangeId, caller: Caller) -> None:
    subject = f"vpc:{vpc.id}"
    version = vpc_rows.bump(tx, vpc.id)
    outbox.append(tx, subject, version, "vpc")
    changes.open_change(
        tx, id=change_id, account_id=caller.account_id, subject=subject, version=version, now=caller.now
    )


def _shape(tx: Tx, vpc: Vpc) -> dict[str, object]:
    pending, settled = _STATUSES[vpc.validation]
    change = None if vpc.validation_change_id is None else changes.get(tx, vpc.validation_change_id)
    shape: dict[str, object] = {
        "OwnerId": vpc.account_id,
        "ResourceId": vpc.id,
        "ValidationStatus": pending if change is not None and change.insync_at is None else settled,
    }
    if vpc.dnssec_config_id is not None:
        shape["Id"] = vpc.dnssec_config_id
    return shape


OPERATIONS: dict[str, Operation] = {
    "UpdateResolverDnssecConfig": update_resolver_dnssec_config,
    "GetResolverDnssecConfig": get_resolver_dnssec_config,
    "ListResolverDnssecConfigs": list_resolver_dnssec_configs,
}
