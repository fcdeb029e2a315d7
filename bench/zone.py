"""The zone that every server serves, and what is asked of it.

One list of record sets becomes a zone file for the peers and change batches for our API: the same contents,
with the SOA and NS that Route 53 gives a zone, so that answers have the same size everywhere. The queries'
expected answers follow from the name alone, which lets the judge check content without looking anything up.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ORIGIN = "example.test."
TTL = 300
BATCH = 1000  # Route 53's limit for the values of one change batch
SHARE_OF_HITS = 0.8  # in `mix`
WORKLOADS = ("pos", "nx", "mix")

_HOSTS = tuple(f"ns-{n}.set-01.seal53." for n in range(4))
_APEX = (
    f"@ 900 SOA {_HOSTS[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
    *(f"@ 172800 NS {host}" for host in _HOSTS),
)
_SEED = 53

# The same constant as in dnsload.c: odd, so that multiplying by it permutes the numbers below 2^40.
FRESH_BITS = 40
FRESH_FACTOR = 0x9E3779B97F4A7C15 & (1 << FRESH_BITS) - 1
FRESH_MARK = "%" * (FRESH_BITS // 4)
_FRESH_INVERSE = int(pow(FRESH_FACTOR, -1, 1 << FRESH_BITS))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """One value at one label below the origin; value is zone-file text."""

    label: str
    rtype: str
    value: str

    @property
    def change(self) -> dict[str, object]:
        """The CREATE of ChangeResourceRecordSets."""
        record_set = {
            "Name": f"{self.label}.{ORIGIN}",
            "Type": self.rtype,
            "TTL": TTL,
            "ResourceRecords": [{"Value": self.value}],
        }
        return {"Action": "CREATE", "ResourceRecordSet": record_set}


def record_sets(names: int) -> Iterator[RecordSet]:
    """About 1.4 record sets for each of `names` hosts."""
    for i in range(names):
        label = f"h{i:06d}"
        yield RecordSet(label=label, rtype="A", value=address_of(i))
        if i % 4 == 0:
            yield RecordSet(label=label, rtype="AAAA", value=f"2001:db8::{i >> 16:x}:{i & 65535:x}")
        if i % 10 == 0:
            yield RecordSet(label=label, rtype="TXT", value=f'"v=host id={i}"')
        if i % 20 == 0:
            yield RecordSet(label=f"w{i:06d}", rtype="CNAME", value=f"{label}.{ORIGIN}")


def change_batches(names: int) -> Iterator[Sequence[dict[str, object]]]:
    """All record sets as changes, at most BATCH in one."""
    changes = (record_set.change for record_set in record_sets(names))
    while batch := list(islice(changes, BATCH)):
        yield batch


def address_of(number: int) -> str:
    """The A record of host `number`."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def fresh_number(label: str) -> int:
    """The sequence number behind a label of the load generator, `x` and ten hex digits."""
    return (int(label[1:], 16) * _FRESH_INVERSE) & (1 << FRESH_BITS) - 1


def write_zone(path: Path, names: int) -> None:
    """The unsigned zone as a zone file."""
    with path.open("w") as file:
        file.write(f"$ORIGIN {ORIGIN}\n$TTL {TTL}\n")
        file.writelines(f"{line}\n" for line in _APEX)
        file.writelines(f"{each.label} {each.rtype} {each.value}\n" for each in record_sets(names))


def write_queries(directory: Path, names: int) -> dict[str, Path]:
    """A file of queries for each workload; `pos` asks each name at least once, in random order."""
    rng = random.Random(_SEED)
    numbers = [*range(names), *(rng.randrange(names) for _ in range(2 * names))]
    rng.shuffle(numbers)
    hits = [f"h{number:06d}.{ORIGIN} A\n" for number in numbers]
    miss = f"x{FRESH_MARK}.{ORIGIN} A\n"
    lines = {
        "pos": hits,
        "nx": [miss] * 1000,
        "mix": [hit if rng.random() < SHARE_OF_HITS else miss for hit in hits],
    }
    files = {workload: directory / f"{workload}.txt" for workload in WORKLOADS}
    for workload, file in files.items():
        file.write_text("".join(lines[workload]))
    return files
