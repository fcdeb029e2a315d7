"""Amazon Route 53: logging of the queries for a public zone's names.

A log group is a directory below the service's own, named by the ARN, that name servers make and write into
(`DATA/logs/<account>/<group>/<zone id>_LOC1.log`). So it always exists, and nothing else is needed to write
there: NoSuchCloudWatchLogsLogGroup and InsufficientCloudWatchLogsResourcePolicy never arise.
Source: Route 53 API, 2013-04-01; developer guide, "Public DNS query logging".
"""

import re
from typing import Any

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.route53.paging import page_size, place_of, token_of
from seal53.services.route53.zones import own_zone
from seal53.store import Tx
from seal53.store import query_logging as config_rows
from seal53.store.query_logging import QueryLoggingConfig
from seal53.zones import listing

LOCATION = "https://route53.amazonaws.com/2013-04-01/queryloggingconfig/{}"
REGION = "us-east-1"
"""Where Route 53 wants log groups, whatever region the caller is in."""

# CloudWatch Logs API, CreateLogGroup: 1 to 512 of these characters.
_ARN = re.compile(r"arn:aws:logs:([a-z0-9-]+):(\d{12}):log-group:([A-Za-z0-9_./#-]{1,512})(?::\*)?")
_LONGEST_PART = 255  # octets of a directory's name that file systems take
_BAD_PLACE = (
    "Route 53 can't get the next page of query logging configurations because the specified value for"
    " NextToken is invalid."
)


def create_query_logging_config(services: Services, request: Request, caller: Caller) -> Response:
    arn = request["CloudWatchLogsLogGroupArn"]
    with services.store.write() as tx:
        zone = own_zone(tx, request["HostedZoneId"], caller)
        if zone.is_private:
            raise AwsFault(
                "InvalidInput", f"The hosted zone {zone.id} is private: queries are logged for public ones"
            )
        _check(arn, caller)
        if config_rows.of_zone(tx, zone.id) is not None:
            raise AwsFault(
                "QueryLoggingConfigAlreadyExists",
                "A query logging configuration already exists for this hosted zone",
            )
        config = QueryLoggingConfig(
            id=services.ids.uuid(),
            account_id=caller.account_id,
            zone_id=zone.id,
            log_group_arn=arn,
            created_at=caller.now,
        )
        config_rows.insert(tx, config)
        config_rows.announce(tx)
    return {"QueryLoggingConfig": _shape(config), "Location": LOCATION.format(config.id)}


def get_query_logging_config(services: Services, request: Request, caller: Caller) -> Response:
    with services.store.read() as tx:
        return {"QueryLoggingConfig": _shape(_own(tx, request["Id"], caller))}


def list_query_logging_configs(services: Services, request: Request, caller: Caller) -> Response:
    """By id; of one zone, if that is given."""
    limit = page_size(
        request, default=listing.DEFAULT_PAGE, most=listing.LARGEST_ZONE_PAGE, member="MaxResults"
    )
    token, zone_id = request.get("NextToken"), request.get("HostedZoneId")
    start_id = "" if token is None else place_of(token, 1, _BAD_PLACE)[0]
    with services.store.read() as tx:
        if zone_id is None:
            found = config_rows.page(tx, caller.account_id, start_id, limit + 1)
        else:
            only = config_rows.of_zone(tx, own_zone(tx, zone_id, caller).id)
            found = [] if only is None else [only]
    response: dict[str, Any] = {"QueryLoggingConfigs": [_shape(config) for config in found[:limit]]}
    if len(found) > limit:
        response["NextToken"] = token_of((found[limit].id,))
    return response


def delete_query_logging_config(services: Services, request: Request, caller: Caller) -> Response:
    """What was logged stays."""
    with services.store.write() as tx:
        config_rows.delete(tx, _own(tx, request["Id"], caller).id)
        config_rows.announce(tx)
    return {}


OPERATIONS: dict[str, Operation] = {
    "CreateQueryLoggingConfig": create_query_logging_config,
    "GetQueryLoggingConfig": get_query_logging_config,
    "ListQueryLoggingConfigs": list_query_logging_configs,
    "DeleteQueryLoggingConfig": delete_query_logging_config,
}


def _check(arn: str, caller: Caller) -> None:
    """The log group's ARN: of the caller's account, in the region, and a name that makes a directory. Raises
    InvalidInput."""
    found = _ARN.fullmatch(arn)
    if found is not None:
        region, account_id, group = found.groups()
        parts = group.removeprefix("/").split("/")
        if (
            region == REGION
            and account_id == caller.account_id
            # no part may lead out of the account's directory, or to the place of another group
            and not any(part in ("", ".", "..") or len(part) > _LONGEST_PART for part in parts)
        ):
            return
    raise AwsFault("InvalidInput", "The ARN for the CloudWatch Logs log group is invalid")


def _own(tx: Tx, config_id: str, caller: Caller) -> QueryLoggingConfig:
    config = config_rows.get(tx, config_id)
    if config is None or config.account_id != caller.account_id:
        raise AwsFault("NoSuchQueryLoggingConfig", "The query logging configuration does not exist")
    return config


def _shape(config: QueryLoggingConfig) -> dict[str, str]:
    return {
        "Id": config.id,
        "HostedZoneId": config.zone_id,
        "CloudWatchLogsLogGroupArn": config.log_group_arn,
    }
