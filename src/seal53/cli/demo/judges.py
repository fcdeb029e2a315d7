"""Validators that we did not write, asked through account 2's resolver: delv, unbound-host and drill where
they are installed, dnspython always.

They ask with CD set or validate on their own, so that the verdict is theirs and not our resolver's.
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from seal53.cli.demo.show import Show
from seal53.cli.demo.stage import Vpc

PATIENCE_S = 20


class Judges:
    """`ds` and `dnskey` are the trust anchor's lines, with owner; `directory` takes their settings."""

    def __init__(self, show: Show, vpc: Vpc, *, ds: str, dnskey: str, directory: Path) -> None:
        self._show, self._vpc, self._ds, self._dnskey, self._dir = show, vpc, ds, dnskey, directory

    def accept(self, name: str, address: str) -> None:
        """Every judge validates the name."""
        for judge, verdict in self._verdicts(name):
            self._show.expect(verdict == f"secure {address}", f"{judge}: {verdict}")

    def reject(self, name: str, why: str) -> None:
        """No judge validates the name."""
        for judge, verdict in self._verdicts(name):
            self._show.expect(verdict == "refused", f"{judge} {why}: {verdict}")

    def _verdicts(self, name: str) -> list[tuple[str, str]]:
        judges = (("delv", self._delv), ("unbound-host", self._unbound_host), ("drill", self._drill))
        found = [(judge, ask(name)) for judge, ask in judges if shutil.which(judge)]
        absent = [judge for judge, _ in judges if not shutil.which(judge)]
        if absent:
            self._show.say(f"not installed, so not asked: {', '.join(absent)}")
        return [*found, ("dnspython", self._dnspython(name))]

    def _delv(self, name: str) -> str:
        tag, algorithm, kind, digest = self._ds.split()[3:7]
        anchors = self._dir / "delv.anchors"
        anchors.write_text(f'trust-anchors {{ "." static-ds {tag} {algorithm} {kind} "{digest}"; }};\n')
        out = self._run(
            "delv",
            f"@{self._vpc.address}",
            "-p",
            str(self._vpc.port),
            "-a",
            str(anchors),
            "+root=.",
            name,
            "A",
        )
        if "; fully validated" in out:
            return f"secure {_address_in(out)}"
        return "refused" if "resolution failed" in out else f"neither: {_last(out)}"

    def _unbound_host(self, name: str) -> str:
        config = self._dir / "unbound-host.conf"
        config.write_text(
            "server:\n  do-not-query-localhost: no\n  do-ip6: no\n"
            f'  trust-anchor: "{self._ds}"\n'
            f'forward-zone:\n  name: "."\n  forward-addr: {self._vpc.address}@{self._vpc.port}\n'
        )
        out = self._run("unbound-host", "-C", str(config), "-v", "-t", "A", name)
        if "(secure)" in out:
            return f"secure {out.split('has address', 1)[1].split()[0] if 'has address' in out else ''}"
        return "refused" if "(BOGUS" in out or "SERVFAIL" in out else f"neither: {_last(out)}"

    def _drill(self, name: str) -> str:
        anchors = self._dir / "drill.anchors"
        anchors.write_text(f"{self._dnskey}\n")
        out = self._run(
            "drill", "-S", "-k", str(anchors), "-p", str(self._vpc.port), name, f"@{self._vpc.address}", "A"
        )
        if ";; Chase successful" in out:
            plain = self._run("drill", "-p", str(self._vpc.port), name, f"@{self._vpc.address}", "A")
            return f"secure {_address_in(plain)}"
        return "refused"

    def _dnspython(self, name: str) -> str:
        try:
            rrset = Chain(self._vpc, self._ds).validated(dns.name.from_text(name), dns.rdatatype.A)
        except (dns.exception.DNSException, Unproven):
            return "refused"
        return f"secure {' '.join(rdata.address for rdata in rrset)}"

    def _run(self, *command: str) -> str:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            return "timed out"
        return done.stdout + done.stderr


class Unproven(Exception):
    """The chain has no such link."""


class Chain:
    """A chain of trust walked by dnspython from the anchor down, each RRset asked with CD set."""

    def __init__(self, vpc: Vpc, anchor: str) -> None:
        self._vpc = vpc
        self._anchor = dns.rrset.from_text(".", 0, "IN", "DS", " ".join(anchor.split()[3:]))

    def validated(self, name: dns.name.Name, rtype: dns.rdatatype.RdataType) -> dns.rrset.RRset:
        """The RRset, verified. Raises DNSException."""
        zone, keys = dns.name.root, self._keys(dns.name.root, self._anchor)
        for cut in self._cuts(name):
            keys = self._keys(cut, self._verified(cut, dns.rdatatype.DS, zone, keys))
            zone = cut
        return self._verified(name, rtype, zone, keys)

    def _cuts(self, name: dns.name.Name) -> Sequence[dns.name.Name]:
        """The zones above a name, outermost first: where the SOAs are."""
        cuts = []
        for depth in range(2, len(name.labels)):
            ancestor = name.split(depth)[1]
            if any(s.rdtype == dns.rdatatype.SOA for s in self._ask(ancestor, dns.rdatatype.SOA).answer):
                cuts.append(ancestor)
        return cuts

    def _keys(self, zone: dns.name.Name, ds: dns.rrset.RRset) -> dns.rrset.RRset:
        reply = self._ask(zone, dns.rdatatype.DNSKEY)
        keys = _rrset(reply, zone, dns.rdatatype.DNSKEY)
        trusted = [
            key
            for key in keys
            for rdata in ds
            if dns.dnssec.make_ds(zone, key, rdata.digest_type).digest == rdata.digest
        ]
        if not trusted:
            raise Unproven(f"no DNSKEY of {zone} matches its DS")
        entry = dns.rrset.from_rdata_list(zone, keys.ttl, trusted)
        dns.dnssec.validate(
            keys, _rrset(reply, zone, dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY), {zone: entry}
        )
        return keys

    def _verified(
        self, name: dns.name.Name, rtype: dns.rdatatype.RdataType, zone: dns.name.Name, keys: dns.rrset.RRset
    ) -> dns.rrset.RRset:
        reply = self._ask(name, rtype)
        rrset = _rrset(reply, name, rtype)
        dns.dnssec.validate(rrset, _rrset(reply, name, dns.rdatatype.RRSIG, rtype), {zone: keys})
        return rrset

    def _ask(self, name: dns.name.Name, rtype: dns.rdatatype.RdataType) -> dns.message.Message:
        query = dns.message.make_query(name, rtype, want_dnssec=True)
        query.flags |= dns.flags.CD
        reply, _tcp = dns.query.udp_with_fallback(query, self._vpc.address, timeout=8, port=self._vpc.port)
        return reply


def _rrset(
    reply: dns.message.Message,
    name: dns.name.Name,
    rtype: dns.rdatatype.RdataType,
    covers: dns.rdatatype.RdataType = dns.rdatatype.NONE,
) -> dns.rrset.RRset:
    found = reply.get_rrset(reply.answer, name, dns.rdataclass.IN, rtype, covers)
    if found is None:
        raise Unproven(f"{name} has no {dns.rdatatype.to_text(rtype)}")
    return found


def _address_in(text: str) -> str:
    for line in text.splitlines():
        fields: list[Any] = line.split()
        if len(fields) >= 5 and fields[3] == "A":
            return str(fields[4])
    return ""


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no word"
