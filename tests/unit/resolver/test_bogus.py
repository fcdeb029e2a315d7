"""What must be refused, each with the extended error that names the check which failed (RFC 8914)."""

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from resolver_world import HOUR, NOW, Key, internet

from seal53.resolver.status import Ede, Status

T = dns.rdatatype
EXAMPLE = dns.name.from_text("example.com.")
COM = dns.name.from_text("com.")


def name(text):
    return dns.name.from_text(text)


def refused(answer, ede, *words):
    assert answer.rcode == 2, answer
    assert answer.status < Status.INSECURE
    assert not answer.answer and not answer.authority
    assert answer.ttl == 1  # a bogus result is kept for a second at most
    assert answer.ede is not None and answer.ede[0] == ede, answer.ede
    for word in words:
        assert word in answer.ede[1], answer.ede


def strip(rtype=T.RRSIG, section="answer"):
    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.3" and qname == "www.example.com.":
            getattr(reply, section)[:] = [r for r in getattr(reply, section) if r.rdtype != rtype]
        return reply

    return tamper


def forge(address="203.0.113.66", *, only_udp=False):
    """What a spoofer on the path does: the address is changed, the signature stays."""

    def tamper(reply, server, qname, qtype, tcp):
        for rrset in reply.answer:
            if rrset.rdtype == T.A and not (only_udp and tcp):
                reply.answer[reply.answer.index(rrset)] = dns.rrset.from_text(
                    rrset.name, 300, "IN", "A", address
                )
        return reply

    return tamper


def test_a_forged_address():
    world = internet()
    world.tamper = forge()
    refused(world.run("www.example.com."), Ede.DNSSEC_BOGUS, "www.example.com.", "signature")
    # another try was made, over TCP, before giving up
    assert ("10.0.0.3", "www.example.com.", "A", True) in world.asked


def test_a_forged_address_is_accepted_where_nothing_is_signed_or_validated():
    world = internet()
    world.tamper = forge()
    assert world.run("www.unsigned.com.").status is Status.INSECURE
    assert world.run("www.example.com.", validate=False).rcode == 0


def test_a_forger_off_the_path_loses_to_tcp():
    world = internet()
    world.tamper = forge(only_udp=True)
    answer = world.run("www.example.com.")
    assert answer.secure and answer.answer[0].rdatas == (bytes([192, 0, 2, 1]),)


def test_stripped_signatures():
    world = internet()
    world.tamper = strip()
    refused(world.run("www.example.com."), Ede.RRSIGS_MISSING, "no RRSIG")


def test_expired_and_early_signatures():
    world = internet()
    world.zones[EXAMPLE].expiration = NOW - 1
    refused(world.run("www.example.com."), Ede.SIGNATURE_EXPIRED, "expired 1 s ago")
    world = internet()
    world.zones[EXAMPLE].inception = NOW + 5
    refused(world.run("www.example.com."), Ede.SIGNATURE_NOT_YET_VALID)
    # the edges of validity are valid (RFC 4035 §5.3.1)
    for zone in world.zones.values():
        zone.inception, zone.expiration = NOW, NOW
    assert world.run("www.example.com.").secure


def test_the_ds_of_another_key():
    world = internet()
    other = dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256")
    world.delegate("com.", "example.com.", ds=[other])
    refused(
        world.run("www.example.com."), Ede.DNSKEY_MISSING, "no DNSKEY of example.com.", str(other.key_tag)
    )


def test_one_right_ds_among_wrong_ones_suffices():
    world = internet()
    zone = world.zones[EXAMPLE]
    world.delegate(
        "com.", "example.com.", ds=[dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256"), *zone.ds()]
    )
    assert world.run("www.example.com.").secure


def test_a_wrong_sha1_ds_is_ignored_beside_sha256_and_a_right_one_does_not_help():
    """RFC 4509 §3."""
    world = internet()
    wrong256 = dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256")
    right1 = world.zones[EXAMPLE].ds("SHA1")
    world.delegate("com.", "example.com.", ds=[wrong256, *right1])
    refused(world.run("www.example.com."), Ede.DNSKEY_MISSING)


def test_a_zone_that_lost_its_keys():
    world = internet()
    world.zones[EXAMPLE].contents.delete_rdataset(EXAMPLE, T.DNSKEY)
    refused(world.run("www.example.com."), Ede.DNSKEY_MISSING)


def test_unsupported_algorithms_and_digests_are_insecure():
    """RFC 4035 §5.2."""
    for ds, ede in (
        ("12345 200 2 " + "ab" * 32, Ede.UNSUPPORTED_DNSKEY_ALGORITHM),
        ("12345 13 99 " + "ab" * 32, Ede.UNSUPPORTED_DS_DIGEST),
    ):
        world = internet()
        world.delegate("com.", "example.com.", ds=[dns.rdata.from_text("IN", "DS", ds)])
        answer = world.run("www.example.com.")
        assert (answer.status, answer.rcode) == (Status.INSECURE, 0)
        assert answer.ede is not None and answer.ede[0] == ede and "example.com." in answer.ede[1]


def test_a_denial_of_the_ds_that_is_not_proven():
    """Stripping DS and NSEC from the referral and its NSEC from the answer to the DS query is no way out."""
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.2" and qname.endswith("example.com."):
            reply.authority = [r for r in reply.authority if r.rdtype == T.NS]
            if qtype == T.DS:
                reply.answer = []
                reply.authority = [
                    dns.rrset.from_text("com.", 60, "IN", "SOA", "ns.com. host.com. 1 1 1 1 60")
                ]
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.NSEC_MISSING, "example.com.")


def test_the_child_cannot_deny_its_own_ds():
    """RFC 6840 §4.4: an NSEC with SOA comes from below the cut."""
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "example.com." and qtype == T.DS:
            zone = world.zones[EXAMPLE]
            reply.answer, reply.authority = [], []
            world.put(zone, reply.authority, zone.nsec_for(EXAMPLE))
        elif server == "10.0.0.2":
            reply.authority = [r for r in reply.authority if r.rdtype == T.NS]
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.RRSIGS_MISSING, "com.")


def deny_with(world, zone, *nsecs, rcode=0):
    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.3" and qname in (
            "www.example.com.",
            "y.wild.example.com.",
            "x.closer.wild.example.com.",
        ):
            reply.answer, reply.authority = [], []
            reply.flags |= dns.flags.AA
            reply.set_rcode(rcode)
            soa = zone.contents.find_rdataset(zone.apex, T.SOA)
            world.put(zone, reply.authority, dns.rrset.from_rdata_list(zone.apex, soa.ttl, list(soa)))
            for nsec in nsecs:
                world.put(zone, reply.authority, nsec)
        return reply

    return tamper


def test_denials_that_prove_something_else():
    world = internet()
    zone = world.zones[EXAMPLE]
    www, apex = zone.nsec_for(name("www.example.com.")), zone.nsec_for(EXAMPLE)
    world.tamper = deny_with(world, zone)
    refused(world.run("www.example.com."), Ede.NSEC_MISSING)
    world.tamper = deny_with(world, zone, www)
    refused(world.run("www.example.com."), Ede.NSEC_MISSING, "shows that A exists")
    world.tamper = deny_with(world, zone, www, apex, rcode=3)
    refused(world.run("www.example.com."), Ede.NSEC_MISSING, "says that the name exists")
    world.tamper = deny_with(world, zone, apex, rcode=3)
    refused(world.run("www.example.com."), Ede.NSEC_MISSING)


def test_a_forged_denial():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and server == "10.0.0.3":
            zone = world.zones[EXAMPLE]
            reply.answer, reply.authority = [], []
            reply.set_rcode(3)
            nsec = dns.rrset.from_text("wwv.example.com.", 60, "IN", "NSEC", "wwx.example.com. A RRSIG NSEC")
            genuine = zone.sign(
                dns.rrset.from_text(nsec.name, 60, "IN", "NSEC", "wwv1.example.com. A RRSIG NSEC")
            )
            reply.authority += [nsec, dns.rrset.from_rdata(nsec.name, 60, genuine)]
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.DNSSEC_BOGUS, "wwv.example.com. NSEC")


def test_the_parents_nsec_at_a_cut_denies_nothing_below():
    """RFC 6840 §4.1."""
    world = internet()
    com = world.zones[COM]

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and server == "10.0.0.3":
            reply.answer, reply.authority = [], []
            reply.set_rcode(3)
            world.put(com, reply.authority, com.nsec_for(EXAMPLE))
            world.put(com, reply.authority, com.nsec_for(COM))
            # as if com. served it, so that its NSEC is in bailiwick
        return reply

    world.servers["10.0.0.2"].append(EXAMPLE)
    world.tamper = lambda r, s, q, t, tcp: tamper(r, "10.0.0.3", q, t, tcp)
    refused(world.run("www.example.com."), Ede.NSEC_MISSING)


def test_a_wildcard_answer_needs_the_denial_of_a_closer_name():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "y.wild.example.com." and server == "10.0.0.3":
            reply.authority = []
        return reply

    world.tamper = tamper
    refused(world.run("y.wild.example.com."), Ede.NSEC_MISSING, "wildcard")


def test_a_wildcard_does_not_answer_for_a_name_with_a_closer_encloser():
    """RFC 4035 §5.3.4: y.closer.wild exists not, but closer.wild does; *.wild must not answer."""
    world = internet()
    zone = world.zones[EXAMPLE]

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "y.closer.wild.example.com.":
            reply.answer, reply.authority = [], []
            reply.set_rcode(0)
            stolen = dns.rrset.from_text(qname, 300, "IN", "A", "192.0.2.3")
            world.put(zone, reply.answer, stolen, name("*.wild.example.com."))
            world.put(zone, reply.authority, zone.covering(name(qname)))
        return reply

    world.tamper = tamper
    refused(world.run("y.closer.wild.example.com."), Ede.NSEC_MISSING)


def test_compact_denial_of_one_type_does_not_deny_another():
    world = internet()
    zone = world.zones[name("compact.com.")]

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.compact.com." and qtype == T.A:
            reply.answer, reply.authority = [], []
            world.put(zone, reply.authority, zone.compact(name(qname)))
        return reply

    world.tamper = tamper
    refused(world.run("www.compact.com."), Ede.NSEC_MISSING, "shows that A exists")


def test_nsec3_is_indeterminate_and_says_so():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and server == "10.0.0.3" and qtype == T.A:
            reply.answer = []
            text = "1 0 0 - 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG"
            owner = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.com."
            reply.authority = [dns.rrset.from_text(owner, 60, "IN", "NSEC3", text)]
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.DNSSEC_INDETERMINATE, "NSEC3")


def test_signed_in_the_name_of_something_that_is_no_zone():
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and qtype == T.A and server == "10.0.0.3":
            zone = world.zones[EXAMPLE]
            signer = name("www.example.com.")
            reply.answer[1] = dns.rrset.from_rdata(signer, 300, zone.sign(reply.answer[0], signer=signer))
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.DNSSEC_BOGUS, "no zone")


def test_keys_that_may_not_sign_zone_data():
    """RFC 4034 §2.1.1: without the zone key bit; RFC 5011 §2.1: revoked."""
    for flags in (257 & ~0x0100, 257 | 0x0080):
        world = internet()
        zone = world.zones[EXAMPLE]
        zone.keys = [Key(flags=flags)]
        world.publish_keys(zone)
        world.delegate(
            "com.", "example.com.", ds=[dns.dnssec.make_ds(EXAMPLE, zone.keys[0].dnskey, "SHA256")]
        )
        answer = world.run("www.example.com.")
        refused(answer, Ede.DNSKEY_MISSING if flags & 0x80 else Ede.NO_ZONE_KEY_BIT_SET)


def test_a_key_that_the_zone_key_set_does_not_hold():
    world = internet()
    stranger = Key()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and qtype == T.A and server == "10.0.0.3":
            rrsig = world.zones[EXAMPLE].sign(reply.answer[0], key=stranger)
            reply.answer[1] = dns.rrset.from_rdata(name(qname), 300, rrsig)
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.DNSSEC_BOGUS, "no key")


def test_a_replaced_dnskey_set():
    world = internet()
    zone = world.zones[EXAMPLE]
    world.zones[EXAMPLE].keys = [Key()]
    world.publish_keys(zone)
    refused(world.run("www.example.com."), Ede.DNSKEY_MISSING)


def test_signature_checks_are_bounded():
    """CVE-2023-50387: colliding tags and many signatures may not multiply."""
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        if qname == "www.example.com." and server == "10.0.0.3" and qtype == T.A:
            good = reply.answer[1][0]
            first, rest = good.signature[0], good.signature[1:]
            many = [good.replace(signature=bytes([first ^ i]) + rest) for i in range(1, 200)]
            reply.answer[1] = dns.rrset.from_rdata_list(reply.answer[1].name, 300, many)
        return reply

    world.tamper = tamper
    refused(world.run("www.example.com."), Ede.DNSSEC_BOGUS)
    assert world.work.checks < 40


def test_signatures_by_strangers_do_not_crowd_out_the_good_one():
    """RFC 4035 §5.3.1: an RRSIG that no key of the zone fits is passed over, however many there are."""
    world = internet()

    def tamper(reply, server, qname, qtype, tcp):
        for i, rrset in enumerate(reply.answer):
            if rrset.rdtype == T.RRSIG:
                good = rrset[0]
                junk = [good.replace(key_tag=(good.key_tag + n) % 65536) for n in range(1, 13)]
                junk += [good.replace(algorithm=200), good.replace(signature=bytes(64))]
                reply.answer[i] = dns.rrset.from_rdata_list(rrset.name, rrset.ttl, [*junk, good])
        return reply

    world.tamper = tamper
    assert world.run("www.example.com.").secure


def test_repair_is_seen_at_once():
    """A wrong DS is put right again: what was cached of it does not outlive the second of a bogus result."""
    world = internet()
    memory = world.memory()
    good = world.zones[EXAMPLE].ds()
    world.delegate("com.", "example.com.", ds=[dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256")])
    refused(world.run("www.example.com.", memory=memory), Ede.DNSKEY_MISSING)
    world.delegate("com.", "example.com.", ds=good)
    assert world.run("www.example.com.", now=NOW + 2, memory=memory).secure


def test_a_ds_that_changed_takes_effect_when_its_ttl_ends():
    world = internet()
    memory = world.memory()
    assert world.run("www.example.com.", memory=memory).secure
    world.delegate("com.", "example.com.", ds=[dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256")])
    assert world.run("www.example.com.", memory=memory, now=NOW + 299).secure
    # the DNSKEY RRset may be kept for an hour, but not without the DS that vouches for it
    refused(world.run("www.example.com.", memory=memory, now=NOW + 301), Ede.DNSKEY_MISSING)


def test_keys_that_changed_are_fetched_again_before_an_answer_is_called_bogus():
    world = internet()
    memory = world.memory()
    zone = world.zones[EXAMPLE]
    zone.keys.append(Key(flags=256))
    world.publish_keys(zone)
    assert world.run("www.example.com.", memory=memory).secure
    zone.keys[1] = Key(flags=256)
    world.publish_keys(zone)
    assert world.run("www.example.com.", "TXT", memory=memory).secure


def test_the_wrong_clock():
    assert internet().run("www.example.com.", now=NOW + 11 * HOUR).ede[0] == Ede.SIGNATURE_EXPIRED


@pytest.mark.parametrize("qtype", ["RRSIG", "ANY", "NSEC"])
def test_questions_about_dnssec_records(qtype):
    answer = internet().run("www.example.com.", qtype)
    assert answer.rcode == 0
    assert answer.status is (Status.INSECURE if qtype == "RRSIG" else Status.SECURE)


def test_what_a_forger_said_of_name_servers_is_forgotten():
    """A forged referral must not outlive the bogus answer that it led to."""
    world = internet()
    memory = world.memory()

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.1" and qname == "www.example.com.":
            reply.authority = [dns.rrset.from_text("com.", 86400, "IN", "NS", "ns.evil.com.")]
            reply.additional = [dns.rrset.from_text("ns.evil.com.", 86400, "IN", "A", "203.0.113.53")]
        if server == "203.0.113.53":
            reply.set_rcode(0)
            reply.flags |= dns.flags.AA
            reply.answer = (
                [dns.rrset.from_text(qname, 300, "IN", "A", "203.0.113.66")] if qtype == T.A else []
            )
        return reply

    world.tamper = tamper
    assert world.run("www.example.com.", memory=memory).rcode == 2
    world.tamper = None
    assert world.run("www.example.com.", memory=memory, now=NOW + 2).secure


def test_a_zone_that_failed_is_not_fetched_for_each_of_its_names():
    """RFC 9520 §3.2."""
    world = internet()
    memory = world.memory()
    world.delegate("com.", "example.com.", ds=[dns.dnssec.make_ds(EXAMPLE, Key().dnskey, "SHA256")])
    refused(world.run("www.example.com.", memory=memory), Ede.DNSKEY_MISSING)
    world.asked.clear()
    refused(world.run("a.ent.example.com.", memory=memory), Ede.DNSKEY_MISSING)
    assert not [a for a in world.asked if a[2] in ("DNSKEY", "DS")]


def test_a_second_opinion_that_cannot_be_had_leaves_the_first():
    world = internet()
    world.zones[EXAMPLE].contents.delete_rdataset(EXAMPLE, T.DNSKEY)
    world.tamper = lambda reply, server, qname, qtype, tcp: None if tcp else reply
    refused(world.run("www.example.com."), Ede.DNSKEY_MISSING)


@pytest.mark.parametrize("spread", range(4))
@pytest.mark.parametrize(
    "qname", ["www.example.com.", "a.ent.example.com.", "y.wild.example.com.", "*.wild.example.com."]
)
def test_one_lying_server_of_two_does_no_harm(qname, spread):
    """Whatever is asked of it on the way, a few tries suffice for the whole chain."""
    world = internet()
    host = dns.rdata.from_text("IN", "NS", "ns2.example.com.")
    address = dns.rdata.from_text("IN", "A", "10.0.0.33")
    for zone in (world.zones[COM], world.zones[EXAMPLE]):
        zone.contents.find_rdataset(EXAMPLE, T.NS).add(host)
        zone.contents.find_rdataset(name("ns2.example.com."), T.A, create=True).add(address, 300)
    world.servers["10.0.0.33"] = world.servers["10.0.0.3"]

    def tamper(reply, server, qname, qtype, tcp):
        if server == "10.0.0.33":
            reply.answer = [r for r in reply.answer if r.rdtype != T.RRSIG]
            reply.authority = [r for r in reply.authority if r.rdtype != T.RRSIG]
        return reply

    world.tamper = tamper
    memory = world.memory()
    for qtype in ("A", "AAAA", "TXT"):
        assert world.run(qname, qtype, spread=spread, memory=memory).secure
        assert world.run(qname, qtype, spread=spread + 1, memory=memory).secure
