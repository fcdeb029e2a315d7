"""The chain of trust: from an anchor over DS and DNSKEY down to the zone that holds a name, or to a proof
that the chain ends. RFC 4035 §5.

The chain is walked one label at a time, since parent and child may share servers, so that no referral shows
the cut. What a referral said of the DS is tried first and saves a query. Whatever fails is fetched once
more before it is called bogus. NSEC3 is not verified: a denial that rests on it is indeterminate (EDE 5)
and so refused. Not for: RRsets and denials of an answer (`validate`), RFC 5011, negative trust anchors.
"""

from collections.abc import Sequence
from contextlib import suppress

from seal53.core import DnssecFault, Name, RRset, RrType, ds_rdata
from seal53.resolver import denial
from seal53.resolver import rdata as rd
from seal53.resolver.anchors import Anchors
from seal53.resolver.cache import BOGUS_S, MOST_NEGATIVE_S
from seal53.resolver.classify import Response, SignedSet
from seal53.resolver.effects import Steps, Work
from seal53.resolver.iterate import Iteration, Unreachable
from seal53.resolver.memory import Delegation, Memory, NoCut, SignedCut, Zone
from seal53.resolver.signatures import Crypto, Verified, check
from seal53.resolver.status import Ede, Status, Verdict, bogus, indeterminate, insecure

MOST_NSECS = 8  # verified of one reply: two suffice for any proof
MOST_DS = 12  # tried of one DS RRset; unbound has a like bound
MOST_DIGESTS = 16  # that fit no key although the tag does, before the rest is not tried (CVE-2023-50387)


class Chain:
    """The zones above names, with their keys, for one client's question."""

    def __init__(
        self, memory: Memory, anchors: Anchors, iteration: Iteration, work: Work, crypto: Crypto | None = None
    ) -> None:
        self._memory = memory
        self._anchors = anchors
        self._iteration = iteration
        self._work = work
        self._crypto = crypto or Crypto()
        self._fresh_ds: set[Name] = set()  # what this question fetched itself is not fetched again
        self._fresh_keys: set[Name] = set()
        self._ask_ds: set[Name] = set()  # delegations of which a referral's word is not taken again

    def enclosing(self, target: Name) -> Steps[Zone | Verdict]:
        """The zone that holds `target`, with its keys; or why the chain does not reach there."""
        known = self._memory.zones.get(target, self._work.now)
        if known is not None:
            return known
        anchor = self._anchors.closest(target)
        if anchor is None:
            return insecure(f"no trust anchor lies at or above {target}")
        failure = self._memory.failures.get(anchor.name, self._work.now)
        place = failure or (yield from self._keys(anchor.name, anchor.ds, anchor.keys))
        if isinstance(place, Verdict):
            return self._fail(anchor.name, place)
        for labels in range(len(anchor.name) + 1, len(target) + 1):
            name = target.ancestor(labels)
            assert name is not None
            step = yield from self._descend(name, place)
            if isinstance(step, Verdict):
                return step
            if isinstance(step, Zone):
                place = step
            elif step.nothing_below:
                break
        return place

    def has_failed_above(self, name: Name) -> bool:
        """True when a zone above `name` failed just now or a second ago: another answer would not help."""
        at: Name | None = name
        while at is not None:
            if self._memory.failures.get(at, self._work.now) is not None:
                return True
            at = at.parent()
        return False

    def forget(self, name: Name) -> bool:
        """Drops what is cached of the zone of `name`, unless this question found it out: it may be old.

        That is: its keys, its delegation, and proofs that there is no zone cut between it and `name`. Returns
        whether there was anything.
        """
        at: Name | None = name
        found = False
        while at is not None and at not in self._fresh_keys:
            keys = self._memory.zones.pop(at)
            if at not in self._fresh_ds:
                found = self._memory.delegations.pop(at) is not None or found
            if keys is not None:
                self._ask_ds.add(at)
                return True
            at = at.parent()
        return found

    def check(self, signed: SignedSet, zone: Zone) -> Verified | Verdict:
        return check(signed, zone, now=self._work.now, work=self._work, crypto=self._crypto)

    def verified_nsecs(
        self, authority: Sequence[SignedSet], zone: Zone
    ) -> tuple[list[denial.Nsec], tuple[RRset, ...], Verdict | None]:
        """The NSECs with a good signature of `zone`, as values and as RRsets; and the first failure."""
        nsecs: list[denial.Nsec] = []
        sets: list[RRset] = []
        failure: Verdict | None = None
        for signed in [s for s in authority if s.rrset.rtype == RrType.NSEC][:MOST_NSECS]:
            verified = self.check(signed, zone)
            if isinstance(verified, Verdict):
                failure = failure or verified
                continue
            if verified.is_expanded:
                continue  # an NSEC that a wildcard answered with says nothing of its owner
            try:
                nsecs.append(denial.Nsec.of(verified.rrset))
            except denial.Unproven as e:
                failure = failure or bogus(e.message)
                continue
            sets.extend(verified.sets)
        return nsecs, tuple(sets), failure

    def _descend(self, name: Name, parent: Zone) -> Steps[Zone | NoCut | Verdict]:
        """One label down: the child zone with its keys, no cut, or the end of the chain."""
        failure = self._memory.failures.get(name, self._work.now)
        if failure is not None:
            return failure
        step = yield from self._delegation(name, parent)
        if not isinstance(step, SignedCut):
            return step
        zone = yield from self._keys(name, step.ds, ())
        if isinstance(zone, Verdict) and zone.status is Status.BOGUS and name not in self._fresh_ds:
            # the DS may have changed at the parent since it was cached
            self._memory.delegations.forget(name)
            self._ask_ds.add(name)
            step = yield from self._delegation(name, parent)
            if not isinstance(step, SignedCut):
                return step
            zone = yield from self._keys(name, step.ds, ())
        return self._fail(name, zone) if isinstance(zone, Verdict) else zone

    def _fail(self, name: Name, verdict: Verdict) -> Verdict:
        """RFC 9520 §3.2 MUST: a zone that failed is not asked again at once."""
        if verdict.refuses and self._memory.failures.get(name, self._work.now) is None:
            self._memory.failures.put(name, verdict, now=self._work.now, ttl_s=BOGUS_S)
        return verdict

    def _delegation(self, name: Name, parent: Zone) -> Steps[Delegation]:
        """What the parent proves of a delegation at `name`."""
        cached = self._memory.delegations.get(name, self._work.now)
        if cached is not None:
            return cached
        cut = self._memory.cuts.get(name, self._work.now)
        if (
            cut is not None
            and cut.proof is not None
            and name not in self._ask_ds
            and self._work.now < cut.proof_until
        ):
            found, ttl = self._read_delegation(cut.proof, name, parent)
            if not (isinstance(found, Verdict) and found.refuses):
                return self._keep(name, found, min(ttl, cut.proof_until - self._work.now))
        self._fresh_ds.add(name)
        try:
            response = yield from self._iteration.fetch(name, RrType.DS)
        except Unreachable as e:
            return _unreachable(e)
        found, ttl = self._read_delegation(response, name, parent)
        if isinstance(found, Verdict) and found.refuses and self._work.may_retry():
            with suppress(Unreachable):
                response = yield from self._iteration.fetch(name, RrType.DS, again=response)
                found, ttl = self._read_delegation(response, name, parent)
        return self._keep(name, found, ttl)

    def _keep(self, name: Name, found: Delegation, ttl: int) -> Delegation:
        ttl = BOGUS_S if isinstance(found, Verdict) and found.refuses else ttl
        self._memory.delegations.put(name, found, now=self._work.now, ttl_s=ttl)
        return found

    def _read_delegation(self, response: Response, name: Name, parent: Zone) -> tuple[Delegation, int]:
        """Judges a reply to (name, DS) with the parent's keys. Returns for how many seconds it holds, too."""
        for alias in response.aliases[:1]:
            verified = self.check(alias.source, parent)
            if isinstance(verified, Verdict):
                return verified, 0
            if verified.is_expanded:
                nsecs, _, failure = self.verified_nsecs(response.authority, parent)
                try:
                    denial.prove_no_closer(alias.source.rrset.owner, verified.labels, nsecs, parent.name)
                except denial.Unproven as e:
                    return failure or bogus(e.message, Ede.NSEC_MISSING), 0
            # RFC 1034 §3.6.2, RFC 6672 §2.4: no zone cut stands at an alias, or below a DNAME
            return NoCut(nothing_below=verified.is_expanded or alias.synthesized), verified.rrset.ttl
        for final in response.finals:
            verified = self.check(final, parent)
            if isinstance(verified, Verdict):
                return verified, 0
            if verified.is_expanded:
                return bogus(f"the DS of {name} comes from a wildcard"), 0
            return self._usable_ds(name, verified.rrset.rdatas), verified.rrset.ttl
        nsecs, sets, failure = self.verified_nsecs(response.authority, parent)
        try:
            absence = denial.prove_no_ds(name, nsecs, parent.name)
        except denial.Unproven as e:
            if failure is None and has_nsec3(response.authority):
                failure = nsec3(f"the absence of {name} DS")
            if failure is None and not nsecs:
                failure = bogus(
                    f"{parent.name} gives no DS for {name} and no proof that there is none", Ede.NSEC_MISSING
                )
            return failure or bogus(e.message, Ede.NSEC_MISSING), 0
        ttl = min(MOST_NEGATIVE_S, *(s.ttl for s in sets))
        if absence.delegated:
            return insecure(f"{parent.name} proves that {name} has no DS"), ttl
        return NoCut(absence.nothing_below), ttl

    def _usable_ds(self, name: Name, rdatas: Sequence[bytes]) -> Delegation:
        try:
            ds = [rd.Ds.read(r) for r in rdatas[:MOST_DS]]
        except rd.RdataFault as e:
            return bogus(f"the DS of {name} is malformed: {e}")
        known = [
            d for d in ds if d.algorithm in self._crypto.algorithms and d.digest_type in self._crypto.digests
        ]
        if not known:
            # RFC 4035 §5.2 SHOULD: treated as if the zone were not signed
            digest = any(d.algorithm in self._crypto.algorithms for d in ds)
            ede = Ede.UNSUPPORTED_DS_DIGEST if digest else Ede.UNSUPPORTED_DNSKEY_ALGORITHM
            return insecure(f"the DS records of {name} have no algorithm and digest that are supported", ede)
        if any(d.digest_type != 1 for d in known):
            known = [
                d for d in known if d.digest_type != 1
            ]  # RFC 4509 §3: SHA-1 is ignored beside a better digest
        return SignedCut(tuple(known))

    def _keys(self, name: Name, ds: Sequence[rd.Ds], anchors: Sequence[rd.Dnskey]) -> Steps[Zone | Verdict]:
        """The zone's keys, vouched for by a DS of the parent or by trust anchors."""
        known = self._memory.zones.get(name, self._work.now)
        if known is not None:
            return known
        if not any(
            d.algorithm in self._crypto.algorithms and d.digest_type in self._crypto.digests for d in ds
        ) and not any(k.algorithm in self._crypto.algorithms for k in anchors):
            return insecure(f"the trust anchors of {name} have no algorithm and digest that are supported")
        self._fresh_keys.add(name)
        try:
            response = yield from self._iteration.fetch(name, RrType.DNSKEY)
        except Unreachable as e:
            return _unreachable(e)
        found = self._read_keys(response, name, ds, anchors)
        if isinstance(found, Verdict) and self._work.may_retry():
            with suppress(Unreachable):
                response = yield from self._iteration.fetch(name, RrType.DNSKEY, again=response)
                found = self._read_keys(response, name, ds, anchors)
        if isinstance(found, Verdict):
            return found
        zone, ttl = found
        if name not in self._anchors.by_name:
            # a DS that leaves the parent takes effect when its TTL ends, however long the keys may be kept
            ttl = min(ttl, self._memory.delegations.left(name, self._work.now))
        self._memory.zones.put(name, zone, now=self._work.now, ttl_s=ttl)
        return zone

    def _read_keys(
        self, response: Response, name: Name, ds: Sequence[rd.Ds], anchors: Sequence[rd.Dnskey]
    ) -> tuple[Zone, int] | Verdict:
        """RFC 4035 §5.2: a key that a DS names must have signed the DNSKEY RRset."""
        signed = next(
            (s for s in response.finals if s.rrset.owner == name and s.rrset.rtype == RrType.DNSKEY), None
        )
        if signed is None:
            return bogus(f"{name} gives no DNSKEY, although its parent has a DS", Ede.DNSKEY_MISSING)
        try:
            keys = tuple(rd.Dnskey.read(r) for r in signed.rrset.rdatas)
        except rd.RdataFault as e:
            return bogus(f"the DNSKEY of {name} is malformed: {e}", Ede.DNSKEY_MISSING)
        named = _named(keys, name, ds)
        trusted = tuple(k for k in keys if k.may_sign and (k in named or k in anchors))
        if not trusted:
            if any(not k.flags & 0x0100 for k in named):
                return bogus(
                    f"the key of {name} that the DS names has no zone key bit", Ede.NO_ZONE_KEY_BIT_SET
                )
            tags = ", ".join(str(d.tag) for d in ds) or ", ".join(str(k.tag) for k in anchors)
            return bogus(
                f"no DNSKEY of {name} matches the DS at its parent (key tag {tags})", Ede.DNSKEY_MISSING
            )
        verified = self.check(signed, Zone.of(name, trusted))
        if isinstance(verified, Verdict):
            return verified
        return Zone.of(name, keys), verified.rrset.ttl


def _named(keys: Sequence[rd.Dnskey], name: Name, ds: Sequence[rd.Ds]) -> tuple[rd.Dnskey, ...]:
    """The keys that a DS record is of. RFC 4034 §5.1.4."""
    found: list[rd.Dnskey] = []
    failures = 0
    for d in ds:
        for key in keys:
            if (key.algorithm, key.tag) != (d.algorithm, d.tag) or failures > MOST_DIGESTS:
                continue
            try:
                matches = ds_rdata(name, key.rdata, d.digest_type) == d.rdata
            except DnssecFault:
                matches = False
            if matches:
                found.append(key)
            else:
                failures += 1
    return tuple(found)


def place_of(name: Name, rtype: int) -> Name:
    """Where to look for the zone of an RRset: the DS of a name lies in the zone above."""
    return (name.parent() or name) if rtype == RrType.DS else name


def _unreachable(fault: Unreachable) -> Verdict:
    return Verdict(Status.INDETERMINATE, Ede.NO_REACHABLE_AUTHORITY, fault.message)


def has_nsec3(authority: Sequence[SignedSet]) -> bool:
    return any(s.rrset.rtype == RrType.NSEC3 for s in authority)


def nsec3(what: str) -> Verdict:
    return indeterminate(f"{what} is proven by NSEC3, which this version cannot verify")
