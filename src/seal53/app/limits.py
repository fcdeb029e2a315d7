"""What `limits=aws` adds to the numbers of `services.quotas`: calls a second, one change of a zone at a time.

Source: Route 53 developer guide, "Quotas": five requests a second for each account, and a request for a
hosted zone whose prior one is not done is refused; Resolver: five a second for each account and region, here
for each account, since a caller signs with any region. Not for: quotas of what there is, which operations
keep. Limits: both look at this process alone, and forget with it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from seal53.services.context import Caller, Operation, Request, Response, Services
from seal53.services.faults import AwsFault
from seal53.services.quotas import Quotas

# Operations of route53 that declare PriorRequestNotComplete and name a zone: where its id stands.
ONE_AT_A_TIME: Mapping[str, str] = {
    "AssociateVPCWithHostedZone": "HostedZoneId",
    "ChangeResourceRecordSets": "HostedZoneId",
    "CreateResourceRecordSetProtections": "HostedZoneId",
    "DeleteHostedZone": "Id",
    "DeleteResourceRecordSetProtections": "HostedZoneId",
    "UpdateHostedZoneComment": "Id",
    "UpdateHostedZoneFeatures": "HostedZoneId",
}


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float  # monotonic seconds


class Throttle:
    """A bucket of calls for each account and service: it holds a second's worth and fills as fast."""

    def __init__(self, quotas: Quotas) -> None:
        self._rate = quotas.calls_per_second
        self._buckets: dict[tuple[str, str], _Bucket] = {}  # as many as accounts, at most twice
        self._lock = threading.Lock()

    def admits(self, service: str, caller: Caller, now: float) -> bool:
        """Takes a call from the caller's bucket, if there is one in it; `now` in monotonic seconds."""
        if self._rate is None or service not in ("route53", "route53resolver"):
            return True
        with self._lock:
            bucket = self._buckets.setdefault((service, caller.account_id), _Bucket(self._rate, now))
            bucket.left = min(self._rate, bucket.left + (now - bucket.at) * self._rate)
            bucket.at = now
            if bucket.left < 1:
                return False
            bucket.left -= 1
            return True


def one_at_a_time(operations: Mapping[str, Operation], quotas: Quotas) -> Mapping[str, Operation]:
    """Operations of route53 of which a second one for a zone is refused while one is running.

    With the other profile they are as they were: changes of a zone wait for one another.
    """
    if quotas.waits_for_prior_change:
        return operations
    changing: set[tuple[str, str]] = set()  # account, zone: whose zone it is, is not known here
    lock = threading.Lock()
    return {
        name: _alone(operation, ONE_AT_A_TIME[name], changing, lock) if name in ONE_AT_A_TIME else operation
        for name, operation in operations.items()
    }


def _alone(
    operation: Operation, member: str, changing: set[tuple[str, str]], lock: threading.Lock
) -> Operation:
    def alone(services: Services, request: Request, caller: Caller) -> Response:
        zone = caller.account_id, request[member]
        with lock:
            if zone in changing:
                raise AwsFault(
                    "PriorRequestNotComplete",
                    "The request was rejected because Route 53 was still processing a prior request.",
                )
            changing.add(zone)
        try:
            return operation(services, request, caller)
        finally:
            with lock:
                changing.discard(zone)

    return alone
