"""The keys loop: daily refreshes, an outage of KMS, the registry's own keys."""

import json
import logging
from dataclasses import dataclass, field, replace

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from seal53 import keys
from seal53.core import Name, generate_zsk
from seal53.keys import SignerFault
from seal53.keystore import SigningKey
from seal53.reconcile.keys import AGAIN_S, LONGEST_SLEEP_S, KeysLoop
from seal53.store import Store, accounts, ksks, outbox, signatures, zsks
from seal53.store import zones as zone_rows
from seal53.store.ksks import Ksk
from seal53.store.zones import HostedZone
from seal53.store.zsks import Zsk

NOW = 1_790_000_000
DAY = 86400
KEK = bytes(range(32))
ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Signer:
    dnskey: bytes
    key: SigningKey

    def sign_digest(self, digest: bytes) -> bytes:
        return self.key.sign_digest(digest)


@dataclass
class Kms:
    """Signers by ARN; `broken` ARNs are refused. `during` runs while one is asked for."""

    held: dict[str, Signer] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    during: object = None

    def signer(self, *, zone_id: str, account_id: str, kms_arn: str, now: int) -> Signer:
        self.asked.append((zone_id, account_id, kms_arn))
        if callable(self.during):
            self.during()
        if kms_arn in self.broken:
            raise SignerFault(f"the key {kms_arn} is disabled")
        return self.held[kms_arn]


@dataclass
class World:
    store: Store
    kms: Kms
    loop: KeysLoop

    def zone(
        self, zone_id: str, name: str, *, arns: tuple[str, ...] = ("arn:1",), signing: bool = True
    ) -> None:
        """A zone with a KSK for each ARN ("": sealed in the store) and a ZSK."""
        kind = "tld" if arns == ("",) else "public"
        with self.store.write() as tx:
            zone_rows.insert(
                tx,
                HostedZone(
                    id=zone_id,
                    account_id=None if kind == "tld" else ACCOUNT,
                    kind=kind,
                    name=Name.parse(name),
                    caller_reference=zone_id,
                    created_at=NOW,
                    signing_at=NOW if signing else None,
                ),
            )
            for n, arn in enumerate(arns):
                key = SigningKey.generate()
                dnskey = keys.ksk_dnskey(key.public_point)
                self.kms.held[arn] = Signer(dnskey, key)
                ksk_name = f"ksk{n}"
                ksks.insert(
                    tx,
                    Ksk(
                        zone_id=zone_id,
                        name=ksk_name,
                        caller_reference="r",
                        kms_arn=arn,
                        sealed_key=None if arn else key.sealed(KEK, keys.registry_ksk_aad(zone_id, ksk_name)),
                        dnskey=dnskey,
                        created_at=NOW,
                        modified_at=NOW,
                        active=True,
                    ),
                )
            sealed, dnskey = generate_zsk(KEK, zsks.aad_of(zone_id, "1"))
            zsk = Zsk(zone_id=zone_id, id="1", sealed_key=sealed, dnskey=dnskey, created_at=NOW)
            zsks.insert(tx, replace(zsk, published_at=NOW, active_at=NOW))

    def signed(self, zone_id: str = "Z1") -> signatures.DnskeySignatures:
        with self.store.read() as tx:
            found = signatures.get(tx, zone_id)
        assert found is not None
        return found

    def ksk(self, name: str = "ksk0", zone_id: str = "Z1") -> Ksk:
        with self.store.read() as tx:
            found = ksks.get(tx, zone_id, name)
        assert found is not None
        return found

    def version(self, zone_id: str = "Z1") -> int:
        with self.store.read() as tx:
            zone = zone_rows.get(tx, zone_id)
        assert zone is not None
        return zone.version


@pytest.fixture
def world(tmp_path):
    store = Store(tmp_path / "db")
    store.open()
    with store.write() as tx:
        accounts.create(tx, id=ACCOUNT, name="a", now=NOW)
    kms = Kms()
    yield World(store, kms, KeysLoop(store, KEK, kms))
    store.close()


def validate(owner: str, made: signatures.DnskeySignatures, now: int, ksk_count: int) -> None:
    """dnspython accepts what is served at `now`."""

    def rrset(rtype, rdatas):
        return dns.rrset.from_rdata(
            owner, 3600, *(dns.rdata.from_wire(1, rtype, r, 0, len(r)) for r in rdatas)
        )

    window = keys.served_at(made.windows, now)
    assert window is not None
    assert len(window.rrsigs) == ksk_count
    dnskey = rrset(dns.rdatatype.DNSKEY, made.dnskeys)
    for rrsig in window.rrsigs:
        dns.dnssec.validate(
            dnskey, rrset(dns.rdatatype.RRSIG, [rrsig]), {dns.name.from_text(owner): dnskey}, now=now
        )


def test_a_zone_is_signed_daily_and_announced(world):
    world.zone("Z1", "companya.com.", arns=("arn:1", "arn:2"))
    assert world.loop.tick(NOW) == NOW + LONGEST_SLEEP_S
    validate("companya.com.", world.signed(), NOW, 2)
    assert world.version() == 2
    world.loop.tick(NOW + DAY - 1)
    assert world.version() == 2
    assert world.loop.tick(NOW + DAY - 10) == NOW + DAY
    world.loop.tick(NOW + DAY)
    assert world.signed().made_at == NOW + DAY
    assert world.version() == 3
    validate("companya.com.", world.signed(), NOW + DAY, 2)
    with world.store.read() as tx:
        assert [(r.subject, r.version, r.kind) for r in outbox.pending(tx)] == [
            ("zone:Z1", 2, "signing"),
            ("zone:Z1", 3, "signing"),
        ]
    assert set(world.kms.asked) == {("Z1", ACCOUNT, "arn:1"), ("Z1", ACCOUNT, "arn:2")}


def test_zones_that_are_not_signed_are_left_alone(world):
    world.zone("Z1", "companya.com.", signing=False)
    world.zone("Z2", "companyb.com.", arns=("arn:2",))
    with world.store.write() as tx:
        zone_rows.set_signing(tx, "Z2", signing_at=NOW, unsigning_at=NOW, unsigning_change_id="C1")
    assert world.loop.tick(NOW) == NOW + LONGEST_SLEEP_S
    assert world.kms.asked == []


def test_an_outage_of_kms_leaves_the_old_windows_until_the_key_is_activated(world, caplog):
    world.zone("Z1", "companya.com.", arns=("arn:1", "arn:2"))
    world.zone("Z2", "companyb.com.", arns=("arn:3",))
    world.loop.tick(NOW)
    before = world.signed()
    world.kms.broken = {"arn:2"}
    with caplog.at_level(logging.ERROR):
        world.loop.tick(NOW + DAY)
    assert (world.ksk("ksk1").failing_at, world.ksk("ksk1").failure) == (
        NOW + DAY,
        "the key arn:2 is disabled",
    )
    assert world.ksk("ksk0").failing_at is None
    assert world.signed() == before
    assert world.version() == 2
    assert world.signed("Z2").made_at == NOW + DAY
    [line] = [json.loads(r.message) for r in caplog.records]
    assert (line["event"], line["zone_id"], line["ksk"]) == ("ksk-needs-action", "Z1", "ksk1")
    for now in range(NOW + DAY, NOW + 5 * DAY - 3600, 3600):
        validate("companya.com.", world.signed(), now, 2)
    asked = len(world.kms.asked)
    world.kms.broken = set()
    world.loop.tick(NOW + DAY + 3600)  # it works again, but nobody has said so
    assert len(world.kms.asked) == asked
    assert world.ksk("ksk1").failing_at == NOW + DAY
    with world.store.write() as tx:
        ksks.update(tx, replace(world.ksk("ksk1"), failing_at=None, failure=None))  # as Activate does
    world.loop.tick(NOW + DAY + 7200)
    assert world.signed().made_at == NOW + DAY + 7200


def test_the_registry_signs_with_keys_of_its_own_and_tries_again(world, tmp_path):
    world.zone("ZC", "com.", arns=("",))
    world.zone("ZR", ".", arns=("",))
    world.loop.tick(NOW)
    validate("com.", world.signed("ZC"), NOW, 1)
    validate(".", world.signed("ZR"), NOW, 1)
    assert world.kms.asked == []
    KeysLoop(world.store, bytes(32), world.kms).tick(NOW + DAY)  # under another master key
    failed = world.ksk(zone_id="ZC")
    assert failed.failing_at == NOW + DAY
    assert "does not open" in failed.failure
    assert world.signed("ZC").made_at == NOW
    world.loop.tick(NOW + DAY + 3600)
    assert world.ksk(zone_id="ZC").failing_at is None
    assert world.signed("ZC").made_at == NOW + DAY + 3600


def test_another_key_under_the_same_arn_is_not_used(world):
    world.zone("Z1", "companya.com.")
    other = SigningKey.generate()
    world.kms.held["arn:1"] = Signer(keys.ksk_dnskey(other.public_point), other)
    world.loop.tick(NOW)
    assert "is not the one that ksk0 was made of" in world.ksk().failure


def test_keys_that_change_while_signing_win(world):
    world.zone("Z1", "companya.com.", arns=("arn:1", "arn:2"))

    def meanwhile():
        world.kms.during = None
        with world.store.write() as tx:
            ksks.update(tx, replace(world.ksk("ksk1"), active=False))

    world.kms.during = meanwhile
    world.loop.tick(NOW)
    with world.store.read() as tx:
        assert signatures.get(tx, "Z1") is None
    assert world.version() == 1
    world.loop.tick(NOW)
    validate("companya.com.", world.signed(), NOW, 1)


def test_a_restart_after_a_long_pause_signs_at_once(world):
    world.zone("Z1", "companya.com.")
    world.loop.tick(NOW)
    later = NOW + 30 * DAY
    assert keys.served_at(world.signed().windows, later) is None
    KeysLoop(world.store, KEK, world.kms).tick(later)
    validate("companya.com.", world.signed(), later, 1)


def test_what_is_published_is_what_is_signed(world):
    world.zone("Z1", "companya.com.")
    world.loop.tick(NOW)
    with world.store.write() as tx:
        sealed, dnskey = generate_zsk(KEK, zsks.aad_of("Z1", "2"))
        zsk = Zsk(
            zone_id="Z1", id="2", sealed_key=sealed, dnskey=dnskey, created_at=NOW, published_at=NOW + 50
        )
        zsks.insert(tx, zsk)
    world.loop.tick(NOW + 49)
    assert dnskey not in world.signed().dnskeys
    world.loop.tick(NOW + 50)
    assert dnskey in world.signed().dnskeys
    validate("companya.com.", world.signed(), NOW + 50, 1)


def test_what_cannot_be_served_is_signed_before_the_rest(world):
    for n in (1, 2):
        world.zone(f"Z{n}", f"company{n}.com.", arns=(f"arn:{n}",))
        world.loop.tick(NOW + n * 3 * DAY)
    later = NOW + 10 * DAY  # the first zone's windows are used up, the second's are not
    assert world.loop.tick(later, urgent_alone=True) <= later + LONGEST_SLEEP_S
    validate("company1.com.", world.signed("Z1"), later, 1)
    assert world.signed("Z2").made_at == NOW + 6 * DAY
    world.loop.tick(later)
    assert world.signed("Z2").made_at == later


def test_an_unexpected_failure_holds_up_one_zone_alone(world, caplog):
    for n in (1, 2):
        world.zone(f"Z{n}", f"company{n}.com.", arns=(f"arn:{n}",))
    del world.kms.held["arn:1"]
    assert world.loop.tick(NOW) == NOW + AGAIN_S
    assert "dnskey-not-signed" in caplog.text
    validate("company2.com.", world.signed("Z2"), NOW, 1)
