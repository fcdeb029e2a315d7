"""States, derived from facts by total functions; none is stored.

    KSK   created -> INACTIVE <-> ACTIVE -> ACTION_NEEDED (KMS refused) -> ACTIVE (activated again) | INACTIVE
    zone  NOT_SIGNING -> SIGNING <-> ACTION_NEEDED (an active KSK is) -> DELETING -> NOT_SIGNING (in sync)
    ZSK   GENERATED -> PUBLISHED -> ACTIVE -> RETIRED -> REMOVED

INTERNAL_FAILURE never arises: what fails inside refuses the operation, and the facts stay as they were.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol


class KskStatus(StrEnum):
    """As GetDNSSEC names it."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ACTION_NEEDED = "ACTION_NEEDED"


class ServeSignature(StrEnum):
    """As GetDNSSEC names it."""

    SIGNING = "SIGNING"
    NOT_SIGNING = "NOT_SIGNING"
    DELETING = "DELETING"
    ACTION_NEEDED = "ACTION_NEEDED"


class ZskState(StrEnum):
    GENERATED = "generated"
    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"
    REMOVED = "removed"


class Activity(Protocol):
    """Of a KSK; UNIX seconds."""

    @property
    def active(self) -> bool: ...
    @property
    def failing_at(self) -> int | None: ...


class SigningTimes(Protocol):
    """Of a hosted zone; UNIX seconds."""

    @property
    def signing_at(self) -> int | None: ...
    @property
    def unsigning_at(self) -> int | None: ...


class ZskTimes(Protocol):
    """UNIX seconds."""

    @property
    def published_at(self) -> int | None: ...
    @property
    def active_at(self) -> int | None: ...
    @property
    def retired_at(self) -> int | None: ...
    @property
    def removed_at(self) -> int | None: ...


def ksk_status(ksk: Activity) -> KskStatus:
    if not ksk.active:
        return KskStatus.INACTIVE
    return KskStatus.ACTIVE if ksk.failing_at is None else KskStatus.ACTION_NEEDED


def serve_signature(
    zone: SigningTimes, ksks: Iterable[Activity], *, unsigned_in_sync: bool
) -> ServeSignature:
    """The zone's status. `unsigned_in_sync`: every name server serves the zone without signatures."""
    if zone.signing_at is None:
        return ServeSignature.NOT_SIGNING
    if zone.unsigning_at is not None:
        return ServeSignature.NOT_SIGNING if unsigned_in_sync else ServeSignature.DELETING
    if any(ksk_status(k) is KskStatus.ACTION_NEEDED for k in ksks):
        return ServeSignature.ACTION_NEEDED
    return ServeSignature.SIGNING


def zsk_state(zsk: ZskTimes, now: int) -> ZskState:
    """The last of the moments that have come decides."""
    for state, at in (
        (ZskState.REMOVED, zsk.removed_at),
        (ZskState.RETIRED, zsk.retired_at),
        (ZskState.ACTIVE, zsk.active_at),
        (ZskState.PUBLISHED, zsk.published_at),
    ):
        if at is not None and at <= now:
            return state
    return ZskState.GENERATED
