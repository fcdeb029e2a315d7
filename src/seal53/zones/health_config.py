"""What a health check may be configured to do: the rules between its type and its settings.

A configuration is the API's HealthCheckConfig, a mapping; lengths, ranges and enumerations of single members
are the service model's. Empty texts count as not given. Messages are Route 53's where they are known.
Not for: whether a check is healthy (`health`); children that must exist, which the store knows.
Limits: Route 53 refuses addresses that its checkers cannot reach (private, documentation); nobody checks
from here, so that they are taken.
Source: Route 53 API, CreateHealthCheck, UpdateHealthCheck, HealthCheckConfig.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seal53.base.errors import Fault
from seal53.zones import names

MATCHING = ("HTTP_STR_MATCH", "HTTPS_STR_MATCH")
ENDPOINT = ("HTTP", "HTTPS", *MATCHING, "TCP")

REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
"""Where Route 53 has health checkers, in the order of the service model."""

# What each member is called in messages.
_CALLED = {
    "IPAddress": "an IP address",
    "Port": "a port",
    "ResourcePath": "a resource path",
    "FullyQualifiedDomainName": "a fully qualified domain name",
    "SearchString": "a search string",
    "RequestInterval": "a request interval",
    "FailureThreshold": "a failure threshold",
    "MeasureLatency": "a latency measurement",
    "EnableSNI": "SNI",
    "Regions": "regions",
    "HealthThreshold": "a health threshold",
    "ChildHealthChecks": "child health checks",
    "AlarmIdentifier": "an metric region",
    "InsufficientDataHealthStatus": "an insufficient data health state",
    "RoutingControlArn": "a routing control ARN",
}
_OF_ENDPOINT = (
    "IPAddress",
    "Port",
    "ResourcePath",
    "FullyQualifiedDomainName",
    "SearchString",
    "RequestInterval",
    "FailureThreshold",
    "MeasureLatency",
    "EnableSNI",
    "Regions",
)
_OWN = {
    "CALCULATED": ("HealthThreshold", "ChildHealthChecks"),
    "CLOUDWATCH_METRIC": ("AlarmIdentifier", "InsufficientDataHealthStatus"),
    "RECOVERY_CONTROL": ("RoutingControlArn",),
}
_KIND = {
    "CALCULATED": "Calculated",
    "CLOUDWATCH_METRIC": "Metric",
    "RECOVERY_CONTROL": "Recovery control",
}


class BadConfig(Fault):
    """A configuration that no health check can have."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Invalid parameter : {problem}")


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with its defaults, as Route 53 returns it. Raises BadConfig."""
    config = _given(given)
    kind = config["Type"]
    if kind in ENDPOINT:
        defaults = {
            "RequestInterval": 30,
            "FailureThreshold": 3,
            "MeasureLatency": False,
            "EnableSNI": kind.startswith("HTTPS"),
        }
    else:
        defaults = {"InsufficientDataHealthStatus": "LastKnownStatus"} if kind == "CLOUDWATCH_METRIC" else {}
    config = {"Inverted": False, "Disabled": False, **defaults, **config}
    _check(config)
    return config


def updated(
    config: Mapping[str, Any], changes: Mapping[str, Any], reset: Sequence[str] = ()
) -> dict[str, Any]:
    """The configuration with members of UpdateHealthCheck in it. Raises BadConfig."""
    if config["Type"] == "RECOVERY_CONTROL":
        raise BadConfig("Update is not supported for this health check type.")
    changes = _given(changes)
    for member in reset:
        if member in changes:
            raise BadConfig(f"{member} cannot be both set and reset.")
    if "IPAddress" in changes and "IPAddress" not in config and config["Type"] in ENDPOINT:
        raise BadConfig("An IP address cannot be added to a health check that was created without one.")
    after = {**config, **changes}
    for member in reset:
        after.pop(member, None)
    _check(after)
    return after


def _given(given: Mapping[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in given.items() if value is not None and value != ""}


def _check(config: Mapping[str, Any]) -> None:
    kind: str = config["Type"]
    called = "Basic" if kind in ENDPOINT else _KIND[kind]
    allowed = _OF_ENDPOINT if kind in ENDPOINT else _OWN[kind]
    for member, what in _CALLED.items():
        # False and [] say no more than that it is not wanted
        if member not in allowed and config.get(member) not in (None, False, []):
            raise BadConfig(f"{called} health checks must not have {what} specified.")
    if kind in ENDPOINT:
        _check_endpoint(kind, config)
    else:
        needed = _OWN[kind][0]
        if needed not in config:
            raise BadConfig(f"{called} health checks must have {_CALLED[needed]} specified.")
    if len(set(config.get("ChildHealthChecks", ()))) != len(config.get("ChildHealthChecks", ())):
        raise BadConfig("A child health check is given twice.")
    if kind == "RECOVERY_CONTROL" and not config["RoutingControlArn"].startswith("arn:"):
        raise BadConfig("The routing control ARN is not an ARN.")


def _check_endpoint(kind: str, config: Mapping[str, Any]) -> None:
    name = config.get("FullyQualifiedDomainName")
    if "IPAddress" not in config and name is None:
        raise BadConfig(
            "Basic health checks must have an IP address or a fully qualified domain name specified."
        )
    if name is not None:
        try:
            names.parse(name)
        except names.BadName as e:
            raise BadConfig(e.message) from None
    if kind == "TCP":
        if "ResourcePath" in config:
            raise BadConfig("TCP health checks must not have a resource path specified.")
        if "IPAddress" in config and name is not None:
            raise BadConfig(
                "TCP health checks that have IP address must not have a fully qualified domain name"
                " specified."
            )
        if "Port" not in config:
            raise BadConfig("TCP health checks must have a port specified.")
    if (kind in MATCHING) is not ("SearchString" in config):
        must = "must" if kind in MATCHING else "must not"
        raise BadConfig(f"{kind} health checks {must} have a search string specified.")
    if config["RequestInterval"] not in (10, 30):
        raise BadConfig("The request interval must be 10 or 30 seconds.")
    regions = config.get("Regions", ())
    if len(set(regions)) != len(regions):
        raise BadConfig("A region is given twice.")
