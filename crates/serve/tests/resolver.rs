//! What a resolver's view answers: private zones, the cache, and those who wait.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serve::{
    Client, Counters, Entropy, Entry, Facts, MAX_FLIGHTS, MAX_WAITERS, PATIENCE, Plane, Reply, ReplySink,
    ResolverSettings, SigningChange, Transport, View, World, answer,
};
use support::text::{name, rdata};
use support::{NOW, Question, ask_for, counter, describe, publish, try_ask};
use wire::{Message, Name, RRset, RrType};

const PRIVATE: &str = "
    @       900 SOA   ns hostmaster 1 7200 900 1209600 300
    @       900 NS    ns
    db      60  A     10.0.0.1
    out     60  CNAME www.public.test.
    in      60  CNAME host.deep
    cut     60  NS    ns.cut
    x.cut   60  A     10.0.0.2
    loop    60  CNAME loop
    host.deep 60 A    10.0.0.3
";
const DEEP: &str = "
    @       900 SOA   ns hostmaster 1 7200 900 1209600 300
    host    60  A     10.0.0.4
    back    60  CNAME db.corp.test.
";

fn plane(aws_profile: bool) -> Plane {
    let plane = Plane::new(support::KEK);
    publish(&plane, "p1", "corp.test.", PRIVATE, SigningChange::Unsigned);
    publish(&plane, "p2", "deep.corp.test.", DEEP, SigningChange::Unsigned);
    plane.set_resolver_view("r", &["p1", "p2"], ResolverSettings { aws_profile });
    plane
}

fn rd(qname: &str, qtype: RrType) -> Question<'_> {
    Question { rd: true, ..ask_for(qname, qtype) }
}

fn rrset(owner: &str, ttl: u32, rtype: RrType, words: &[&str]) -> RRset {
    RRset { owner: name(owner), rtype, ttl, rdatas: vec![rdata(rtype, words, &Name::root())] }
}

fn opaque(owner: &str, ttl: u32, rtype: RrType, octets: &[u8]) -> RRset {
    RRset { owner: name(owner), rtype, ttl, rdatas: vec![octets.into()] }
}

fn address(owner: &str, ttl: u32) -> Entry {
    Entry { answer: vec![rrset(owner, ttl, RrType::A, &["192.0.2.1"])], ttl, ..Entry::default() }
}

fn asked(plane: &Plane, question: Question<'_>, now: u64) -> Message {
    let message = try_ask(plane, "r", question, now).unwrap();
    assert!(message.ra && !message.aa);
    message
}

fn waits(plane: &Plane, question: Question<'_>, now: u64) -> bool {
    try_ask(plane, "r", question, now).is_none()
}

fn misses(plane: &Plane) -> Vec<String> {
    let misses = plane.take_misses(100, Duration::ZERO);
    misses
        .iter()
        .map(|miss| format!("{} {}{}", miss.qname, miss.qtype, if miss.cd { " cd" } else { "" }))
        .collect()
}

struct Mailbox(Sender<Vec<u8>>);

impl ReplySink for Mailbox {
    fn send(&self, message: &[u8]) {
        self.0.send(message.to_vec()).unwrap();
    }
}

/// Asks with a way back.
fn wait_for(plane: &Plane, question: Question<'_>, now: u64) -> (Reply, Receiver<Vec<u8>>, Vec<u8>) {
    wait_in(plane.load().view("r").unwrap(), question, now)
}

fn wait_in(view: &View, question: Question<'_>, now: u64) -> (Reply, Receiver<Vec<u8>>, Vec<u8>) {
    let (sender, receiver) = channel();
    let client = Client { addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 5353)) };
    let origin = || -> Box<dyn ReplySink> { Box::new(Mailbox(sender.clone())) };
    let transport = if question.tcp { Transport::Tcp } else { Transport::Udp };
    let mut out = Vec::new();
    let mut entropy = Entropy::new(0);
    let counters = Counters::default();
    let packet = question.packet();
    let facts = Facts::default();
    let world = World { view, facts: &facts, logging: None, now, counters: &counters };
    let reply = answer(&world, &packet, transport, &client, &origin, &mut entropy, &mut out);
    (reply, receiver, out)
}

#[test]
fn private_zones_come_first_and_shadow_the_public_ones() {
    let plane = plane(false);
    let soa = "corp.test. 300 SOA x1";
    let cases = [
        ("db.corp.test.", RrType::A, 0, vec!["db.corp.test. 60 A x1"], vec![]),
        ("db.corp.test.", RrType::TXT, 0, vec![], vec![soa]),
        ("nothing.corp.test.", RrType::A, 3, vec![], vec![soa]),
        // The most specific zone wins, also at the end of a CNAME.
        ("host.deep.corp.test.", RrType::A, 0, vec!["host.deep.corp.test. 60 A x1"], vec![]),
        (
            "in.corp.test.",
            RrType::A,
            0,
            vec!["in.corp.test. 60 CNAME x1", "host.deep.corp.test. 60 A x1"],
            vec![],
        ),
        (
            "back.deep.corp.test.",
            RrType::A,
            0,
            vec!["back.deep.corp.test. 60 CNAME x1", "db.corp.test. 60 A x1"],
            vec![],
        ),
        ("loop.corp.test.", RrType::A, 0, vec!["loop.corp.test. 60 CNAME x1"], vec![]),
        // Delegations inside a private zone are not followed.
        ("x.cut.corp.test.", RrType::A, 0, vec!["x.cut.corp.test. 60 A x1"], vec![]),
        ("cut.corp.test.", RrType::NS, 0, vec!["cut.corp.test. 60 NS x1"], vec![]),
        ("corp.test.", RrType::DNSKEY, 0, vec![], vec![soa]),
    ];
    for (qname, qtype, rcode, answer, authority) in cases {
        for question in [rd(qname, qtype), rd(qname, qtype).with_do(), ask_for(qname, qtype)] {
            let message = asked(&plane, Question { ad: true, ..question }, NOW);
            assert_eq!(message.rcode, rcode, "{qname} {qtype}");
            assert_eq!(describe(&message.answer, None, NOW), answer, "{qname} {qtype}");
            assert_eq!(describe(&message.authority, None, NOW), authority, "{qname} {qtype}");
            assert!(!message.ad);
        }
    }
    assert!(misses(&plane).is_empty());
    let host = asked(&plane, rd("host.deep.corp.test.", RrType::A), NOW);
    assert_eq!(*host.answer[0].rdatas[0], [10, 0, 0, 4]);
}

#[test]
fn a_miss_is_asked_once_and_answers_all_who_wait() {
    let plane = plane(false);
    let question = rd("WWW.public.test.", RrType::A);
    let waiting: Vec<_> = (0..3).map(|_| wait_for(&plane, question, NOW)).collect();
    assert!(waiting.iter().all(|(reply, _, out)| *reply == Reply::Pending && out.is_empty()));
    assert_eq!(misses(&plane), ["www.public.test. A"]);
    assert!(misses(&plane).is_empty());
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 60), NOW);
    for (_, receiver, _) in &waiting {
        let message = Message::parse(&receiver.try_recv().unwrap()).unwrap();
        assert!(message.ra && !message.aa && message.id == 77);
        // The case of the question is kept.
        assert_eq!(message.question.as_ref().unwrap().0.as_wire(), name("WWW.public.test.").as_wire());
        assert_eq!(describe(&message.answer, None, NOW), ["WWW.public.test. 60 A x1"]);
        assert!(receiver.try_recv().is_err());
    }
    let aged = asked(&plane, question, NOW + 59);
    assert_eq!(describe(&aged.answer, None, NOW), ["WWW.public.test. 1 A x1"]);
    assert!(waits(&plane, question, NOW + 60));
}

#[test]
fn what_may_not_be_kept_answers_only_those_who_wait() {
    let plane = plane(false);
    let question = rd("www.public.test.", RrType::A);
    let (_, receiver, _) = wait_for(&plane, question, NOW);
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 0), NOW);
    assert_eq!(Message::parse(&receiver.try_recv().unwrap()).unwrap().answer[0].ttl, 0);
    assert!(waits(&plane, question, NOW));
    let (_, receiver, _) = wait_for(&plane, question, NOW);
    let transient = Entry { transient: true, ..address("www.public.test.", 60) };
    plane.fill("r", &name("www.public.test."), RrType::A, false, transient, NOW);
    assert_eq!(Message::parse(&receiver.try_recv().unwrap()).unwrap().answer[0].ttl, 60);
    assert!(waits(&plane, question, NOW));
}

#[test]
fn a_private_cname_leads_to_a_public_question() {
    let plane = plane(false);
    let question = rd("out.corp.test.", RrType::A);
    let (_, receiver, _) = wait_for(&plane, question, NOW);
    assert_eq!(misses(&plane), ["www.public.test. A"]);
    let entry = Entry { secure: true, ..address("www.public.test.", 60) };
    plane.fill("r", &name("www.public.test."), RrType::A, false, entry, NOW);
    let message = Message::parse(&receiver.try_recv().unwrap()).unwrap();
    let both = ["out.corp.test. 60 CNAME x1", "www.public.test. 60 A x1"];
    assert_eq!(describe(&message.answer, None, NOW), both);
    let again = asked(&plane, Question { ad: true, ..question }, NOW);
    assert_eq!(describe(&again.answer, None, NOW), both);
    assert!(!again.ad, "a private CNAME is not authentic");
    assert!(asked(&plane, Question { ad: true, ..rd("www.public.test.", RrType::A) }, NOW).ad);
}

#[test]
fn python_reads_private_zones() {
    let plane = plane(false);
    let read = |qname: &str| {
        let reply = plane.private_answer("r", &name(qname), RrType::A)?;
        let message = Message::parse(&reply).unwrap();
        assert!(message.aa);
        Some((message.rcode, describe(&message.answer, None, NOW)))
    };
    assert_eq!(read("www.public.test."), None);
    assert_eq!(read("db.corp.test."), Some((0, vec!["db.corp.test. 60 A x1".to_owned()])));
    assert_eq!(read("nothing.corp.test."), Some((3, vec![])));
    assert_eq!(read("out.corp.test."), Some((0, vec!["out.corp.test. 60 CNAME x1".to_owned()])));
}

/// A signed answer, as Python would fill it.
fn signed_entry(secure: bool) -> Entry {
    Entry {
        answer: vec![
            rrset("www.public.test.", 60, RrType::A, &["192.0.2.1"]),
            opaque("www.public.test.", 60, RrType::RRSIG, &[0, 1]),
        ],
        authority: vec![
            opaque("public.test.", 60, RrType::NSEC, &[0]),
            opaque("public.test.", 60, RrType::RRSIG, &[0, 47]),
        ],
        secure,
        ttl: 60,
        ..Entry::default()
    }
}

fn types(section: &[RRset]) -> Vec<RrType> {
    section.iter().map(|rrset| rrset.rtype).collect()
}

#[test]
fn do_ad_and_cd_follow_the_rfcs() {
    let plane = plane(false);
    plane.fill("r", &name("www.public.test."), RrType::A, false, signed_entry(true), NOW);
    let question = rd("www.public.test.", RrType::A);
    let plain = asked(&plane, question, NOW);
    assert!(!plain.ad);
    assert_eq!((types(&plain.answer), types(&plain.authority)), (vec![RrType::A], vec![]));
    // RFC 6840 §5.7: AD asks for AD alone.
    let with_ad = asked(&plane, Question { ad: true, ..question }, NOW);
    assert!(with_ad.ad);
    assert_eq!(types(&with_ad.answer), [RrType::A]);
    let with_do = asked(&plane, question.with_do(), NOW);
    assert!(with_do.ad);
    assert_eq!(types(&with_do.answer), [RrType::A, RrType::RRSIG]);
    assert_eq!(types(&with_do.authority), [RrType::NSEC, RrType::RRSIG]);
    // What was checked serves those who did not want a check, and CD is copied (RFC 4035 §3.2.2).
    let with_cd = asked(&plane, Question { cd: true, ..question }, NOW);
    assert!(with_cd.cd && !plain.cd);
    // Insecure: no AD.
    plane.fill("r", &name("www.public.test."), RrType::A, false, signed_entry(false), NOW);
    assert!(!asked(&plane, question.with_do(), NOW).ad);
}

#[test]
fn a_failed_check_does_not_serve_those_who_want_none() {
    let plane = plane(false);
    let bogus = Entry { rcode: 2, ttl: 1, ede: Some((6, "signature of A".to_owned())), ..Entry::default() };
    plane.fill("r", &name("www.public.test."), RrType::A, false, bogus, NOW);
    let question = rd("www.public.test.", RrType::A);
    let failed = asked(&plane, question, NOW);
    assert_eq!((failed.rcode, failed.edes), (2, vec![(6, "signature of A".to_owned())]));
    assert!(waits(&plane, Question { cd: true, ..question }, NOW));
    assert_eq!(misses(&plane), ["www.public.test. A cd"]);
    plane.fill("r", &name("www.public.test."), RrType::A, true, signed_entry(false), NOW);
    assert_eq!(asked(&plane, Question { cd: true, ..question }, NOW).rcode, 0);
    assert_eq!(asked(&plane, question, NOW).rcode, 2);
    assert!(waits(&plane, question, NOW + 1));
}

#[test]
fn asked_for_dnssec_records_are_not_stripped() {
    let plane = plane(false);
    let entry = Entry {
        answer: vec![
            opaque("public.test.", 60, RrType::NSEC, &[0]),
            opaque("public.test.", 60, RrType::RRSIG, &[0, 47]),
        ],
        ttl: 60,
        ..Entry::default()
    };
    plane.fill("r", &name("public.test."), RrType::NSEC, false, entry, NOW);
    assert_eq!(types(&asked(&plane, rd("public.test.", RrType::NSEC), NOW).answer), [RrType::NSEC]);
    let keys =
        Entry { answer: vec![opaque("public.test.", 60, RrType::DNSKEY, &[1])], ttl: 60, ..Entry::default() };
    plane.fill("r", &name("public.test."), RrType::DNSKEY, false, keys, NOW);
    assert_eq!(types(&asked(&plane, rd("public.test.", RrType::DNSKEY), NOW).answer), [RrType::DNSKEY]);
}

#[test]
fn nxname_is_nxdomain_for_who_wants_no_proof() {
    let plane = plane(false);
    let entry = Entry {
        nxname: true,
        secure: true,
        authority: vec![opaque("gone.public.test.", 60, RrType::NSEC, &[0])],
        ttl: 60,
        ..Entry::default()
    };
    plane.fill("r", &name("gone.public.test."), RrType::A, false, entry, NOW);
    let question = rd("gone.public.test.", RrType::A);
    assert_eq!(asked(&plane, question, NOW).rcode, 3);
    assert_eq!(asked(&plane, question.with_do(), NOW).rcode, 0);
    let co = asked(&plane, Question { co_bit: true, ..question }.with_do(), NOW);
    assert!(co.rcode == 3 && co.edns.unwrap().co_bit);
}

#[test]
fn the_aws_profile_ignores_do_and_cd() {
    let plane = plane(true);
    plane.fill("r", &name("www.public.test."), RrType::A, false, signed_entry(true), NOW);
    let question = Question { ad: true, cd: true, ..rd("www.public.test.", RrType::A) }.with_do();
    let message = asked(&plane, question, NOW);
    assert!(!message.ad);
    assert_eq!((types(&message.answer), types(&message.authority)), (vec![RrType::A], vec![]));
    assert!(waits(&plane, Question { cd: true, ..rd("other.public.test.", RrType::A) }, NOW));
    assert_eq!(misses(&plane), ["other.public.test. A"]);
}

#[test]
fn without_rd_only_what_is_known_is_answered() {
    let plane = plane(false);
    let refused = asked(&plane, ask_for("www.public.test.", RrType::A), NOW);
    assert_eq!((refused.rcode, refused.edes[0].0), (5, 20));
    assert!(misses(&plane).is_empty());
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 60), NOW);
    assert_eq!(asked(&plane, ask_for("www.public.test.", RrType::A), NOW).rcode, 0);
}

#[test]
fn too_many_who_wait_are_turned_away() {
    let plane = plane(false);
    let question = rd("www.public.test.", RrType::A);
    for _ in 0..MAX_WAITERS {
        assert!(waits(&plane, question, NOW));
    }
    let refused = asked(&plane, question, NOW);
    assert_eq!((refused.rcode, refused.edes[0].0), (2, 0));
    for n in 1..MAX_FLIGHTS {
        assert!(waits(&plane, rd(&format!("n{n}.public.test."), RrType::A), NOW));
    }
    assert_eq!(asked(&plane, rd("one-more.public.test.", RrType::A), NOW).rcode, 2);
    assert_eq!(counter(&plane, "waiters_refused"), 2);
    assert_eq!(plane.take_misses(5000, Duration::ZERO).len(), MAX_FLIGHTS);
}

#[test]
fn nobody_waits_forever() {
    let plane = plane(false);
    let question = rd("www.public.test.", RrType::A);
    let (_, receiver, _) = wait_for(&plane, question, NOW);
    plane.expire_waiters(Instant::now() + PATIENCE / 2);
    assert!(receiver.try_recv().is_err());
    plane.expire_waiters(Instant::now() + PATIENCE);
    let message = Message::parse(&receiver.try_recv().unwrap()).unwrap();
    assert_eq!((message.rcode, message.edes[0].0), (2, 22));
    // Nobody wants it any more, so nobody goes and asks.
    assert!(misses(&plane).is_empty());
    assert!(waits(&plane, question, NOW));
    assert_eq!(misses(&plane), ["www.public.test. A"]);
}

#[test]
fn a_lost_question_is_asked_anew_however_many_join() {
    let plane = plane(false);
    let question = rd("www.public.test.", RrType::A);
    let (_, first, _) = wait_for(&plane, question, NOW);
    assert_eq!(misses(&plane), ["www.public.test. A"]);
    let then = Instant::now();
    let (_, second, _) = wait_for(&plane, question, NOW);
    plane.expire_waiters(then + PATIENCE);
    assert!(first.try_recv().is_ok() && second.try_recv().is_ok());
    assert!(waits(&plane, question, NOW));
    assert_eq!(misses(&plane), ["www.public.test. A"]);
}

#[test]
fn a_flush_forgets_and_distrusts_what_is_under_way() {
    let plane = plane(false);
    let question = rd("www.public.test.", RrType::A);
    plane.fill("r", &name("old.public.test."), RrType::A, false, address("old.public.test.", 60), NOW);
    let (_, receiver, _) = wait_for(&plane, question, NOW);
    assert_eq!(misses(&plane), ["www.public.test. A"]);
    plane.flush("r");
    assert!(waits(&plane, rd("old.public.test.", RrType::A), NOW));
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 60), NOW);
    assert!(receiver.try_recv().is_err(), "found out before the flush");
    assert_eq!(misses(&plane), ["old.public.test. A", "www.public.test. A"]);
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 60), NOW);
    assert!(receiver.try_recv().is_ok());
}

#[test]
fn a_closed_resolver_lets_its_clients_go() {
    let plane = plane(false);
    let (_, receiver, _) = wait_for(&plane, rd("www.public.test.", RrType::A), NOW);
    // What a worker sees that took its snapshot before.
    let before = plane.load_full();
    plane.drop_view("r");
    assert_eq!(Message::parse(&receiver.try_recv().unwrap()).unwrap().rcode, 2);
    let (reply, _, out) = wait_in(before.view("r").unwrap(), rd("www.public.test.", RrType::A), NOW);
    assert_eq!((reply, Message::parse(&out).unwrap().rcode), (Reply::Send, 2));
    assert!(misses(&plane).is_empty());
}

#[test]
fn changed_zones_keep_the_cache_and_changed_settings_do_not() {
    let plane = plane(false);
    plane.fill("r", &name("www.public.test."), RrType::A, false, address("www.public.test.", 60), NOW);
    let question = rd("www.public.test.", RrType::A);
    plane.set_resolver_view("r", &["p1"], ResolverSettings { aws_profile: false });
    assert_eq!(asked(&plane, question, NOW).answer.len(), 1);
    // A name that becomes private is private at once.
    publish(&plane, "p3", "public.test.", DEEP, SigningChange::Unsigned);
    plane.set_resolver_view("r", &["p1", "p3"], ResolverSettings { aws_profile: false });
    assert_eq!(asked(&plane, question, NOW).rcode, 3);
    plane.drop_zone("p3");
    assert_eq!(asked(&plane, question, NOW).answer.len(), 1);
    plane.set_resolver_view("r", &["p1"], ResolverSettings { aws_profile: true });
    assert!(waits(&plane, question, NOW));
}

#[test]
fn a_zone_joins_its_views_when_it_is_committed() {
    let plane = Plane::new(support::KEK);
    plane.set_view("v", &["z"]);
    let question = ask_for("host.late.test.", RrType::A);
    assert_eq!(try_ask(&plane, "v", question, NOW).unwrap().rcode, 5);
    publish(&plane, "z", "late.test.", DEEP, SigningChange::Unsigned);
    assert_eq!(try_ask(&plane, "v", question, NOW).unwrap().rcode, 0);
    plane.drop_zone("z");
    assert_eq!(try_ask(&plane, "v", question, NOW).unwrap().rcode, 5);
}

#[test]
fn long_answers_are_truncated_and_come_whole_over_tcp() {
    let plane = plane(false);
    let rdatas: Vec<Box<[u8]>> = (0..200u8).map(|n| [192, 0, 2, n].into()).collect();
    let many = RRset { owner: name("many.public.test."), rtype: RrType::A, ttl: 60, rdatas };
    let entry = Entry { answer: vec![many], ttl: 60, ..Entry::default() };
    plane.fill("r", &name("many.public.test."), RrType::A, false, entry, NOW);
    let question = rd("many.public.test.", RrType::A);
    assert!(asked(&plane, question, NOW).tc);
    assert_eq!(asked(&plane, Question { tcp: true, ..question }, NOW).answer[0].rdatas.len(), 200);
}
