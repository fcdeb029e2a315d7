"""Amazon Route 53, API version 2013-04-01: one module per notion; each operation is one function."""

from seal53.services.context import Operation
from seal53.services.route53 import changes, dnssec, records, zones

OPERATIONS: dict[str, Operation] = {
    **zones.OPERATIONS,
    **records.OPERATIONS,
    **changes.OPERATIONS,
    **dnssec.OPERATIONS,
}
