"""Our own root and TLDs: made once, kept, mended by settings, and chained by DS."""

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataset
import dns.rrset
import pytest

from seal53 import registry
from seal53.base.ids import Ids
from seal53.base.journal import Secret
from seal53.core import Name, rtype_number
from seal53.registry import RegistrySettings
from seal53.store import Store, ksks, outbox, records, signatures
from seal53.store import zones as zone_rows
from seal53.store.domains import NameServer

NOW = 1_790_000_000
SETTINGS = RegistrySettings(root_address="127.53.9.1", tld_addresses=("127.53.9.2", "127.53.9.3"))
NS, DS, A, SOA = (rtype_number(t) for t in ("NS", "DS", "A", "SOA"))


def _make(store: Store, kek: Secret, ids: Ids, settings: RegistrySettings = SETTINGS) -> None:
    with store.write() as tx:
        registry.bootstrap(tx, kek=kek, ids=ids, now=NOW, settings=settings)


def _contents(store: Store, apex: str, kind: str) -> dict[tuple[str, int], tuple[int, frozenset[bytes]]]:
    with store.read() as tx:
        zone = zone_rows.named(tx, Name.parse(apex), kind=kind)[0]
        return {
            (str(s.record.owner), s.record.rtype): (s.record.ttl, frozenset(s.record.rdatas))
            for s in records.every(tx, zone.id)
        }


def test_a_second_bootstrap_changes_nothing(store: Store, kek: Secret, ids: Ids) -> None:
    _make(store, kek, ids)
    with store.read() as tx:
        anchor, rows = registry.trust_anchor(tx), len(outbox.pending(tx))
        versions = {z.name: z.version for z in zone_rows.every(tx)}
    _make(store, kek, ids)
    with store.read() as tx:
        assert registry.trust_anchor(tx) == anchor
        assert {z.name: z.version for z in zone_rows.every(tx)} == versions
        assert len(outbox.pending(tx)) == rows


def test_the_root_leads_to_every_tld_with_glue_and_ds(store: Store, kek: Secret, ids: Ids) -> None:
    _make(store, kek, ids)
    root = _contents(store, ".", "root")
    for tld in ("com.", "net.", "org.", "test.", "seal53."):
        ttl, hosts = root[(tld, NS)]
        assert ttl == SETTINGS.ns_ttl
        for host in hosts:
            assert (str(Name.from_wire(host)), A) in root
        with store.read() as tx:
            zone = zone_rows.named(tx, Name.parse(tld), kind="tld")[0]
            ksk = ksks.all_of(tx, zone.id)[0]
        wanted = dns.dnssec.make_ds(
            dns.name.from_text(tld),
            dns.rdata.from_wire("IN", "DNSKEY", ksk.dnskey, 0, len(ksk.dnskey)),
            "SHA256",
        )
        assert root[(tld, DS)] == (SETTINGS.ds_ttl, frozenset([wanted.to_wire()]))


def test_dnspython_verifies_the_root_keys_from_the_anchor(store: Store, kek: Secret, ids: Ids) -> None:
    _make(store, kek, ids)
    with store.read() as tx:
        zone = zone_rows.named(tx, Name.root(), kind="root")[0]
        signed = signatures.get(tx, zone.id)
        anchor = registry.trust_anchor(tx)
    assert signed is not None
    keys = dns.rrset.from_rdata_list(
        dns.name.root, 3600, [dns.rdata.from_wire("IN", "DNSKEY", k, 0, len(k)) for k in signed.dnskeys]
    )
    rrsig = signed.windows[0].rrsigs[0]
    sigs = dns.rrset.from_rdata_list(
        dns.name.root, 3600, [dns.rdata.from_wire("IN", "RRSIG", rrsig, 0, len(rrsig))]
    )
    entry = dns.rrset.from_text(
        *anchor.dnskey.split()[:1], 3600, "IN", "DNSKEY", " ".join(anchor.dnskey.split()[3:])
    )
    dns.dnssec.validate(keys, sigs, {dns.name.root: entry}, now=NOW)
    ds = dns.dnssec.make_ds(dns.name.root, entry[0], "SHA256")
    assert anchor.ds.split()[3:] == ds.to_text().upper().split()


def test_a_new_ttl_reaches_delegations(store: Store, kek: Secret, ids: Ids) -> None:
    _make(store, kek, ids)
    domain = Name.parse("companya.com.")
    with store.write() as tx:
        registry.delegate(
            tx,
            domain,
            servers=[NameServer(host=Name.parse("ns.example.net."))],
            ds=[bytes(36)],
            change_id=ids.change(),
            now=NOW,
        )
    _make(
        store,
        kek,
        ids,
        RegistrySettings(
            root_address="127.53.9.1",
            tld_addresses=("127.53.9.2", "127.53.9.3"),
            ns_ttl=7,
            ds_ttl=5,
            negative_ttl=3,
        ),
    )
    com = _contents(store, "com.", "tld")
    assert (com[("companya.com.", NS)][0], com[("companya.com.", DS)][0], com[("com.", SOA)][0]) == (7, 5, 3)
    assert _contents(store, ".", "root")[("com.", NS)][0] == 7


def test_delegate_replaces_servers_glue_and_ds(store: Store, kek: Secret, ids: Ids) -> None:
    _make(store, kek, ids)
    domain, inside = Name.parse("companya.com."), Name.parse("ns1.companya.com.")
    with store.write() as tx:
        registry.delegate(
            tx,
            domain,
            servers=[NameServer(host=inside, glue=("127.0.0.9", "::9"))],
            ds=[bytes(36)],
            change_id=ids.change(),
            now=NOW,
        )
    com = _contents(store, "com.", "tld")
    assert {key for key in com if key[0].endswith("companya.com.")} == {
        ("companya.com.", NS),
        ("companya.com.", DS),
        ("ns1.companya.com.", A),
        ("ns1.companya.com.", rtype_number("AAAA")),
    }
    with store.write() as tx:
        registry.delegate(
            tx,
            domain,
            servers=[NameServer(host=Name.parse("ns.example.net."))],
            ds=[],
            change_id=ids.change(),
            now=NOW,
        )
    com = _contents(store, "com.", "tld")
    assert {key for key in com if key[0].endswith("companya.com.")} == {("companya.com.", NS)}


@pytest.mark.parametrize(
    ("domain", "server", "glue", "why"),
    [
        ("companya.dev.", "ns.example.net.", (), "no TLD"),
        ("com.", "ns.example.net.", (), "no TLD"),
        ("a.companya.com.", "ns.example.net.", (), "no TLD"),
        ("x.seal53.", "ns.example.net.", (), "no TLD"),
        ("companya.com.", "ns.example.net.", ("127.0.0.9",), "takes no glue"),
        ("companya.com.", "ns.companya.com.", ("not an address",), "not a list of IP addresses"),
    ],
)
def test_refused_delegations(
    store: Store, kek: Secret, ids: Ids, domain: str, server: str, glue: tuple[str, ...], why: str
) -> None:
    _make(store, kek, ids)
    with pytest.raises(registry.RegistrarFault, match=why), store.write() as tx:
        registry.delegate(
            tx,
            Name.parse(domain),
            servers=[NameServer(host=Name.parse(server), glue=glue)],
            ds=[],
            change_id=ids.change(),
            now=NOW,
        )
