"""One client's question, from its name over the whole alias chain to an `Answer`: the top of the machine.

Each step of a chain goes to the VPC's private zones first, then to the public tree. `Machine` runs the
generators: it gives an effect or the answer, and takes a reply. Not for: what a client sees of DO, CD and
AD, which the data plane decides.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from seal53.core import DnssecFault, Message, Name, RRset, RrType, nsec_types
from seal53.resolver import rdata as rd
from seal53.resolver.anchors import Anchors
from seal53.resolver.cache import BOGUS_S, MOST_NEGATIVE_S, MOST_POSITIVE_S
from seal53.resolver.classify import NOERROR, NXDOMAIN, SERVFAIL, YXDOMAIN, Absence, Response, classify
from seal53.resolver.effects import Consult, Effect, Reply, Steps, Work, WorkFault
from seal53.resolver.iterate import Iteration, Unreachable
from seal53.resolver.memory import Memory
from seal53.resolver.signatures import Crypto
from seal53.resolver.status import Ede, Status, Verdict, insecure
from seal53.resolver.validate import Judged, Validation, shown, unverified

MOST_ALIASES = 11  # unbound's bound on restarts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the data plane caches.

    `nxname`: the proof says that the name does not exist, whatever the rcode (RFC 9824 §5.1: the client's
    flags decide what it sees). `ede`: why it is a SERVFAIL, or why it could not be checked.
    """

    rcode: int
    status: Status
    ttl: int  # seconds
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    nxname: bool = False
    ede: tuple[int, str] | None = None

    @property
    def secure(self) -> bool:
        return self.status is Status.SECURE

    def aged(self, seconds: int) -> "Answer":
        """As it is after it was kept for so long."""
        return replace(
            self,
            ttl=self.ttl - seconds,
            answer=tuple(_aged(r, seconds) for r in self.answer),
            authority=tuple(_aged(r, seconds) for r in self.authority),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How a view resolves. `validate` False also serves a client's CD bit."""

    validate: bool
    private: bool = False  # consult the VPC's private zones
    ipv6: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """One reply, judged."""

    judged: Judged
    response: Response


class Resolution:
    """Resolves one question. `spread` is any number: it rotates equal servers."""

    def __init__(
        self,
        memory: Memory,
        anchors: Anchors,
        mode: Mode,
        *,
        now: int,
        spread: int = 0,
        crypto: Crypto | None = None,
    ) -> None:
        self._mode = mode
        self._memory = memory
        self.work = Work(now)
        self._iteration = Iteration(memory, self.work, spread=spread, ipv6=mode.ipv6)
        self._validation = Validation(memory, anchors, self._iteration, self.work, crypto)

    def resolve(self, qname: Name, qtype: int) -> Steps[Answer]:
        """Always ends in an Answer; what fails is a SERVFAIL with an extended error."""
        try:
            return (yield from self._chain(qname, qtype))
        except Unreachable as e:
            return refusal(Ede.NO_REACHABLE_AUTHORITY, e.message)
        except WorkFault as e:
            return refusal(Ede.OTHER, e.message)

    def _chain(self, qname: Name, qtype: int) -> Steps[Answer]:
        parts: list[_Part] = []
        name, seen = qname, {qname}
        while True:
            part = yield from self._part(name, qtype)
            verdict = part.judged.verdict
            if verdict.refuses:
                return refusal(verdict.ede or Ede.DNSSEC_BOGUS, verdict.reason, verdict.status)
            parts.append(part)
            response = part.response
            if response.finals or response.absence is not None:
                return _compose(parts)
            for alias in response.aliases:
                if alias.target in seen:
                    return refusal(Ede.OTHER, f"the alias chain of {qname} comes back to {alias.target}")
                seen.add(alias.target)
            if len(seen) > MOST_ALIASES:
                return refusal(Ede.OTHER, f"the alias chain of {qname} has more than {MOST_ALIASES} steps")
            name = response.name

    def _part(self, name: Name, qtype: int) -> Steps[_Part]:
        if self._mode.private:
            reply = yield from _consult(name, qtype)
            if reply.message is not None:
                return self._private(reply.message, name, qtype)
        response = yield from self._fetch(name, qtype)
        judged = yield from self._judge(response)
        chain = self._validation.chain
        if (
            judged.verdict.status is Status.BOGUS
            and not chain.has_failed_above(name)
            and self.work.may_retry()
        ):
            second = response
            with suppress(Unreachable):  # someone may have answered before the name server did
                second = yield from self._fetch(name, qtype, again=response)
            rejudged = yield from self._judge(second)
            if rejudged.verdict.status is Status.BOGUS and chain.forget(name):  # or a key has changed
                rejudged = yield from self._judge(second)
            if not rejudged.verdict.refuses:
                return _Part(rejudged, second)
        if judged.verdict.status is Status.BOGUS:
            self._memory.distrust_path(name)
        return _Part(judged, response)

    def _fetch(self, name: Name, qtype: int, again: Response | None = None) -> Steps[Response]:
        """What the public tree says, up to where an alias leads to what this server has no say about.

        That is a private zone, or one that is known to be delegated to others (RFC 2181 §5.4.1).
        """
        response = yield from self._iteration.fetch(name, qtype, again=again)
        for steps, alias in enumerate(response.aliases, 1):
            elsewhere = self._memory.closest_cut(alias.target, self.work.now).name != response.zone
            if elsewhere or (yield from self._is_private(alias.target, qtype)):
                aliases = response.aliases[:steps]
                return replace(response, aliases=aliases, name=alias.target, finals=(), overlong=False)
        return response

    def _is_private(self, name: Name, qtype: int) -> Steps[bool]:
        return self._mode.private and (yield from _consult(name, qtype)).message is not None

    def _private(self, message: Message, name: Name, qtype: int) -> _Part:
        """A private zone's answer: never signed, never validated, and never a referral."""
        outcome = classify(message, zone=Name.root(), server="", qname=name, qtype=qtype)
        if not isinstance(outcome, Response):
            empty = Response(
                zone=Name.root(), server="", qname=name, qtype=qtype, name=name, absence=Absence.NODATA
            )
            return _Part(Judged(insecure("a private zone delegates the name"), absence=Absence.NODATA), empty)
        return _Part(_unjudged(outcome, "from a private zone"), outcome)

    def _judge(self, response: Response) -> Steps[Judged]:
        """All of one reply, as good as its worst part; the first part that refuses ends it."""
        if not self._mode.validate:
            return _unjudged(response, "validation is off")
        worst = Verdict(Status.SECURE, ttl_limit=MOST_POSITIVE_S)
        sets: list[RRset] = []
        proofs: list[RRset] = []
        absence, no_name = response.absence, False
        for alias in response.aliases:
            judged = yield from self._validation.judge_set(alias.source, response.authority)
            if judged.verdict.refuses:
                return judged
            worst = _worse(worst, judged.verdict)
            sets.extend(judged.sets)
            proofs.extend(judged.proofs)
            if alias.synthesized:
                sets.append(_synthesized(alias.owner, alias.target, alias.source.rrset.ttl))
        for final in response.finals:
            judged = yield from self._validation.judge_set(final, response.authority)
            if judged.verdict.refuses:
                return judged
            worst = _worse(worst, judged.verdict)
            sets.extend(judged.sets)
            proofs.extend(judged.proofs)
        if response.absence is not None:
            judged = yield from self._validation.judge_absence(response)
            if judged.verdict.refuses:
                return judged
            worst = _worse(worst, judged.verdict)
            proofs.extend(judged.proofs)
            absence = judged.absence or absence
            no_name = judged.no_name or (judged.verdict.status is Status.INSECURE and _says_no_name(response))
        return Judged(worst, tuple(sets), tuple(proofs), absence, no_name)


def refusal(ede: Ede, reason: str, status: Status = Status.INDETERMINATE) -> Answer:
    """SERVFAIL; kept for a second, so that many clients do not each ask again."""
    return Answer(rcode=SERVFAIL, status=status, ttl=BOGUS_S, ede=(int(ede), reason))


def _consult(name: Name, qtype: int) -> Steps[Reply]:
    return (yield Consult(qname=name, qtype=qtype))


def _compose(parts: Sequence[_Part]) -> Answer:
    last, absence = parts[-1].response, parts[-1].judged.absence
    answer = [_capped(r, MOST_POSITIVE_S) for p in parts for r in p.judged.sets]
    authority = list(dict.fromkeys(r for p in parts for r in p.judged.proofs))
    verdicts = [p.judged.verdict for p in parts]
    ttls = [v.ttl_limit for v in verdicts] + [r.ttl for r in answer]
    rcode = YXDOMAIN if last.overlong else NXDOMAIN if absence is Absence.NXDOMAIN else NOERROR
    if absence is not None:
        negative = _negative_ttl(authority)
        authority = [_capped(r, negative) for r in authority]
        ttls.append(negative)
    else:
        ttls.extend(r.ttl for r in authority)
    return Answer(
        rcode=rcode,
        status=min(v.status for v in verdicts),
        ttl=max(0, min(MOST_POSITIVE_S, *ttls)),
        answer=tuple(answer),
        authority=tuple(authority),
        nxname=parts[-1].judged.no_name,
        ede=next(((int(v.ede), v.reason) for v in verdicts if v.ede is not None), None),
    )


def _negative_ttl(authority: Sequence[RRset]) -> int:
    """RFC 2308 §5: the smaller of the SOA's TTL and its MINIMUM; RFC 9077 §3: so for NSECs.

    Without an SOA 0: not cached.
    """
    ttl = MOST_NEGATIVE_S
    has_soa = False
    for rrset in authority:
        ttl = min(ttl, rrset.ttl)
        if rrset.rtype == RrType.SOA:
            has_soa = True
            try:
                ttl = min(ttl, *(rd.soa_minimum(r) for r in rrset.rdatas))
            except rd.RdataFault:
                return 0
    return ttl if has_soa else 0


def _unjudged(response: Response, why: str) -> Judged:
    """A reply as it came, without a judgment."""
    sets: list[RRset] = []
    for alias in response.aliases:
        sets.extend(unverified(alias.source))
        if alias.synthesized:
            sets.append(_synthesized(alias.owner, alias.target, alias.source.rrset.ttl))
    for final in response.finals:
        sets.extend(unverified(final))
    return Judged(
        insecure(why), tuple(sets), shown(response.authority), response.absence, _says_no_name(response)
    )


def _says_no_name(response: Response) -> bool:
    """An NSEC with NXNAME at the name, verified or not: clients without DO are to see NXDOMAIN."""
    if response.absence is not Absence.NODATA:
        return False
    for signed in response.authority:
        if signed.rrset.rtype == RrType.NSEC and signed.rrset.owner == response.name:
            try:
                if any(RrType.NXNAME in nsec_types(r)[1] for r in signed.rrset.rdatas):
                    return True
            except DnssecFault:
                continue
    return False


def _worse(a: Verdict, b: Verdict) -> Verdict:
    worse = b if b.status < a.status else a
    return replace(worse, ttl_limit=min(a.ttl_limit, b.ttl_limit))


def _synthesized(owner: Name, target: Name, ttl: int) -> RRset:
    return RRset(owner, RrType.CNAME, ttl, (target.to_wire(),))  # RFC 6672 §3.1: with the DNAME's TTL


def _aged(rrset: RRset, seconds: int) -> RRset:
    return RRset(rrset.owner, rrset.rtype, max(0, rrset.ttl - seconds), rrset.rdatas)


def _capped(rrset: RRset, most: int) -> RRset:
    return rrset if rrset.ttl <= most else RRset(rrset.owner, rrset.rtype, most, rrset.rdatas)


class Machine:
    """Runs a `Steps[Answer]`: `start`, then `feed` until it gives an Answer."""

    def __init__(self, steps: Steps[Answer]) -> None:
        self._steps = steps

    def start(self) -> Effect | Answer:
        try:
            return next(self._steps)
        except StopIteration as end:
            return _answer(end)

    def feed(self, reply: Reply) -> Effect | Answer:
        try:
            return self._steps.send(reply)
        except StopIteration as end:
            return _answer(end)

    def close(self) -> None:
        self._steps.close()


def _answer(end: StopIteration) -> Answer:
    value = end.value
    assert isinstance(value, Answer)
    return value
