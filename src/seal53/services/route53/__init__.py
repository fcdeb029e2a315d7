"""Amazon Route 53, API version 2013-04-01: one module per notion; each operation is one function."""

from seal53.services.context import Operation
from seal53.services.route53 import (
    changes,
    delegation_sets,
    dnssec,
    limits,
    protections,
    query_logging,
    records,
    tags,
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
}
