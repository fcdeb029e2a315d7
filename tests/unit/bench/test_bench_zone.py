"""The zone of the bench: the same contents as file and as change batches, and names that never repeat."""

import dns.rdata
import dns.rdatatype
import dns.zone
from bench import zone
from hypothesis import given
from hypothesis import strategies as st

NAMES = 1230
NUMBERS = st.integers(min_value=0, max_value=2**zone.FRESH_BITS - 1)


def test_zone_file_and_change_batches_hold_the_same(tmp_path):
    file = tmp_path / "unsigned.zone"
    zone.write_zone(file, NAMES)
    parsed = dns.zone.from_file(str(file), relativize=False)
    in_file = {
        (name.to_text(), dns.rdatatype.to_text(rdata.rdtype), ttl, rdata.to_text())
        for name, ttl, rdata in parsed.iterate_rdatas()
        if name != parsed.origin
    }
    in_batches = {
        (s["Name"], s["Type"], s["TTL"], canonical(s["Type"], s["ResourceRecords"][0]["Value"]))
        for batch in zone.change_batches(NAMES)
        for s in (change["ResourceRecordSet"] for change in batch)
    }
    assert in_file == in_batches
    assert len(in_batches) == len(list(zone.record_sets(NAMES)))


def canonical(rtype, value):
    return dns.rdata.from_text("IN", rtype, value).to_text()


def test_apex_is_as_route53_makes_it(tmp_path):
    file = tmp_path / "unsigned.zone"
    zone.write_zone(file, 1)
    parsed = dns.zone.from_file(str(file), relativize=False)
    assert len(parsed.find_rdataset(zone.ORIGIN, "NS")) == 4
    assert parsed.find_rdataset(zone.ORIGIN, "SOA").ttl == 900


def test_batches_keep_the_limits_of_one_call():
    batches = list(zone.change_batches(NAMES))
    assert len(batches) == 2
    assert len(batches[0]) == zone.BATCH
    for batch in batches:
        values = [c["ResourceRecordSet"]["ResourceRecords"][0]["Value"] for c in batch]
        assert sum(map(len, values)) <= 32_000
        assert {change["Action"] for change in batch} == {"CREATE"}


def test_queries_ask_every_name_and_are_the_same_each_time(tmp_path):
    files = zone.write_queries(tmp_path, NAMES)
    hits = files["pos"].read_text().splitlines()
    assert {f"h{n:06d}.{zone.ORIGIN} A" for n in range(NAMES)} == set(hits)
    assert set(files["nx"].read_text().splitlines()) == {f"x{zone.FRESH_MARK}.{zone.ORIGIN} A"}
    mixed = files["mix"].read_text().splitlines()
    share = sum(line.startswith("h") for line in mixed) / len(mixed)
    assert abs(share - zone.SHARE_OF_HITS) < 0.05
    before = files["mix"].read_text()
    assert zone.write_queries(tmp_path, NAMES)["mix"].read_text() == before


@given(number=NUMBERS)
def test_a_label_gives_back_its_number(number):
    label = f"x{number * zone.FRESH_FACTOR % 2**zone.FRESH_BITS:010x}"
    assert zone.fresh_number(label) == number


@given(one=NUMBERS, other=NUMBERS)
def test_distinct_numbers_have_distinct_labels(one, other):
    labels = {number * zone.FRESH_FACTOR % 2**zone.FRESH_BITS for number in (one, other)}
    assert len(labels) == len({one, other})
