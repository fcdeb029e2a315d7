"""What an operation gets: the caller, and the ports through which it acts.

An operation is one function `(services, request, caller) -> response`; request and response are plain
mappings in the shapes of the service model (member names as botocore has them, timestamps as aware datetimes
or epoch seconds, blobs as bytes). Prefixes such as `/hostedzone/` are stripped and added by the gateway. Not
for: the wire, or anything that another room decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from seal53.base.clock import UnixTime
from seal53.base.ids import AccountId, Ids
from seal53.core import Name
from seal53.services.quotas import OPEN, Quotas
from seal53.store import Store

Request = Mapping[str, Any]
Response = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts, as policies name it.

    Shape: `kind` is root, user or role; `arn` is the user's, or the assumed role's session's; `id` what
    GetCallerIdentity calls UserId; `name` is the user's or role's, "" for root; `session_policy` is JSON;
    `role_arn` is that of a session's role; `issued_at` is when temporary credentials were made, else None.
    """

    kind: str
    arn: str
    id: str
    name: str = ""
    session_name: str = ""
    session_policy: str | None = None
    role_arn: str = ""
    issued_at: UnixTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, from where, when: the principal of one account, read once per request.

    `principal` None is the account's root. `source_address` and `user_agent` are for the audit log alone.
    """

    account_id: AccountId
    access_key_id: str
    region: str
    request_id: str
    now: UnixTime
    principal: Principal | None = None
    source_address: str = ""
    user_agent: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:root" if self.principal is None else self.principal.arn


class DelegationSeen(Protocol):
    """What the parent's servers said of a name: proven by a validated answer, asked live."""

    @property
    def name_servers(self) -> frozenset[Name]:
        """Empty: proven absence of a delegation."""

    @property
    def ds(self) -> frozenset[bytes]:
        """RDATAs; empty: proven absence of DS."""


class ParentProbe(Protocol):
    """Asks every server of the parent zone, from the configured root, uncached."""

    def delegation(self, name: Name) -> DelegationSeen:
        """Blocks up to some seconds. Raises ProbeFault when any server fails or the answer is not proven."""


class NameServers(Protocol):
    """What our own name servers would answer, asked in this process."""

    def answer(
        self, zone_id: str, packet: bytes, now: UnixTime, *, client: str, tcp: bool = False
    ) -> bytes | None:
        """The reply of the zone's published version to a client of this address; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Settings that operations need; made by `app` from `config`."""

    name_server_pattern: str  # "ns-{n}.set-{set}.seal53." : n 0..3, set the delegation set's number
    address_block: str  # "127.53.0.0/24"
    quotas: Quotas = OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports of all operations."""

    store: Store
    kek: bytes = field(repr=False)  # a base.journal.Secret: seals what must be sealed at rest
    ids: Ids
    probe: ParentProbe
    limits: Limits
    name_servers: NameServers | None = None  # None: nothing is published in this process


Operation = Callable[[Services, Request, Caller], Response]
