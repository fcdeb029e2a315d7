"""When the DNSKEY RRset is signed anew: daily, and when what is published is no longer what was signed.

A zone of which an active KSK needs action keeps the windows that it has: its owner repairs KMS and activates
the key. A registry zone's keys lie here, so that trying again is all that can be done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seal53.keys import policy
from seal53.keys.dnskey import KskFacts, ZskFacts, active_zsks, published_dnskeys
from seal53.keys.state import KskStatus, ksk_status
from seal53.keys.windows import SignedWindow, served_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneKeys:
    """The facts of one signed zone. `dnskeys`, `windows`, `made_at`: of the last signing; made_at None:
    never signed."""

    zone_id: str
    ksks: Sequence[KskFacts]
    zsks: Sequence[ZskFacts]
    dnskeys: tuple[bytes, ...] = ()
    windows: tuple[SignedWindow, ...] = ()
    made_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Sign this zone's DNSKEY RRset now; `urgent`: until then there is nothing that may be served."""

    zone_id: str
    why: str
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do now, and the next moment to look (UNIX seconds; None: when a fact changes)."""

    actions: tuple[Refresh, ...]
    wake_at: int | None


def refresh_at(made_at: int) -> int:
    """The moment at which signatures made at `made_at` are made anew."""
    return made_at + policy.REFRESH_S


def plan(zones: Iterable[ZoneKeys], now: int) -> Plan:
    """Total and idempotent. A refresh that failed at once is planned again, unless a KSK is now marked as
    failing."""
    actions: list[Refresh] = []
    moments: list[int] = []
    for zone in zones:
        if any(k.kms_arn and ksk_status(k) is KskStatus.ACTION_NEEDED for k in zone.ksks):
            continue
        if not active_zsks(zone.zsks, now):
            continue  # a clock that went far back: what is served is better than an RRset without the ZSK
        why = _why(zone, now)
        if why:
            urgent = served_at(zone.windows, now) is None
            actions.append(Refresh(zone_id=zone.zone_id, why=why, urgent=urgent))
            moments.append(refresh_at(now))
        elif zone.made_at is not None:
            moments.append(refresh_at(zone.made_at))
    return Plan(actions=tuple(actions), wake_at=min(moments, default=None))


def _why(zone: ZoneKeys, now: int) -> str:
    if zone.made_at is None:
        return "never signed"
    if zone.dnskeys != published_dnskeys(zone.ksks, zone.zsks, now):
        return "the keys have changed"
    if now >= refresh_at(zone.made_at):
        return "a day has passed"
    if all(now < w.since for w in zone.windows):
        return "the clock went back"
    return ""
