"""Amazon Route 53, API version 2013-04-01: one module per notion; each operation is one function."""

from seal53.services.context import Operation
from seal53.services.route53 import (
    answers,
    changes,
    cidr_collections,
    delegation_sets,
    dnssec,
    geolocations,
    health_checks,
    limits,
    protections,
    query_logging,
    records,
    tags,
    traffic_policies,
    traffic_policy_instances,
    vpc_associations,
    zones,
)

OPERATIONS: dict[str, Operation] = {
    **zones.OPERATIONS,
    **records.OPERATIONS,
    **changes.OPERATIONS,
    **dnssec.OPERATIONS,
    **delegation_sets.OPERATIONS,
    **vpc_associations.OPERATIONS,
    **tags.OPERATIONS,
    **query_logging.OPERATIONS,
    **protections.OPERATIONS,
    **limits.OPERATIONS,
    **health_checks.OPERATIONS,
    **cidr_collections.OPERATIONS,
    **geolocations.OPERATIONS,
    **traffic_policies.OPERATIONS,
    **traffic_policy_instances.OPERATIONS,
    **answers.OPERATIONS,
}
