"""Reads and plays replay scenarios (.rpl) against the machine: the reader is ours, the data are NLnet Labs'.

Compared are rcode, the answer section and whether the answer is secure (AD). Authority and additional
sections are not: their contents are free, and how AD and DO show is the data plane's.
"""

import calendar
import time
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from seal53.core import DnssecFault, RRset, verify_rrset
from seal53.resolver.anchors import Anchors
from seal53.resolver.effects import Ask
from seal53.resolver.memory import Memory
from seal53.resolver.rdata import Dnskey, Rrsig
from seal53.resolver.resolve import Answer, Machine, Mode, Resolution
from seal53.resolver.signatures import Crypto


@dataclass
class Entry:
    match: set[str] = field(default_factory=set)
    adjust: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    sections: dict[str, list[str]] = field(default_factory=dict)

    @property
    def question(self):
        fields = self.sections["QUESTION"][0].split()
        return dns.name.from_text(fields[0]), dns.rdatatype.from_text(fields[-1])

    @property
    def rcode(self) -> int:
        return next((dns.rcode.from_text(f) for f in self.flags if f in dns.rcode.Rcode.__members__), 0)

    def records(self, section: str) -> list[tuple]:
        return [parse_record(line) for line in self.sections.get(section, ())]


@dataclass
class Scenario:
    title: str = ""
    config: dict[str, list[str]] = field(default_factory=dict)
    ranges: list[tuple[int, int, list[str], list[Entry]]] = field(default_factory=list)
    steps: list[tuple[int, str, object]] = field(default_factory=list)

    def setting(self, key: str) -> list[str]:
        return self.config.get(key, [])


def parse_record(line: str) -> tuple:
    """(owner, ttl, type, rdata)"""
    fields = line.split(None)
    owner, rest, ttl = dns.name.from_text(fields[0]), fields[1:], 3600
    while rest[0].isdigit() or rest[0].upper() == "IN":
        if rest[0].isdigit():
            ttl = int(rest[0])
        rest = rest[1:]
    rtype = dns.rdatatype.from_text(rest[0])
    text = line.split(rest[0], 1)[1] if line.count(rest[0]) == 1 else " ".join(rest[1:])
    return (
        owner,
        ttl,
        rtype,
        dns.rdata.from_text("IN", rtype, text.strip(), origin=dns.name.root, relativize=False),
    )


def read(path: Path) -> Scenario:
    scenario = Scenario()
    lines = path.read_text().splitlines()
    at = 0
    while not lines[at].startswith("CONFIG_END"):
        line = lines[at].strip()
        if line and not line.startswith(";") and ":" in line:
            key, _, value = line.partition(":")
            value = value.strip()
            value = (
                value.split('"')[1]
                if value.startswith('"') and value.count('"') > 1
                else value.split("#")[0].strip()
            )
            scenario.config.setdefault(key.strip(), []).append(value)
        at += 1
    entry: Entry | None = None
    section = ""
    current: tuple | None = None
    step: list | None = None
    for raw in lines[at + 1 :]:
        line = raw.split(";")[0].strip()
        words = line.split()
        if not words:
            continue
        match words[0]:
            case "SCENARIO_BEGIN":
                scenario.title = " ".join(words[1:])
            case "RANGE_BEGIN":
                current = (int(words[1]), int(words[2]), [], [])
                scenario.ranges.append(current)
            case "ADDRESS":
                current[2].append(words[1])
            case "RANGE_END":
                current = None
            case "STEP":
                step = [int(words[1]), words[2], words[4] if words[2] == "TIME_PASSES" else None]
                scenario.steps.append(step)
            case "ENTRY_BEGIN":
                entry, section = Entry(), ""
            case "ENTRY_END":
                if current is not None:
                    current[3].append(entry)
                elif step is not None:
                    step[2] = entry
                entry = None
            case "MATCH":
                entry.match |= set(words[1:])
            case "ADJUST":
                entry.adjust |= set(words[1:])
            case "REPLY":
                entry.flags |= set(words[1:])
            case "SECTION":
                section = words[1]
                entry.sections.setdefault(section, [])
            case "SCENARIO_END":
                break
            case _ if entry is not None and section:
                entry.sections[section].append(line)
    return scenario


def fake_sha1(rrset: RRset, rrsig: bytes, dnskey: bytes) -> None:
    """In the test mode of the scenarios, well-formed signatures of the old algorithms count as right."""
    if Dnskey.read(dnskey).algorithm in (3, 5, 6, 7):
        if Rrsig.read(rrsig).tag != Dnskey.read(dnskey).tag:
            raise DnssecFault("Mismatch", "another tag")
        return
    verify_rrset(rrset, rrsig, dnskey)


class Player:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        date = scenario.setting("val-override-date")
        self.now = calendar.timegm(time.strptime(date[0], "%Y%m%d%H%M%S")) if date else 1_200_000_000
        roots = [a.split("#")[0].strip() for a in scenario.setting("stub-addr")]
        self.memory = Memory([(f"root{i}.", a) for i, a in enumerate(roots)])
        self.anchors = Anchors.parse(scenario.setting("trust-anchor"))
        fake = "yes" in scenario.setting("fake-sha1")
        algorithms = Crypto().algorithms | ({3, 6} if fake else set())
        self.crypto = Crypto(fake_sha1 if fake else verify_rrset, frozenset(algorithms))
        self.queries: list[tuple] = []

    def reply(self, step: int, ask: Ask) -> bytes | None:
        qname, qtype = dns.name.from_text(str(ask.qname)), ask.qtype
        self.queries.append((ask.server, str(qname), dns.rdatatype.to_text(qtype)))
        for start, end, servers, entries in self.scenario.ranges:
            if not start <= step <= end or (servers and ask.server not in servers):
                continue
            for entry in entries:
                if not self.matches(entry, qname, qtype, tcp=ask.tcp):
                    continue
                query = dns.message.make_query(qname, qtype, want_dnssec=True)
                message = dns.message.make_response(query)
                for flag in ("AA", "TC", "RA"):
                    if flag in entry.flags:
                        message.flags |= getattr(dns.flags, flag)
                message.set_rcode(entry.rcode)
                if "copy_query" not in entry.adjust:
                    owner, rtype = entry.question
                    message.question = [dns.rrset.RRset(owner, dns.rdataclass.IN, rtype)]
                for name, section in (
                    ("ANSWER", message.answer),
                    ("AUTHORITY", message.authority),
                    ("ADDITIONAL", message.additional),
                ):
                    for owner, ttl, _, rdata in entry.records(name):
                        section.append(dns.rrset.from_rdata(owner, ttl, rdata))
                return message.to_wire(max_size=65535)
        return None

    def matches(self, entry: Entry, qname, qtype, *, tcp: bool) -> bool:
        wanted_name, wanted_type = entry.question if "QUESTION" in entry.sections else (None, None)
        if "qname" in entry.match and qname != wanted_name:
            return False
        if "qtype" in entry.match and qtype != wanted_type:
            return False
        if "subdomain" in entry.match and not qname.is_subdomain(wanted_name):
            return False
        return not ("TCP" in entry.match and not tcp)

    def ask(self, step: int, entry: Entry) -> Answer:
        from resolver_world import read as read_packet

        from seal53.core import Name

        qname, qtype = entry.question
        mode = Mode(validate="CD" not in entry.flags)
        resolution = Resolution(self.memory, self.anchors, mode, now=self.now, crypto=self.crypto)
        machine = Machine(resolution.resolve(Name.parse(qname.to_text()), qtype))
        effect = machine.start()
        while not isinstance(effect, Answer):
            assert isinstance(effect, Ask)
            effect = machine.feed(read_packet(self.reply(step, effect), self.now))
        return effect

    def play(self) -> list[str]:
        """The differences; empty when all went as the scenario says."""
        differences: list[str] = []
        answer: Answer | None = None
        for number, kind, detail in self.scenario.steps:
            if kind == "TIME_PASSES":
                self.now += int(float(detail))
            elif kind == "QUERY" and isinstance(detail, Entry):
                answer = self.ask(number, detail)
            elif kind == "CHECK_ANSWER" and answer is not None and isinstance(detail, Entry):
                differences += [f"step {number}: {d}" for d in compare(answer, detail)]
        return differences


def compare(answer: Answer, wanted: Entry) -> list[str]:
    found = []
    if answer.rcode != wanted.rcode and not (answer.nxname and wanted.rcode == 3):
        found.append(f"rcode {answer.rcode}, wanted {wanted.rcode}; {answer.ede}")
    if answer.secure != ("AD" in wanted.flags) and answer.rcode != 2:
        found.append(f"secure {answer.secure}, wanted {'AD' in wanted.flags}")
    show_dnssec = "DO" in wanted.flags
    got = {
        (str(s.owner).lower(), s.rtype, r)
        for s in answer.answer
        for r in s.rdatas
        if show_dnssec or s.rtype != dns.rdatatype.RRSIG
    }
    want = {
        (owner.to_text().lower(), int(rtype), rdata.to_wire())
        for owner, _, rtype, rdata in wanted.records("ANSWER")
    }
    if {g[:2] for g in got} != {w[:2] for w in want}:
        found.append(f"answer {sorted(g[:2] for g in got)}, wanted {sorted(w[:2] for w in want)}")
    return found
