"""The single table from a room's fault to the AWS error that a caller sees.

A fault that is missing here is an internal failure: logged in full, shown as nothing but a request id. HTTP
status codes are not given here: the gateway takes them from the service model.
"""

from collections.abc import Callable

from seal53.base.errors import Fault
from seal53.store import Unavailable
from seal53.zones.addresses import AddressesExhausted
from seal53.zones.change import BatchRefused, InvalidRequest
from seal53.zones.cidr import BadBlock, BlockInUse
from seal53.zones.health_config import BadConfig
from seal53.zones.names import BadName
from seal53.zones.rdata import BadValue
from seal53.zones.traffic_document import BadDocument


class AwsFault(Fault):
    """A modelled AWS error, raised by an operation: `error` is the shape's code on the wire, `members` its
    other members."""

    def __init__(self, error: str, message: str, **members: object) -> None:
        super().__init__(message)
        self.error = error
        self.members = members


Rendered = tuple[str, str, dict[str, object]]
"""Code, message, further members."""


def _as(code: str) -> Callable[[Fault], Rendered]:
    return lambda fault: (code, str(fault), {})


FAULTS: dict[type[Fault], Callable[[Fault], Rendered]] = {
    AddressesExhausted: _as("DelegationSetNotAvailable"),
    BadBlock: _as("InvalidInput"),
    BadConfig: _as("InvalidInput"),
    BadDocument: _as("InvalidTrafficPolicyDocument"),
    BadName: _as("InvalidInput"),
    BadValue: _as("InvalidInput"),
    BatchRefused: _as("InvalidChangeBatch"),
    BlockInUse: _as("CidrBlockInUseException"),
    InvalidRequest: _as("InvalidInput"),
    Unavailable: _as("ServiceUnavailable"),
}


def render(fault: Fault) -> Rendered | None:
    """What the caller sees, or None when the fault is not meant for callers (an internal failure)."""
    if isinstance(fault, AwsFault):
        return fault.error, fault.message, dict(fault.members)
    for kind in type(fault).__mro__:
        if kind in FAULTS:
            return FAULTS[kind](fault)
    return None
