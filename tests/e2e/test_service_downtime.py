"""A service that was not running for days: nothing expired is served, and all is signed anew at once."""

import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.name
import dns.rdatatype
from e2e_service import Service, Starter
from e2e_signed import signed_domain

from seal53 import keys
from seal53.base.ids import Ids
from seal53.keystore import load_master_key
from seal53.reconcile.keys import KeysLoop
from seal53.services import kms
from seal53.services.context import Limits, Services
from seal53.store import Store, signatures, zsks
from seal53.store import zones as zone_rows

DAYS = 6
ARGS = ("--address-block", "127.53.203.0/24", "--api-listen", "127.0.0.1:0")


def test_after_days_everything_is_signed_before_it_is_served(start: Starter, tmp_path: Path) -> None:
    data = tmp_path / "data"
    service = start("--data", str(data), *ARGS)
    signed_domain(service, "companya.com")
    servers = {
        "companya.com.": _server(service, "ns-"),
        "com.": _server(service, "a.tld"),
        ".": service.facts["root"]["address"],
    }
    assert service.stop() == 0
    _age(data, DAYS * 86400)

    service = start("--data", str(data), *ARGS)
    now = time.time()
    for apex, address in servers.items():
        reply = service.ask(address, apex, "DNSKEY", dnssec=True)
        (rrset,) = [s for s in reply.answer if s.rdtype == dns.rdatatype.DNSKEY]
        (rrsig,) = [s for s in reply.answer if s.rdtype == dns.rdatatype.RRSIG]
        dns.dnssec.validate(rrset, rrsig, {dns.name.from_text(apex): rrset}, now=now)
    # whatever was refused or left out was told: here nothing was, as signing came first
    assert "not-published" not in service.log.read_text()


def _server(service: Service, prefix: str) -> str:
    found: str = next(s["address"] for s in service.facts["name_servers"] if s["host"].startswith(prefix))
    return found


def _age(data: Path, seconds: int) -> None:
    """As if every DNSKEY RRset had been signed that long ago, by the same keys, and never since."""
    store = Store(data / "seal53.db")
    store.open()
    now = int(time.time())
    then = now - seconds
    unused: Any = None
    services = Services(
        store=store,
        kek=load_master_key(data),
        ids=Ids(secrets.token_bytes),
        probe=unused,
        limits=Limits(name_server_pattern="", address_block=""),
    )
    with store.write() as tx:
        for zone in zone_rows.every(tx):
            for zsk in zsks.all_of(tx, zone.id):
                zsks.update(tx, replace(zsk, published_at=then - 1, active_at=then - 1))
    KeysLoop(store, services.kek, kms.DnssecSigners(services)).tick(then)
    with store.read() as tx:
        made = signatures.by_zone(tx)
    assert made and all(s.made_at == then for s in made.values())
    assert all(keys.served_at(s.windows, now) is None for s in made.values())
    store.close()
