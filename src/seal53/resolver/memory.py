"""What one view has learned and may use again: zone cuts, addresses, validated delegations and keys, servers
that failed.

One `Memory` is a view's; dropping it drops the cache. Entries end with their TTL. Final answers are not
here: the data plane keeps them. Not for: use from several threads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seal53.core import Name
from seal53.resolver.cache import ServerHealth, TtlCache
from seal53.resolver.classify import Response
from seal53.resolver.rdata import Dnskey, Ds
from seal53.resolver.status import Verdict


@dataclass(frozen=True, slots=True)
class Cut:
    """A zone's name servers, as its parent named them. Hosts without `glue` have to be looked up."""

    name: Name
    hosts: tuple[Name, ...]
    glue: tuple[tuple[Name, tuple[str, ...]], ...]
    proof: Response | None = None  # what the parent's referral said of the DS; not validated
    proof_until: int = 0  # UNIX seconds: the DS may have a shorter TTL than the NS records


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone whose DNSKEY RRset was validated from a trust anchor."""

    name: Name
    keys: Mapping[tuple[int, int], Sequence[Dnskey]]  # those that may sign, by algorithm and tag

    @staticmethod
    def of(name: Name, keys: Iterable[Dnskey]) -> "Zone":
        by_tag: dict[tuple[int, int], list[Dnskey]] = {}
        for key in keys:
            if key.may_sign:
                by_tag.setdefault((key.algorithm, key.tag), []).append(key)
        return Zone(name, by_tag)


@dataclass(frozen=True, slots=True)
class SignedCut:
    """A delegation with a validated DS RRset that we can use."""

    ds: tuple[Ds, ...]


@dataclass(frozen=True, slots=True)
class NoCut:
    """Proven: no delegation here. `nothing_below`: no name below exists either."""

    nothing_below: bool


Delegation = SignedCut | NoCut | Verdict
"""What the parent has proven of one name; a Verdict is an insecure delegation, or a failed proof."""


# No standard says; Unbound's caches are of 4 MiB. A usual entry is of some 500 octets, bookkeeping aside.
MOST_OCTETS = 8 << 20
_BOOKKEEPING = 400


def _octets_of_cut(cut: Cut) -> int:
    proof = cut.proof
    signed = () if proof is None else (*proof.finals, *proof.authority)
    records = sum(len(r) for s in signed for r in (*s.rrset.rdatas, *s.rrsigs))
    return _BOOKKEEPING + 100 * len(cut.hosts) + records


def _octets_of_delegation(delegation: Delegation) -> int:
    return _BOOKKEEPING + (
        sum(len(d.rdata) for d in delegation.ds) if isinstance(delegation, SignedCut) else 0
    )


def _octets_of_zone(zone: Zone) -> int:
    return _BOOKKEEPING + sum(100 + len(k.rdata) for keys in zone.keys.values() for k in keys)


class Memory:
    """The caches of one view, each bounded."""

    def __init__(self, hints: Iterable[tuple[str, str]]) -> None:
        """`hints`: (host, address) of the root's name servers."""
        glue: dict[Name, list[str]] = {}
        for host, address in hints:
            glue.setdefault(Name.parse(host), []).append(address)
        self.root = Cut(Name.root(), tuple(glue), tuple((h, tuple(a)) for h, a in glue.items()))
        self.cuts: TtlCache[Name, Cut] = TtlCache(MOST_OCTETS, _octets_of_cut)
        self.addresses: TtlCache[Name, tuple[str, ...]] = TtlCache(20_000)
        self.delegations: TtlCache[Name, Delegation] = TtlCache(MOST_OCTETS, _octets_of_delegation)
        self.zones: TtlCache[Name, Zone] = TtlCache(MOST_OCTETS, _octets_of_zone)
        self.failures: TtlCache[Name, Verdict] = TtlCache(10_000)  # of zones, RFC 9520 §3.2
        self.health = ServerHealth(10_000)

    def closest_cut(self, name: Name, now: int) -> Cut:
        """The deepest known cut at or above `name`; the root's hints at last."""
        at: Name | None = name
        while at is not None and not at.is_root:
            cut = self.cuts.get(at, now)
            if cut is not None:
                return cut
            at = at.parent()
        return self.root

    def distrust_path(self, name: Name) -> None:
        """Forgets the name servers of every zone above `name`: one of them may have been forged."""
        at: Name | None = name
        while at is not None and not at.is_root:
            cut = self.cuts.pop(at)
            for host in cut.hosts if cut is not None else ():
                self.addresses.forget(host)
            at = at.parent()
