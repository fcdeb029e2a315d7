"""What NSEC records prove, once their signatures are verified. RFC 4035 §5.4, RFC 6840 §4, RFC 9824.

All reasoning about absence is here, a function per notion. A proof that does not hold raises `Unproven`;
nothing returns False for a failed proof. Not for: signatures, or NSEC3, of which `validate` says that it
cannot be judged yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seal53.base.errors import Fault
from seal53.core import DnssecFault, Name, RRset, RrType, nsec_types, rtype_text
from seal53.resolver.classify import Absence


class Unproven(Fault):
    """The NSEC records at hand do not prove what the reply claims."""


@dataclass(frozen=True, slots=True)
class Nsec:
    """A verified NSEC: no name between `owner` and `next` in the zone, and these types at `owner`."""

    owner: Name
    next: Name
    types: frozenset[int]

    @staticmethod
    def of(rrset: RRset) -> "Nsec":
        if len(rrset.rdatas) != 1:
            raise Unproven(f"there are several NSEC records at {rrset.owner}")  # RFC 4034 §4: one a name
        try:
            following, types = nsec_types(rrset.rdatas[0])
        except DnssecFault as e:
            raise Unproven(f"the NSEC of {rrset.owner} is malformed: {e.args[-1]}") from None
        return Nsec(rrset.owner, following, frozenset(types))

    @property
    def is_parent_side(self) -> bool:
        """Made by the parent at a cut: it speaks of the DS there and of nothing below (RFC 6840 §4.1)."""
        return RrType.NS in self.types and RrType.SOA not in self.types

    def covers(self, name: Name, apex: Name) -> bool:
        """True when `name` lies in the gap after the owner.

        RFC 4034 §4.1.1: the last NSEC of a zone leads back to the apex.
        """
        if not name.is_at_or_below(apex) or not self.next.is_at_or_below(apex) or not self.owner < name:
            return False  # a gap that ends outside the zone says nothing
        # RFC 6840 §4.1 MUST NOT: an ancestor delegation's or a DNAME's NSEC denies nothing below it
        if name.is_at_or_below(self.owner) and (self.is_parent_side or RrType.DNAME in self.types):
            return False
        return name < self.next or self.next == apex

    def has_below(self, name: Name) -> bool:
        """True when the gap ends below `name`, which then exists without data (an empty non-terminal)."""
        return self.next != name and self.next.is_at_or_below(name)


@dataclass(frozen=True, slots=True)
class Proof:
    """What has been proven. `no_name`: by compact denial the name does not exist, whatever the rcode."""

    absence: Absence
    no_name: bool = False


def prove_absence(claimed: Absence, qname: Name, qtype: int, nsecs: Sequence[Nsec], apex: Name) -> Proof:
    """What the NSECs prove of a reply that claims `claimed`.

    The rcode is not signed: a name error that is none, where the type is proven absent, becomes NODATA.
    """
    if claimed is Absence.NODATA:
        return prove_nodata(qname, qtype, nsecs, apex)
    try:
        return prove_no_name(qname, nsecs, apex)
    except Unproven as first:
        try:
            return prove_nodata(qname, qtype, nsecs, apex)
        except Unproven:
            raise first from None


def prove_nodata(qname: Name, qtype: int, nsecs: Sequence[Nsec], apex: Name) -> Proof:
    """Nothing of `qtype`, and no CNAME, at `qname`."""
    for nsec in nsecs:
        if nsec.owner == qname:
            _deny_type(nsec, qtype)
            return Proof(Absence.NODATA, no_name=RrType.NXNAME in nsec.types)  # RFC 9824 §3.2
    covering = _covering(qname, nsecs, apex)
    if covering is None:
        raise Unproven(f"no NSEC speaks of {qname}")
    if covering.has_below(qname):
        return Proof(Absence.NODATA)  # an empty non-terminal has no types at all (RFC 8020 §2)
    encloser = closest_encloser(qname, covering)
    for nsec in nsecs:
        if nsec.owner == encloser.child(b"*"):
            _deny_type(nsec, qtype)  # RFC 4035 §3.1.3.4
            return Proof(Absence.NODATA)
    raise Unproven(f"{qname} is denied, but the wildcard at {encloser} is not")


def prove_no_name(qname: Name, nsecs: Sequence[Nsec], apex: Name) -> Proof:
    """`qname` does not exist, and no wildcard could have answered for it. RFC 4035 §3.1.3.2, §5.4."""
    for nsec in nsecs:
        if nsec.owner == qname:
            if RrType.NXNAME in nsec.types:
                return Proof(Absence.NXDOMAIN, no_name=True)  # RFC 9824 §5.1
            raise Unproven(f"the NSEC of {qname} says that the name exists")
    covering = _covering(qname, nsecs, apex)
    if covering is None:
        raise Unproven(f"no NSEC denies {qname}")
    if covering.has_below(qname):
        raise Unproven(f"the NSEC of {covering.owner} shows names below {qname}, which so exists")
    wildcard = closest_encloser(qname, covering).child(b"*")
    if any(n.covers(wildcard, apex) and not n.has_below(wildcard) for n in nsecs):
        return Proof(Absence.NXDOMAIN)
    raise Unproven(f"{qname} is denied, but {wildcard} is not")


def prove_no_closer(owner: Name, labels: int, nsecs: Sequence[Nsec], apex: Name) -> None:
    """A wildcard was right to answer for `owner`: nothing closer exists. RFC 4035 §5.3.4.

    `labels`: how many the wildcard has, the asterisk aside.
    """
    for nsec in nsecs:
        if (
            nsec.covers(owner, apex)
            and not nsec.has_below(owner)
            and len(closest_encloser(owner, nsec)) == labels
        ):
            return
    raise Unproven(f"the answer for {owner} comes from a wildcard, but no NSEC denies a closer name")


def prove_no_ds(name: Name, nsecs: Sequence[Nsec], apex: Name) -> "DsAbsence":
    """Why the parent has no DS for `name`. RFC 4035 §5.2, RFC 6840 §4.4."""
    for nsec in nsecs:
        if nsec.owner != name:
            continue
        if RrType.SOA in nsec.types and not name.is_root:
            raise Unproven(
                f"the NSEC of {name} comes from the child, which cannot deny a DS"
            )  # RFC 6840 §4.4
        if RrType.DS in nsec.types:
            raise Unproven(f"the NSEC of {name} shows that there is a DS")
        if RrType.CNAME in nsec.types:
            raise Unproven(f"the NSEC of {name} shows an alias, which was not given")
        return DsAbsence(delegated=RrType.NS in nsec.types, nothing_below=RrType.NXNAME in nsec.types)
    covering = _covering(name, nsecs, apex)
    if covering is None:
        raise Unproven(f"no NSEC speaks of {name}")
    return DsAbsence(delegated=False, nothing_below=not covering.has_below(name))


@dataclass(frozen=True, slots=True)
class DsAbsence:
    """`delegated`: an insecure delegation; else the name is no zone cut."""

    delegated: bool
    nothing_below: bool


def closest_encloser(qname: Name, covering: Nsec) -> Name:
    """The longest ancestor of `qname` that exists: it is shared with one end of the gap. RFC 4592 §3.3.1."""
    shared = max(_shared(qname, covering.owner), _shared(qname, covering.next))
    return qname.ancestor(shared) or Name.root()


def _shared(a: Name, b: Name) -> int:
    """How many labels two names have in common, from the right."""
    most = min(len(a), len(b))
    for labels in range(most, 0, -1):
        if a.ancestor(labels) == b.ancestor(labels):
            return labels
    return 0


def _covering(name: Name, nsecs: Iterable[Nsec], apex: Name) -> Nsec | None:
    return next((n for n in nsecs if n.covers(name, apex)), None)


def _deny_type(nsec: Nsec, qtype: int) -> None:
    if nsec.is_parent_side and qtype != RrType.DS:
        raise Unproven(
            f"the NSEC of {nsec.owner} comes from the parent, which denies a DS only"
        )  # RFC 6840 §4.1
    if qtype == RrType.DS and RrType.SOA in nsec.types and not nsec.owner.is_root:
        raise Unproven(
            f"the NSEC of {nsec.owner} comes from the child, which cannot deny a DS"
        )  # RFC 6840 §4.4
    if qtype in nsec.types:
        raise Unproven(f"the NSEC of {nsec.owner} shows that {rtype_text(qtype)} exists")
    if RrType.CNAME in nsec.types:
        raise Unproven(f"the NSEC of {nsec.owner} shows an alias, which was not given")  # RFC 6840 §4.3
    if qtype == RrType.ANY and nsec.types - {RrType.NSEC, RrType.RRSIG, RrType.NXNAME}:
        raise Unproven(f"the NSEC of {nsec.owner} shows that there is data")
