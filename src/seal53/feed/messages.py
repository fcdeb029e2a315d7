"""What travels between the control plane and the name servers: one stream of length-prefixed msgpack
messages.

Control sends a snapshot (only what the edge lacks), `CaughtUp`, then ordered deltas; the edge acknowledges
each version that it serves. Contents travel as encoded edits (`core.encode_edit`); a ZSK travels sealed (I6).
One changed record never resends a zone.
"""

import msgspec


class KeyState(msgspec.Struct, frozen=True):
    """A ZSK: sealed PKCS#8, the data it is bound to, its DNSKEY RDATA."""

    sealed: bytes
    aad: bytes
    dnskey: bytes


class Window(msgspec.Struct, frozen=True):
    """RRSIGs of the DNSKEY RRset made ahead: served from `since` on. UNIX seconds."""

    since: int
    inception: int
    expiration: int
    rrsigs: list[bytes]


class SigningState(msgspec.Struct, frozen=True):
    """All that an edge needs to sign on its own."""

    dnskey_ttl: int
    dnskeys: list[bytes]
    windows: list[Window]
    keys: list[KeyState]


# --- control -> edge


class ZoneSnapshot(msgspec.Struct, frozen=True, tag="zone"):
    """A whole zone; replaces what the edge has."""

    zone_id: str
    apex: bytes
    version: int
    edit: bytes
    signing: SigningState | None


class ZoneDelta(msgspec.Struct, frozen=True, tag="delta"):
    """From `base` to `version`. signing UNSET keeps the base's."""

    zone_id: str
    apex: bytes
    base: int
    version: int
    edit: bytes
    signing: SigningState | msgspec.UnsetType | None = msgspec.UNSET


class ZoneGone(msgspec.Struct, frozen=True, tag="gone"):
    zone_id: str
    version: int


class View(msgspec.Struct, frozen=True, tag="view"):
    """What a set of addresses answers, for the role "edge": "root", "tlds", "set:N…".

    `serial` grows with each message of one control process: an older one is passed over.
    """

    view_id: str
    addresses: list[str]
    zone_ids: list[str]
    serial: int = 0


class ViewChange(msgspec.Struct, frozen=True, tag="view-change"):
    """Zones that came into a view that was sent before, and zones that left it."""

    view_id: str
    added: list[str]
    removed: list[str]
    serial: int = 0


class VpcView(msgspec.Struct, frozen=True, tag="vpc"):
    """What the resolver of a VPC answers and how it validates; `version` grows with each change and is
    acknowledged as "vpc:ID".

    `private` False: its private zones are not answered. `resolves` False: nothing is, but by REFUSED.
    """

    vpc_id: str
    version: int
    address: str
    zone_ids: list[str]
    validate: bool
    serial: int = 0
    private: bool = True
    resolves: bool = True


class Vpcs(msgspec.Struct, frozen=True, tag="vpcs"):
    """Which VPCs there are, whole each time: the resolver of one that is not named, and was not shown under a
    later serial, is gone, and acknowledged as version 0."""

    vpc_ids: list[str]
    serial: int = 0


class ResolverBoot(msgspec.Struct, frozen=True, tag="boot"):
    """Where resolution starts: root hints (host, address), the trust anchor (DS lines as text), and the one
    port of all name servers."""

    hints: list[tuple[str, str]]
    anchors: list[str]
    upstream_port: int


class RoutingFacts(msgspec.Struct, frozen=True, tag="routing"):
    """What routed record sets are chosen by, whole each time; `version` is acknowledged as "routing".

    `health` by health check id; one that is not in it counts as healthy. `cidr` has blocks by location by
    collection id.
    """

    version: int
    health: dict[str, bool]
    cidr: dict[str, dict[str, list[str]]]
    serial: int = 0


class QueryLogs(msgspec.Struct, frozen=True, tag="query-logs"):
    """Which zones log the queries for their names, whole each time, for the role "edge": the log group's
    directory by zone id."""

    zones: dict[str, str]
    serial: int = 0


class Reset(msgspec.Struct, frozen=True, tag="reset"):
    """All that is left, after everything was emptied: other zones, views and VPCs are gone, and resolvers
    forget what they found out. `version` counts resets and is acknowledged as "reset"."""

    version: int
    zone_ids: list[str]
    view_ids: list[str]
    vpc_ids: list[str]
    serial: int = 0


class CaughtUp(msgspec.Struct, frozen=True, tag="caught-up"):
    """The snapshot is complete: the edge may answer."""


class AskCounters(msgspec.Struct, frozen=True, tag="ask-counters"):
    request: int


ToEdge = (
    ZoneSnapshot
    | ZoneDelta
    | ZoneGone
    | View
    | ViewChange
    | VpcView
    | Vpcs
    | ResolverBoot
    | RoutingFacts
    | QueryLogs
    | Reset
    | CaughtUp
    | AskCounters
)


# --- edge -> control


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Opens the stream. `have` are the versions that the edge serves already, by zone id; `vpcs` likewise."""

    edge_id: str
    role: str  # edge | resolver
    token: bytes
    have: dict[str, int]
    vpcs: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Hello({self.edge_id})"  # I6: the token opens the feed


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """The edge serves this version of "zone:ID", "vpc:ID", "routing" or "reset" on every socket; 0: it serves
    it no more."""

    subject: str
    version: int


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The edge has caught up and its sockets answer."""


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The edge could not apply a message (a version gap, a key that does not unseal); control answers with
    the whole of the subject, "zone:ID" or "view:ID"."""

    subject: str
    why: str


class Counters(msgspec.Struct, frozen=True, tag="counters"):
    request: int
    counters: dict[str, int]


ToControl = Hello | Ack | Ready | Refusal | Counters
