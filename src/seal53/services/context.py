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
from seal53.store import Store

Request = Mapping[str, Any]
Response = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, from where, when: the principal of one account, read once per request."""

    account_id: AccountId
    access_key_id: str
    region: str
    request_id: str
    now: UnixTime

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:root"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Settings that operations need; made by `app` from `config`."""

    name_server_pattern: str  # "ns-{n}.set-{set}.seal53." : n 0..3, set the delegation set's number
    address_block: str  # "127.53.0.0/24"
    partition_account_root: str = "arn:aws:iam::{account}:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports of all operations."""

    store: Store
    kek: bytes = field(repr=False)  # a base.journal.Secret: seals what must be sealed at rest
    ids: Ids
    probe: ParentProbe
    limits: Limits


Operation = Callable[[Services, Request, Caller], Response]
