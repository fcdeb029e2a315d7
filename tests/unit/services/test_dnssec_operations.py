"""The seven DNSSEC operations: shapes, preconditions and errors of Route 53; dnspython judges what is
signed."""

from dataclasses import replace
from datetime import UTC, datetime

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from signing_world import HOSTS, NOW, A, B, account_root, allow, make_world, policy_of

from operations_world import refused
from seal53 import keys
from seal53.core import Name, ds_rdata, key_tag
from seal53.services.faults import AwsFault
from seal53.store import changes, ksks, outbox, signatures, zsks
from seal53.store import zones as zone_rows

ZONE = "companya.com."
WHEN = datetime.fromtimestamp(NOW, UTC)
UNDETERMINED = (
    "Due to DNS lookup failure, we cannot determine if disabling DNSSEC in hosted zone 'companya.com.' "
    "will break "
    "the authentication chain. Please retry later."
)


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.services.store.close()


@pytest.fixture
def signed(world):
    """Z1 is signed with ksk1."""
    world.ksk()
    world.route53("EnableHostedZoneDNSSEC")
    world.sync()
    return world


def status(world, zone="Z1"):
    return world.route53("GetDNSSEC", zone)["Status"]["ServeSignature"]


def statuses(world):
    return {k["Name"]: k["Status"] for k in world.route53("GetDNSSEC")["KeySigningKeys"]}


def rows(world, zone="Z1"):
    with world.services.store.read() as tx:
        return ksks.all_of(tx, zone), zsks.all_of(tx, zone), signatures.get(tx, zone), zone_rows.get(tx, zone)


def dnskey_of(world, name="ksk1"):
    return next(k.dnskey for k in rows(world)[0] if k.name == name)


def rrset(rtype, rdatas):
    return dns.rrset.from_rdata(ZONE, 3600, *(dns.rdata.from_wire(1, rtype, r, 0, len(r)) for r in rdatas))


def signers_in(world, now):
    """The tags of the KSKs that vouch for the DNSKEY RRset at this moment, each checked by dnspython
    alone."""
    _, _, made, _ = rows(world)
    window = keys.served_at(made.windows, now)
    dnskey = rrset(dns.rdatatype.DNSKEY, made.dnskeys)
    found = set()
    for rrsig in window.rrsigs:
        tag = int.from_bytes(rrsig[16:18], "big")
        [signer] = [k for k in made.dnskeys if key_tag(k) == tag]
        trust = {dns.name.from_text(ZONE): rrset(dns.rdatatype.DNSKEY, [signer])}
        dns.dnssec.validate(dnskey, rrset(dns.rdatatype.RRSIG, [rrsig]), trust, now=now)
        found.add(tag)
    return found


def failing(world, name="ksk1"):
    """What the keys loop writes when KMS refuses."""
    with world.services.store.write() as tx:
        row = ksks.get(tx, "Z1", name)
        ksks.update(tx, replace(row, failing_at=NOW, failure="the key is disabled"))


# --- shapes


def test_a_new_ksk_is_shown_as_route53_does(world):
    arn = world.key()
    made = world.ksk("tf-acc-test.1", arn=arn)
    public = world.kms("GetPublicKey", KeyId=arn)["PublicKey"][-64:]
    rdata = dns.rdata.from_text("IN", "DNSKEY", made["KeySigningKey"]["DNSKEYRecord"])
    ds = dns.dnssec.make_ds(ZONE, rdata, "SHA256")
    assert rdata.to_wire() == b"\x01\x01\x03\x0d" + public
    shape = made["KeySigningKey"]
    assert shape == {
        "Name": "tf-acc-test.1",
        "KmsArn": arn,
        "Flag": 257,
        "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
        "SigningAlgorithmType": 13,
        "DigestAlgorithmMnemonic": "SHA-256",
        "DigestAlgorithmType": 2,
        "KeyTag": dns.dnssec.key_id(rdata),
        "DigestValue": ds.digest.hex().upper(),
        "PublicKey": shape["DNSKEYRecord"].removeprefix("257 3 13 "),
        "DSRecord": f"{ds.key_tag} 13 2 {ds.digest.hex().upper()}",
        "DNSKEYRecord": shape["DNSKEYRecord"],
        "Status": "ACTIVE",
        "CreatedDate": WHEN,
        "LastModifiedDate": WHEN,
    }
    assert " " not in shape["PublicKey"]
    assert dns.rdata.from_text("IN", "DS", shape["DSRecord"]) == ds
    assert made["Location"] == "https://route53.amazonaws.com/2013-04-01/keysigningkey/Z1/tf-acc-test.1"
    info = made["ChangeInfo"]
    assert info == {"Id": info["Id"], "Status": "PENDING", "SubmittedAt": WHEN}
    assert world.route53("GetDNSSEC")["KeySigningKeys"] == [shape]


def test_a_zone_without_dnssec_is_not_signing(world):
    assert world.route53("GetDNSSEC") == {"Status": {"ServeSignature": "NOT_SIGNING"}, "KeySigningKeys": []}


def test_each_operation_is_a_change_that_waits_for_the_name_servers(world):
    world.parent.name_servers = frozenset(HOSTS)
    calls = [
        lambda: world.ksk("ksk1"),
        lambda: world.ksk("ksk2", status="INACTIVE"),
        lambda: world.route53("EnableHostedZoneDNSSEC"),
        lambda: world.route53("ActivateKeySigningKey", Name="ksk2"),
        lambda: world.route53("DeactivateKeySigningKey", Name="ksk1"),
        lambda: world.route53("DeleteKeySigningKey", Name="ksk1"),
        lambda: world.route53("DisableHostedZoneDNSSEC"),
    ]
    for n, call in enumerate(calls, start=2):
        info = call()["ChangeInfo"]
        with world.services.store.read() as tx:
            change = changes.get(tx, info["Id"])
            last = outbox.pending(tx)[-1]
        assert (change.account_id, change.subject, change.version, change.insync_at) == (
            A,
            "zone:Z1",
            n,
            None,
        )
        assert (last.subject, last.version, last.kind) == ("zone:Z1", n, "signing")
        assert rows(world)[3].version == n


# --- what every operation refuses


NEW = {"Name": "ksk9", "KeyManagementServiceArn": "x", "Status": "ACTIVE", "CallerReference": "r"}
EVERY = [
    ("CreateKeySigningKey", NEW),
    ("ActivateKeySigningKey", {"Name": "ksk1"}),
    ("DeactivateKeySigningKey", {"Name": "ksk1"}),
    ("DeleteKeySigningKey", {"Name": "ksk1"}),
    ("EnableHostedZoneDNSSEC", {}),
    ("DisableHostedZoneDNSSEC", {}),
    ("GetDNSSEC", {}),
]


@pytest.mark.parametrize(("operation", "request_"), EVERY)
def test_unknown_foreign_and_private_zones(world, operation, request_):
    for zone in ("Z0", "ZB", "ZR"):
        message = refused("NoSuchHostedZone", world.route53, operation, zone, **request_)
        assert message == f"No hosted zone found with ID: {zone}"
    message = refused("InvalidArgument", world.route53, operation, "ZP", **request_)
    assert message == "Operation is unsupported for private hosted zones."
    assert world.parent.asked == []


@pytest.mark.parametrize(
    "operation", ["ActivateKeySigningKey", "DeactivateKeySigningKey", "DeleteKeySigningKey"]
)
def test_an_unknown_key(signed, operation):
    refused("NoSuchKeySigningKey", signed.route53, operation, Name="ksk2")
    signed.route53("GetDNSSEC", "Z2")
    refused("NoSuchKeySigningKey", signed.route53, operation, "Z2", Name="ksk1")


# --- CreateKeySigningKey


@pytest.mark.parametrize("value", ["", "active", "DELETING", "ACTION_NEEDED"])
def test_a_key_is_not_created_in_another_status(world, value):
    refused("InvalidKeySigningKeyStatus", world.ksk, status=value)


@pytest.mark.parametrize("name", ["", "ab", "a" * 129, "a b", "a/b", "käse", "abc\n"])
def test_a_key_is_not_created_under_a_bad_name(world, name):
    with pytest.raises(AwsFault) as fault:
        world.ksk(name)
    assert fault.value.error == "InvalidKeySigningKeyName"


@pytest.mark.parametrize("name", ["abc", "A_b.c-9", "a" * 128])
def test_good_names(world, name):
    assert world.ksk(name)["KeySigningKey"]["Name"] == name


def test_names_and_keys_are_used_once_in_a_zone(world):
    arn = world.key()
    world.ksk("ksk1", arn=arn)
    assert "the name ksk1" in refused("KeySigningKeyAlreadyExists", world.ksk, "ksk1")
    assert arn in refused("KeySigningKeyAlreadyExists", world.ksk, "ksk2", arn=arn)
    refused("KeySigningKeyAlreadyExists", world.ksk, "ksk1", arn=arn)
    assert world.ksk("ksk1", arn=arn, zone="Z2")["KeySigningKey"]["KmsArn"] == arn


def test_a_zone_has_two_keys_at_most(world):
    world.ksk("ksk1", status="INACTIVE")
    world.ksk("ksk2")
    refused("TooManyKeySigningKeys", world.ksk, "ksk3")


@pytest.mark.parametrize(
    "make",
    [
        lambda w: w.key(policy=policy_of(account_root(A))),
        lambda w: w.key(region="eu-west-1"),
        lambda w: w.key(account=B, policy=policy_of(account_root(B), allow(Principal="*"))),
        lambda w: w.key().replace(":key/", ":alias/"),
        lambda w: w.key()[:-12] + "0" * 12,
        lambda w: "nonsense",
        lambda w: _disabled(w),
        lambda w: w.key(
            policy=policy_of(
                allow(), allow(Principal={"AWS": A}, Action=["kms:PutKeyPolicy", "kms:GetPublicKey"])
            )
        ),
    ],
    ids=[
        "no permission",
        "region",
        "account",
        "alias",
        "absent",
        "malformed",
        "disabled",
        "caller not allowed",
    ],
)
def test_a_kms_key_that_cannot_be_used(world, make):
    arn = make(world)
    assert refused("InvalidKMSArn", world.ksk, arn=arn)
    assert rows(world)[0] == []
    assert rows(world)[3].version == 1


def _disabled(world):
    arn = world.key()
    world.kms("DisableKey", KeyId=arn)
    return arn


def test_the_text_of_a_missing_permission_is_route53s(world):
    arn = world.key(policy=policy_of(account_root(A)))
    assert refused("InvalidKMSArn", world.ksk, arn=arn) == (
        f"The CMK with ARN '{arn}' did not grant all required permissions for DNSSEC usage. Please review "
        "your key-policy, and "
        "verify that you and Route 53 have permissions to perform the following actions: DescribeKey, "
        "GetPublicKey, and Sign."
    )


def test_a_key_whose_tag_is_taken_is_refused(world, monkeypatch):
    world.ksk("ksk1")
    monkeypatch.setattr(
        keys, "check_tag", lambda new, others: _raise(keys.KeyTagTaken("the key tag 1 is taken"))
    )
    assert "key tag" in refused("InvalidKMSArn", world.ksk, "ksk2")
    assert statuses(world) == {"ksk1": "ACTIVE"}


def _raise(fault):
    raise fault


def test_an_active_key_joins_a_signed_zone_and_an_inactive_one_waits(signed):
    tag = key_tag(dnskey_of(signed))
    inactive = signed.ksk("ksk2", status="INACTIVE")["KeySigningKey"]["KeyTag"]
    assert signers_in(signed, NOW) == {tag}
    assert len(rows(signed)[2].dnskeys) == 2
    signed.route53("DeleteKeySigningKey", Name="ksk2")
    active = signed.ksk("ksk3")["KeySigningKey"]["KeyTag"]
    assert signers_in(signed, NOW) == {tag, active}
    assert inactive not in signers_in(signed, NOW)


# --- EnableHostedZoneDNSSEC


@pytest.mark.parametrize(
    "make", [lambda w: None, lambda w: w.ksk(status="INACTIVE")], ids=["none", "inactive"]
)
def test_signing_needs_an_active_key(world, make):
    make(world)
    assert refused("KeySigningKeyWithActiveStatusNotFound", world.route53, "EnableHostedZoneDNSSEC") == (
        "Hosted zone with ID 'Z1' does not have a Key Signing Key in ACTIVE status."
    )


def test_enabling_signs(world):
    tag = world.ksk()["KeySigningKey"]["KeyTag"]
    world.route53("EnableHostedZoneDNSSEC")
    assert status(world) == "SIGNING"
    _, [zsk], made, _ = rows(world)
    assert made.made_at == NOW
    assert made.dnskeys == (dnskey_of(world), zsk.dnskey)
    assert zsk.dnskey[:4] == b"\x01\x00\x03\x0d"
    assert keys.zsk_state(zsk, NOW) is keys.ZskState.ACTIVE
    for window in made.windows:
        assert signers_in(world, max(NOW, window.since)) == {tag}


def test_enabling_twice_signs_again_with_the_same_keys(signed):
    before = rows(signed)
    signed.now += 5000
    signed.route53("EnableHostedZoneDNSSEC")
    after = rows(signed)
    assert after[:2] == before[:2]
    assert after[2].made_at == NOW + 5000
    assert after[3].signing_at == before[3].signing_at
    assert len(signed.parent.asked) == 1


def test_a_key_that_needs_action_is_repaired_before_enabling(world):
    world.ksk()
    failing(world)
    refused("InvalidKeySigningKeyStatus", world.route53, "EnableHostedZoneDNSSEC")
    world.route53("ActivateKeySigningKey", Name="ksk1")
    world.route53("EnableHostedZoneDNSSEC")


def test_enabling_needs_kms(world):
    world.kms("DisableKey", KeyId=world.ksk()["KeySigningKey"]["KmsArn"])
    assert "its state is Disabled" in refused("InvalidKMSArn", world.route53, "EnableHostedZoneDNSSEC")
    assert status(world) == "NOT_SIGNING"
    assert rows(world)[1:3] == ([], None)


@pytest.mark.parametrize(
    "hosts",
    [
        frozenset(HOSTS[:3]),
        frozenset([*HOSTS, Name.parse("ns.elsewhere.org.")]),
        frozenset([HOSTS[0], Name.parse("x.")]),
    ],
    ids=["fewer", "more", "mixed"],
)
def test_a_delegation_that_overlaps_in_part_is_refused(world, hosts):
    world.ksk()
    world.parent.name_servers = hosts
    message = refused("HostedZonePartiallyDelegated", world.route53, "EnableHostedZoneDNSSEC")
    assert "must have the same nameservers" in message
    assert status(world) == "NOT_SIGNING"


@pytest.mark.parametrize(
    ("hosts", "fails"),
    [
        (frozenset(), False),
        (frozenset(HOSTS), False),
        (frozenset([Name.parse("ns.elsewhere.org.")]), False),
        (frozenset(), True),
    ],
    ids=["undelegated", "delegated", "elsewhere", "lookup failed"],
)
def test_other_delegations_do_not_block_enabling(world, hosts, fails):
    world.ksk()
    world.parent.name_servers, world.parent.fails = hosts, fails
    world.route53("EnableHostedZoneDNSSEC")
    assert status(world) == "SIGNING"
    assert world.parent.asked == [ZONE]


# --- ActivateKeySigningKey


def test_activating_adds_signatures_and_repeats(signed):
    first = key_tag(dnskey_of(signed))
    second = signed.ksk("ksk2", status="INACTIVE")["KeySigningKey"]["KeyTag"]
    for _ in range(2):
        signed.route53("ActivateKeySigningKey", Name="ksk2")
        assert statuses(signed) == {"ksk1": "ACTIVE", "ksk2": "ACTIVE"}
        assert signers_in(signed, NOW) == {first, second}


def test_activating_needs_kms(signed):
    arn = signed.ksk("ksk2", status="INACTIVE")["KeySigningKey"]["KmsArn"]
    signed.kms("DisableKey", KeyId=arn)
    refused("InvalidKMSArn", signed.route53, "ActivateKeySigningKey", Name="ksk2")
    assert statuses(signed)["ksk2"] == "INACTIVE"


def test_activating_repairs_a_key_that_needs_action(signed):
    failing(signed)
    assert status(signed) == "ACTION_NEEDED"
    [shape] = signed.route53("GetDNSSEC")["KeySigningKeys"]
    assert (shape["Status"], shape["StatusMessage"]) == ("ACTION_NEEDED", "the key is disabled")
    arn = shape["KmsArn"]
    signed.kms("DisableKey", KeyId=arn)
    refused("InvalidKMSArn", signed.route53, "ActivateKeySigningKey", Name="ksk1")
    signed.kms("EnableKey", KeyId=arn)
    signed.now += 90_000
    signed.route53("ActivateKeySigningKey", Name="ksk1")
    [shape] = signed.route53("GetDNSSEC")["KeySigningKeys"]
    assert (status(signed), shape["Status"]) == ("SIGNING", "ACTIVE")
    assert "StatusMessage" not in shape
    assert shape["LastModifiedDate"] == datetime.fromtimestamp(NOW + 90_000, UTC)
    assert rows(signed)[2].made_at == NOW + 90_000


# --- DeactivateKeySigningKey


def test_the_only_active_key_is_in_use(signed):
    refused("KeySigningKeyInUse", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    signed.ksk("ksk2", status="INACTIVE")
    refused("KeySigningKeyInUse", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    assert len(signed.parent.asked) == 1


def test_of_two_keys_one_is_deactivated_when_no_ds_points_to_it(signed):
    second = signed.ksk("ksk2")["KeySigningKey"]["KeyTag"]
    signed.parent.ds = frozenset([ds_rdata(Name.parse(ZONE), dnskey_of(signed, "ksk2"), 2)])
    signed.route53("DeactivateKeySigningKey", Name="ksk1")
    assert statuses(signed) == {"ksk1": "INACTIVE", "ksk2": "ACTIVE"}
    assert signers_in(signed, NOW) == {second}
    assert len(rows(signed)[2].dnskeys) == 2
    asked = len(signed.parent.asked)
    signed.route53("DeactivateKeySigningKey", Name="ksk1")
    assert len(signed.parent.asked) == asked


@pytest.mark.parametrize("digest_type", [1, 2, 4])
def test_a_key_that_a_ds_points_to_stays_active(signed, digest_type):
    signed.ksk("ksk2")
    signed.parent.ds = frozenset([ds_rdata(Name.parse(ZONE), dnskey_of(signed), digest_type), bytes(36)])
    message = refused("KeySigningKeyInParentDSRecord", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    assert str(key_tag(dnskey_of(signed))) in message
    assert statuses(signed)["ksk1"] == "ACTIVE"


def test_a_digest_that_we_cannot_compute_counts_as_the_keys_own(signed):
    signed.ksk("ksk2")
    unknown = key_tag(dnskey_of(signed)).to_bytes(2, "big") + b"\x0d\x05" + bytes(32)
    signed.parent.ds = frozenset([unknown])
    refused("KeySigningKeyInParentDSRecord", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    own = ds_rdata(Name.parse(ZONE), dnskey_of(signed), 2)
    signed.parent.ds = frozenset([own[:-1] + bytes([own[-1] ^ 1]), own[:2] + b"\x08" + own[3:]])
    signed.route53("DeactivateKeySigningKey", Name="ksk1")


def test_a_parent_that_cannot_be_asked_forbids_deactivating(signed):
    signed.ksk("ksk2")
    signed.parent.fails = True
    message = refused("KeySigningKeyInParentDSRecord", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    assert "Due to DNS lookup failure" in message
    assert statuses(signed)["ksk1"] == "ACTIVE"


def test_without_signing_a_key_is_deactivated_without_asking(world):
    world.ksk()
    world.parent.fails = True
    world.route53("DeactivateKeySigningKey", Name="ksk1")
    assert statuses(world) == {"ksk1": "INACTIVE"}
    assert world.parent.asked == []


def test_a_broken_key_leaves_when_the_other_signs_and_not_else(signed):
    arn = signed.ksk("ksk2")["KeySigningKey"]["KmsArn"]
    failing(signed)
    signed.kms("DisableKey", KeyId=arn)
    message = refused("KeySigningKeyInUse", signed.route53, "DeactivateKeySigningKey", Name="ksk1")
    assert "its state is Disabled" in message
    signed.kms("EnableKey", KeyId=arn)
    signed.route53("DeactivateKeySigningKey", Name="ksk1")
    assert (status(signed), statuses(signed)) == ("SIGNING", {"ksk1": "INACTIVE", "ksk2": "ACTIVE"})


# --- DeleteKeySigningKey


def test_only_inactive_keys_are_deleted(signed):
    message = refused("InvalidKeySigningKeyStatus", signed.route53, "DeleteKeySigningKey", Name="ksk1")
    assert (
        message == "Key Signing Key with name ksk1 cannot be deleted because current status is not INACTIVE."
    )
    failing(signed)
    refused("InvalidKeySigningKeyStatus", signed.route53, "DeleteKeySigningKey", Name="ksk1")


def test_deleting_signs_again_and_leaves_the_kms_key(signed):
    arn = signed.ksk("ksk2", status="INACTIVE")["KeySigningKey"]["KmsArn"]
    signed.now += 100
    signed.route53("DeleteKeySigningKey", Name="ksk2")
    assert statuses(signed) == {"ksk1": "ACTIVE"}
    assert rows(signed)[2].made_at == NOW + 100
    assert signed.kms("DescribeKey", KeyId=arn)["KeyMetadata"]["Enabled"]
    refused("NoSuchKeySigningKey", signed.route53, "DeleteKeySigningKey", Name="ksk2")


def test_deleting_needs_the_remaining_keys(signed):
    signed.ksk("ksk2", status="INACTIVE")
    signed.kms("DisableKey", KeyId=rows(signed)[0][0].kms_arn)
    refused("InvalidKMSArn", signed.route53, "DeleteKeySigningKey", Name="ksk2")
    assert set(statuses(signed)) == {"ksk1", "ksk2"}


# --- DisableHostedZoneDNSSEC


def test_there_is_nothing_to_disable(world):
    refused("DNSSECNotFound", world.route53, "DisableHostedZoneDNSSEC")


def test_disabling_passes_through_deleting(signed):
    signed.now += 10
    signed.route53("DisableHostedZoneDNSSEC")
    assert status(signed) == "DELETING"
    assert statuses(signed) == {"ksk1": "ACTIVE"}
    assert rows(signed)[2] is None
    assert [keys.zsk_state(z, signed.now) for z in rows(signed)[1]] == [keys.ZskState.REMOVED]
    refused("InvalidSigningStatus", signed.ksk, "ksk2")
    refused("InvalidSigningStatus", signed.route53, "ActivateKeySigningKey", Name="ksk1")
    signed.sync()
    assert status(signed) == "NOT_SIGNING"
    assert signed.parent.asked == [ZONE, ZONE]
    for _ in range(2):  # the same request twice
        signed.route53("DisableHostedZoneDNSSEC")
        assert status(signed) == "NOT_SIGNING"


def test_enabling_again_takes_a_new_zsk(signed):
    old = rows(signed)[1][0]
    signed.route53("DisableHostedZoneDNSSEC")
    signed.sync()
    signed.route53("EnableHostedZoneDNSSEC")
    [new] = rows(signed)[1]
    assert new.dnskey != old.dnskey
    assert status(signed) == "SIGNING"
    assert signers_in(signed, NOW) == {key_tag(dnskey_of(signed))}


def test_any_ds_at_the_parent_forbids_disabling(signed):
    signed.parent.ds = frozenset([b"\x30\x39\x0d\x02" + bytes(32)])
    message = refused("KeySigningKeyInParentDSRecord", signed.route53, "DisableHostedZoneDNSSEC")
    assert "12345" in message
    assert status(signed) == "SIGNING"


def test_a_parent_that_cannot_be_asked_forbids_disabling(signed):
    signed.parent.fails = True
    assert refused("KeySigningKeyInParentDSRecord", signed.route53, "DisableHostedZoneDNSSEC") == UNDETERMINED
    assert status(signed) == "SIGNING"


def test_disabling_does_not_need_kms(signed):
    signed.kms("DisableKey", KeyId=rows(signed)[0][0].kms_arn)
    failing(signed)
    signed.route53("DisableHostedZoneDNSSEC")
    assert status(signed) == "DELETING"


# --- what happens while the parent is asked


@pytest.mark.parametrize(
    ("operation", "request_"),
    [("DeactivateKeySigningKey", {"Name": "ksk1"}), ("DisableHostedZoneDNSSEC", {})],
)
def test_facts_that_changed_meanwhile_are_noticed(signed, operation, request_):
    signed.ksk("ksk2")

    def meanwhile():
        signed.parent.during = None
        signed.route53("DeactivateKeySigningKey", Name="ksk2")

    signed.parent.during = meanwhile
    refused("ConcurrentModification", signed.route53, operation, **request_)
    assert statuses(signed) == {"ksk1": "ACTIVE", "ksk2": "INACTIVE"}
    assert status(signed) == "SIGNING"


def test_facts_that_changed_before_enabling_are_noticed(world):
    world.ksk()
    world.parent.during = lambda: world.route53("DeactivateKeySigningKey", Name="ksk1")
    refused("ConcurrentModification", world.route53, "EnableHostedZoneDNSSEC")
    assert status(world) == "NOT_SIGNING"


def test_the_parent_is_never_asked_inside_a_write(signed):
    written = []

    def write_is_possible():
        with signed.services.store.write() as tx:
            written.append(zone_rows.bump(tx, "Z1"))

    signed.ksk("ksk2")
    signed.parent.during = write_is_possible
    signed.route53("DeactivateKeySigningKey", Name="ksk1")
    signed.route53("DisableHostedZoneDNSSEC")
    assert len(written) == 2


def test_a_change_of_contents_meanwhile_does_not_matter(signed):
    def bump():
        with signed.services.store.write() as tx:
            zone_rows.bump(tx, "Z1")

    signed.parent.during = bump
    signed.route53("DisableHostedZoneDNSSEC")
    assert status(signed) in ("DELETING", "NOT_SIGNING")


def test_nothing_shows_private_keys(signed):
    for row in (*rows(signed)[0], *rows(signed)[1]):
        sealed = row.sealed_key or b"-"
        assert repr(sealed) not in repr(row)
