"""The border to Rust, by hand; mypy.stubtest compares it with the binary (`make types`)."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, final

__all__ = [
    "DNSSEC_CODES",
    "Candidate",
    "DataPlane",
    "DnssecFault",
    "Message",
    "Name",
    "NameFault",
    "PlaneFault",
    "RRset",
    "RecordSet",
    "Routing",
    "Signing",
    "WireFault",
    "build_info",
    "build_query",
    "decode_edit",
    "decode_put",
    "ds_rdata",
    "encode_edit",
    "encode_put",
    "generate_zsk",
    "join_edit",
    "key_tag",
    "nsec_types",
    "rtype_number",
    "rtype_text",
    "signed_data",
    "verify_rrset",
]

class NameFault(ValueError): ...
class WireFault(ValueError): ...

class DnssecFault(ValueError):
    """`args` is (code, text); code is one of DNSSEC_CODES."""

class PlaneFault(RuntimeError):
    """`args` is (code, text)."""

DNSSEC_CODES: Final[tuple[str, ...]]

@final
class Name:
    """A domain name. Equality, hash and order ignore ASCII case; order is RFC 4034 §6.1."""

    @staticmethod
    def root() -> Name: ...
    @staticmethod
    def parse(text: str) -> Name: ...
    @staticmethod
    def from_wire(wire: bytes) -> Name: ...
    @staticmethod
    def from_labels(labels: Sequence[bytes]) -> Name: ...
    def to_wire(self) -> bytes: ...
    @property
    def labels(self) -> tuple[bytes, ...]: ...
    @property
    def is_root(self) -> bool: ...
    @property
    def is_wildcard(self) -> bool: ...
    def parent(self) -> Name | None: ...
    def child(self, label: bytes) -> Name: ...
    def ancestor(self, labels: int) -> Name | None: ...
    def is_at_or_below(self, other: Name) -> bool: ...
    def lower(self) -> Name: ...
    def listing_key(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Name, /) -> bool: ...
    def __le__(self, other: Name, /) -> bool: ...
    def __gt__(self, other: Name, /) -> bool: ...
    def __ge__(self, other: Name, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __len__(self) -> int:
        """Labels without the root."""

    def __bool__(self) -> Literal[True]:
        """The root is a name too, although its length is 0."""

def rtype_number(text: str) -> int:
    """The number of a record type: `A`, `aaaa`, `TYPE65280`. Raises WireFault."""

def rtype_text(rtype: int) -> str:
    """The name of a record type, `TYPE` and the number for one without (RFC 3597 §5)."""

@final
class RRset:
    """Owner, type (a number), TTL in seconds, RDATA as uncompressed wire octets; class IN."""

    def __new__(cls, owner: Name, rtype: int, ttl: int, rdatas: Sequence[bytes]) -> RRset: ...
    @property
    def owner(self) -> Name: ...
    @property
    def rtype(self) -> int: ...
    @property
    def ttl(self) -> int: ...
    @property
    def rdatas(self) -> tuple[bytes, ...]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Routing:
    """How one record set among several of its owner and type is chosen."""

    @staticmethod
    def weighted(weight: int) -> Routing:
        """In proportion to the weight. Raises WireFault outside of 0 to 255."""

    @staticmethod
    def failover(primary: bool) -> Routing: ...
    @staticmethod
    def multivalue() -> Routing: ...
    @staticmethod
    def cidr(collection_id: str, location: str) -> Routing:
        """By the client's address; location "*" is for addresses in no block."""

    @staticmethod
    def located(default: bool) -> Routing:
        """Latency, geolocation, geoproximity: answered by the default, else by the first set identifier."""

    @property
    def kind(self) -> Literal["weighted", "failover", "multivalue", "cidr", "located"]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class RecordSet:
    """The unit of a zone's contents: keyed by owner, type and set identifier.

    Holds exactly one of: rdatas with their TTL in seconds; an alias (what is chosen for the same type at a
    name of the same zone); written (an alias whose target was written out: one of these record sets is
    chosen, whatever their owner); unresolved (there is something, and what is not known: SERVFAIL).
    evaluate_health makes an alias unhealthy while nothing at its target is healthy. Raises WireFault.
    """

    def __new__(
        cls,
        owner: Name,
        rtype: int,
        set_id: str = "",
        *,
        ttl: int = 0,
        rdatas: Sequence[bytes] = (),
        alias: Name | None = None,
        evaluate_health: bool = False,
        written: Sequence[RecordSet] = (),
        unresolved: bool = False,
        routing: Routing | None = None,
        health_check: str | None = None,
    ) -> RecordSet: ...
    @property
    def owner(self) -> Name: ...
    @property
    def rtype(self) -> int: ...
    @property
    def set_id(self) -> str: ...
    @property
    def ttl(self) -> int: ...
    @property
    def rdatas(self) -> tuple[bytes, ...]: ...
    @property
    def alias(self) -> Name | None: ...
    @property
    def evaluate_health(self) -> bool: ...
    @property
    def written(self) -> tuple[RecordSet, ...]: ...
    @property
    def unresolved(self) -> bool: ...
    @property
    def routing(self) -> Routing | None: ...
    @property
    def health_check(self) -> str | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def encode_put(record: RecordSet) -> bytes:
    """One put of an edit, to be stored."""

def decode_put(put: bytes) -> RecordSet:
    """What encode_put was given. Raises WireFault."""

def join_edit(puts: Sequence[bytes], deletes: Sequence[tuple[Name, int, str]]) -> bytes:
    """encode_edit of what the puts hold, without decoding them.

    Raises WireFault for puts of another version.
    """

def encode_edit(puts: Sequence[RecordSet], deletes: Sequence[tuple[Name, int, str]]) -> bytes: ...
def decode_edit(edit: bytes) -> tuple[list[RecordSet], list[tuple[Name, int, str]]]: ...

@final
class Message:
    """A parsed DNS message, class IN: RRsets grouped by owner and type; rcode is the extended one."""

    @staticmethod
    def parse(packet: bytes) -> Message: ...
    @property
    def id(self) -> int: ...
    @property
    def rcode(self) -> int: ...
    @property
    def qr(self) -> bool: ...
    @property
    def aa(self) -> bool: ...
    @property
    def tc(self) -> bool: ...
    @property
    def ra(self) -> bool: ...
    @property
    def ad(self) -> bool: ...
    @property
    def question(self) -> tuple[Name, int, int] | None: ...
    @property
    def answer(self) -> tuple[RRset, ...]: ...
    @property
    def authority(self) -> tuple[RRset, ...]: ...
    @property
    def additional(self) -> tuple[RRset, ...]: ...
    @property
    def edes(self) -> tuple[tuple[int, str], ...]: ...

def build_query(
    id: int,
    qname: Name,
    qtype: int,
    *,
    rd: bool = False,
    cd: bool = False,
    do: bool = True,
    udp_size: int = 1232,
) -> bytes: ...

# DNSSEC primitives: no clock, no policy
def key_tag(dnskey: bytes) -> int: ...
def ds_rdata(owner: Name, dnskey: bytes, digest_type: int) -> bytes: ...
def verify_rrset(rrset: RRset, rrsig: bytes, dnskey: bytes) -> None:
    """The cryptographic check alone, without times.

    Raises DnssecFault: BadSignature, UnsupportedAlgorithm, Mismatch and others.
    """

def signed_data(rrset: RRset, rrsig_head: bytes) -> bytes:
    """RFC 4034 §3.1.8.1: what a signature covers.

    rrsig_head is the RRSIG RDATA up to and with the signer's name.
    """

def nsec_types(nsec: bytes) -> tuple[Name, tuple[int, ...]]:
    """Next name and bitmap of an NSEC RDATA."""

def generate_zsk(kek: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """(sealed PKCS#8, DNSKEY RDATA with flags 256) of a new P-256 key; the plain key never reaches Python."""

@final
class Signing:
    """How a zone version is signed.

    windows are (from, inception, expiration, RRSIG RDATAs over the DNSKEY RRset), in UNIX seconds;
    keys are (sealed PKCS#8, aad, DNSKEY RDATA), of which the first one signs.
    """

    def __new__(
        cls,
        dnskey_ttl: int,
        dnskeys: Sequence[bytes],
        windows: Sequence[tuple[int, int, int, Sequence[bytes]]],
        keys: Sequence[tuple[bytes, bytes, bytes]],
    ) -> Signing: ...

@final
class Candidate:
    """A zone version that is composed but not served."""

    @property
    def version(self) -> int: ...
    def answer(self, packet: bytes, now: int, *, tcp: bool = True) -> bytes | None: ...

@final
class DataPlane:
    def __new__(cls, kek: bytes) -> DataPlane: ...
    def stage(
        self,
        zone_id: str,
        apex: Name,
        *,
        base: int | None,
        version: int,
        edit: bytes,
        signing: Signing | None = None,
        keep_signing: bool = False,
    ) -> Candidate:
        """Composes a version that is not served yet.

        base None starts from an empty zone, else the committed version must be base. keep_signing keeps the
        base's Signing (signing must then be None). Raises PlaneFault, DnssecFault, WireFault.
        """

    def commit(self, candidate: Candidate) -> None: ...
    def drop_zone(self, zone_id: str) -> None: ...
    def version(self, zone_id: str) -> int | None: ...
    def export(self, zone_id: str) -> bytes | None:
        """The whole zone as an edit of puts."""

    def set_view(self, view_id: str, zone_ids: Sequence[str]) -> None: ...
    def set_resolver_view(
        self, view_id: str, zone_ids: Sequence[str], *, aws_profile: bool = False
    ) -> None: ...
    def drop_view(self, view_id: str) -> None: ...
    def flush(self, view_id: str) -> None: ...
    def set_health(self, statuses: Mapping[str, bool]) -> None:
        """The status of every health check; one that is not there counts as healthy."""

    def set_cidr(self, collections: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """All blocks by location by collection. Raises WireFault for what is no block."""

    def set_query_logs(self, zone_ids: Sequence[str]) -> None:
        """Logs the queries that these zones cover, now or once they are here, and no others."""

    def take_query_log(self, most: int, timeout_ms: int) -> list[tuple[str, str]]:
        """(zone_id, line without newline); blocks without the GIL up to timeout_ms for the first."""

    def answer(
        self, view_id: str, packet: bytes, now: int, *, tcp: bool = False, client: str = "127.0.0.1"
    ) -> bytes | None:
        """What the view's clients get; logged like their queries. Raises ValueError for a bad client."""

    def answer_zone(
        self, zone_id: str, packet: bytes, now: int, *, tcp: bool = False, client: str = "127.0.0.1"
    ) -> bytes | None:
        """The same from one zone, whatever views it is in, and not logged; None if it is not here."""

    def private_answer(self, view_id: str, qname: Name, qtype: int) -> bytes | None: ...
    def take_misses(self, most: int, timeout_ms: int) -> list[tuple[str, Name, int, bool]]:
        """(view_id, qname, qtype, cd); blocks without the GIL up to timeout_ms."""

    def fill(
        self,
        view_id: str,
        qname: Name,
        qtype: int,
        cd: bool,
        *,
        rcode: int,
        nxname: bool,
        answer: Sequence[RRset],
        authority: Sequence[RRset],
        secure: bool,
        ttl: int,
        ede: tuple[int, str] | None,
        keep: bool = True,
    ) -> None: ...
    def listen(self, address: str, port: int, view_id: str) -> int:
        """Answers at address over UDP and TCP; port 0 lets the system choose. Returns the port."""

    def unlisten(self, address: str, port: int) -> None: ...
    def start(self, workers: int) -> None: ...
    def stop(self) -> None: ...
    def counters(self) -> dict[str, int]: ...
    def add_counter(self, name: str, amount: int) -> None: ...

def build_info() -> dict[str, str]:
    """profile ("release"|"debug"), version, commit, features."""
