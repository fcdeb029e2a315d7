"""How far an answer can be trusted, and the words for it.

`Status` is ordered: an answer made of several parts is as good as its worst part (`min`). A `Verdict` goes
with the extended error (RFC 8914) and one sentence that names the check which failed. Not for: deciding
anything.
"""

from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """RFC 4035 §4.3, worst first."""

    BOGUS = 0
    INDETERMINATE = 1
    INSECURE = 2
    SECURE = 3


class Ede(IntEnum):
    """RFC 8914 §4, the codes that this resolver gives."""

    OTHER = 0
    UNSUPPORTED_DNSKEY_ALGORITHM = 1
    UNSUPPORTED_DS_DIGEST = 2
    DNSSEC_INDETERMINATE = 5
    DNSSEC_BOGUS = 6
    SIGNATURE_EXPIRED = 7
    SIGNATURE_NOT_YET_VALID = 8
    DNSKEY_MISSING = 9
    RRSIGS_MISSING = 10
    NO_ZONE_KEY_BIT_SET = 11
    NSEC_MISSING = 12
    NO_REACHABLE_AUTHORITY = 22


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of validating one part of an answer. `ttl_limit`: seconds that the proof holds at most."""

    status: Status
    ede: Ede | None = None
    reason: str = ""
    ttl_limit: int = 86400

    @property
    def refuses(self) -> bool:
        """True when the part may not be given to a client that wants validation."""
        return self.status < Status.INSECURE


def bogus(reason: str, ede: Ede = Ede.DNSSEC_BOGUS) -> Verdict:
    return Verdict(Status.BOGUS, ede, reason)


def insecure(reason: str, ede: Ede | None = None) -> Verdict:
    return Verdict(Status.INSECURE, ede, reason)


def indeterminate(reason: str) -> Verdict:
    return Verdict(Status.INDETERMINATE, Ede.DNSSEC_INDETERMINATE, reason)
