//! Routed record sets in signed answers, denials and private zones; client subnets; the query log.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serve::{Asker, Cidr, Plane, ResolverSettings, SigningChange};
use support::text::{edit, name};
use support::{
    Keys, NOW, Question, ask_for, counter, describe, plain_plane, publish, signed_plane, signing, try_ask,
};
use wire::{Message, RrType};

const ZONE: &str = "
    @      900  SOA        ns hostmaster 1 7200 900 1209600 300
    @      900  NS         ns
    ns     300  A          192.0.2.53
    fail   60   A/p:primary+hp   192.0.2.1
    fail   60   A/s:secondary    192.0.2.2
    fail   60   TXT        hello
    alias  -    A          ALIAS fail
    two    -    A          ALIAS alias health
    many   60   A/a:multi+ha 192.0.2.1
    many   30   A/b:multi+hb 192.0.2.2
    many   60   A/c:multi  192.0.2.1
    manyal -    A          ALIAS many
    where  60   A/h:cidr=C,home 192.0.2.1
    where  60   A/o:cidr=C,office 192.0.2.2
    where  60   TXT        hello
    there  60   A/h:cidr=C,home 192.0.2.1
    there  60   A/x:cidr=C,* 192.0.2.9
    *.w    60   A/h:cidr=C,home 192.0.2.1
    *.w    60   TXT        hello
    cn     60   CNAME/h:cidr=C,home fail
    split  60   CNAME/a:w1 fail
    split  60   CNAME/b:w1 many
    lost   -    A          UNRESOLVED
    lost   60   TXT        hello
    tolost 60   CNAME      lost
    allost -    A          ALIAS lost
    back   -    A/p:primary UNRESOLVED
    back   60   A/s:secondary 192.0.2.7
    gr     -    A          GROUP g
    %g     70   A/a:w0     192.0.2.4
    %g     80   A/b:w5     192.0.2.5
    mail   60   MX/a:multi 10 fail
    mail   60   MX/b:multi 20 many
    *.ww   60   A/a:w1     192.0.2.1
    *.ww   60   A/b:w1     192.0.2.2
    ring   -    A          ALIAS gnir
    gnir   -    A          ALIAS ring
";

fn routed() -> (Plane, Keys) {
    let (plane, keys) = signed_plane("z.test.", ZONE);
    plane.set_cidr(blocks());
    (plane, keys)
}

fn blocks() -> Cidr {
    let locations =
        [("home", vec!["10.0.0.0/8", "2001:db8::/32"]), ("office", vec!["10.1.0.0/16", "192.0.2.0/24"])];
    Cidr::parse([("C", locations.to_vec())]).unwrap()
}

/// Addresses in an answer by their last octets.
fn last_octets(message: &Message) -> Vec<u8> {
    let addresses = message.answer.iter().filter(|rrset| rrset.rtype == RrType::A);
    addresses
        .flat_map(|rrset| rrset.rdatas.iter().map(|rdata| rdata[3]))
        .collect::<BTreeSet<u8>>()
        .into_iter()
        .collect()
}

fn asked(plane: &Plane, question: Question<'_>) -> Message {
    try_ask(plane, "v", question, NOW).unwrap()
}

#[test]
fn what_is_chosen_is_signed() {
    let (plane, keys) = routed();
    let cases: [(&str, &[&str], &[u8], &str); 14] = [
        ("fail", &[], &[1], "fail.z.test. 60 A x1 signed"),
        ("fail", &["hp"], &[2], "fail.z.test. 60 A x1 signed"),
        ("alias", &[], &[1], "alias.z.test. 60 A x1 signed"),
        ("alias", &["hp"], &[2], "alias.z.test. 60 A x1 signed"),
        ("two", &["hp"], &[2], "two.z.test. 60 A x1 signed"),
        ("many", &[], &[1, 2], "many.z.test. 30 A x2 signed"),
        ("many", &["hb"], &[1], "many.z.test. 60 A x1 signed"),
        ("many", &["ha", "hb"], &[1], "many.z.test. 60 A x1 signed"),
        ("manyal", &[], &[1, 2], "manyal.z.test. 30 A x2 signed"),
        ("manyal", &["hb"], &[1], "manyal.z.test. 60 A x1 signed"),
        ("back", &[], &[7], "back.z.test. 60 A x1 signed"),
        ("gr", &[], &[5], "gr.z.test. 80 A x1 signed"),
        ("there", &[], &[9], "there.z.test. 60 A x1 signed"),
        ("FAIL", &[], &[1], "FAIL.z.test. 60 A x1 signed"),
    ];
    // Again and again: what was chosen before does not stick, nor does its signature.
    for (qname, failing, octets, line) in cases.iter().chain(&cases) {
        plane.set_health(failing.iter().map(|id| (*id, false)));
        let message = asked(&plane, ask_for(&format!("{qname}.z.test."), RrType::A).with_do());
        assert_eq!(last_octets(&message), *octets, "{qname} with {failing:?} failing");
        assert_eq!(describe(&message.answer, Some(&keys), NOW), [*line]);
    }
    assert_eq!(counter(&plane, "sign_failures"), 0);
    let made = counter(&plane, "signatures_made");
    for (qname, failing, ..) in cases {
        plane.set_health(failing.iter().map(|id| (*id, false)));
        asked(&plane, ask_for(&format!("{qname}.z.test."), RrType::A).with_do());
    }
    assert_eq!(counter(&plane, "signatures_made"), made, "all of these were made before");
}

#[test]
fn chosen_cnames_and_wildcards_are_signed_too() {
    let (plane, keys) = routed();
    let mut targets = BTreeSet::new();
    for now in NOW..NOW + 40 {
        let question = ask_for("split.z.test.", RrType::A).with_do();
        let message = try_ask(&plane, "v", question, now).unwrap();
        let lines = describe(&message.answer, Some(&keys), now);
        assert_eq!(lines[0], "split.z.test. 60 CNAME x1 signed");
        assert!(lines.len() == 2 && lines[1].ends_with(" signed"), "{lines:?}");
        targets.insert(lines[1].clone());
        let question = ask_for("x.ww.z.test.", RrType::A).with_do();
        let message = try_ask(&plane, "v", question, now).unwrap();
        assert_eq!(describe(&message.answer, Some(&keys), now), ["x.ww.z.test. 60 A x1 signed"]);
    }
    assert_eq!(targets.len(), 2);
    let message = asked(&plane, ask_for("mail.z.test.", RrType::MX).with_do());
    assert_eq!(describe(&message.answer, Some(&keys), NOW), ["mail.z.test. 60 MX x2 signed"]);
    let hosts = describe(&message.additional, Some(&keys), NOW);
    assert_eq!(hosts, ["fail.z.test. 60 A x1 signed", "many.z.test. 30 A x2 signed"]);
}

#[test]
fn denials_fit_to_what_each_client_gets() {
    let (plane, keys) = routed();
    let soa = "z.test. 300 SOA x1 signed";
    let nsec = |qname: &str, types: &str| format!("{qname}.z.test. 300 NSEC [{types} RRSIG NSEC] signed");
    let cases = [
        // Elsewhere the type is not there, and so the proof lacks it; the next client's proof is another.
        ("where", RrType::A, "198.51.100.1", nsec("where", "TXT")),
        ("where", RrType::AAAA, "198.51.100.1", nsec("where", "A TXT")),
        ("where", RrType::A, "198.51.100.1", nsec("where", "TXT")),
        ("where", RrType::AAAA, "10.0.0.1", nsec("where", "A TXT")),
        ("where", RrType::ANY, "10.0.0.1", String::new()),
        ("where", RrType::A, "10.0.0.1", String::new()),
        ("x.w", RrType::A, "198.51.100.1", nsec("x.w", "TXT")),
        ("x.w", RrType::MX, "198.51.100.1", nsec("x.w", "A TXT")),
        ("cn", RrType::A, "198.51.100.1", "cn.z.test. 300 NSEC [RRSIG NSEC] signed".to_owned()),
        ("cn", RrType::CNAME, "198.51.100.1", "cn.z.test. 300 NSEC [RRSIG NSEC] signed".to_owned()),
        ("cn", RrType::ANY, "198.51.100.1", "cn.z.test. 300 NSEC [RRSIG NSEC] signed".to_owned()),
        ("cn", RrType::A, "10.0.0.1", String::new()),
        // What is not known is there, too.
        ("lost", RrType::AAAA, "10.0.0.1", nsec("lost", "A TXT")),
        ("ring", RrType::A, "10.0.0.1", "ring.z.test. 300 NSEC [RRSIG NSEC] signed".to_owned()),
        ("ring", RrType::TXT, "10.0.0.1", "ring.z.test. 300 NSEC [RRSIG NSEC] signed".to_owned()),
    ];
    for (qname, qtype, client, proof) in cases.iter().chain(&cases) {
        let qname = format!("{qname}.z.test.");
        let message = asked(&plane, ask_for(&qname, *qtype).with_do().from(client));
        assert_eq!(message.rcode, 0);
        if proof.is_empty() {
            assert!(
                !message.answer.is_empty() && message.authority.is_empty(),
                "{qname} {qtype} for {client}"
            );
        } else {
            assert!(message.answer.is_empty(), "{qname} {qtype} for {client}");
            assert_eq!(
                describe(&message.authority, Some(&keys), NOW),
                [soa, proof],
                "{qname} {qtype} for {client}"
            );
        }
    }
    // NSEC as such shows what there is for some client.
    let message = asked(&plane, ask_for("where.z.test.", RrType::NSEC).with_do().from("198.51.100.1"));
    assert_eq!(describe(&message.answer, Some(&keys), NOW), [nsec("where", "A TXT")]);
    let message = asked(&plane, ask_for("cn.z.test.", RrType::RRSIG).with_do().from("198.51.100.1"));
    assert_eq!(describe(&message.answer, Some(&keys), NOW), ["cn.z.test. RRSIG of NSEC"]);
}

#[test]
fn what_is_not_known_is_a_failure_and_never_a_denial() {
    let (plane, _) = routed();
    for (qname, qtype) in [
        ("lost", RrType::A),
        ("tolost", RrType::A),
        ("allost", RrType::A),
        ("allost", RrType::ANY),
        ("allost", RrType::RRSIG),
    ] {
        for question in [
            ask_for(&format!("{qname}.z.test."), qtype),
            ask_for(&format!("{qname}.z.test."), qtype).with_do(),
        ] {
            let message = asked(&plane, question);
            assert_eq!(message.rcode, 2, "{qname} {qtype}");
            assert!(message.answer.is_empty() && message.authority.is_empty());
            assert_eq!(message.edes, [(22, "the alias target could not be looked up".to_owned())]);
        }
    }
    assert_eq!(asked(&plane, ask_for("lost.z.test.", RrType::TXT)).answer.len(), 1);
    assert_eq!(asked(&plane, ask_for("lost.z.test.", RrType::ANY)).answer.len(), 1);
    // Once it is looked up, it is answered.
    let version = plane.version("z").unwrap();
    let found = edit("z.test.", "lost - A GROUP g\n%g 60 A 192.0.2.77");
    let candidate =
        plane.stage("z", &name("z.test."), Some(version), version + 1, &found, SigningChange::Keep);
    plane.commit(candidate.unwrap()).unwrap();
    assert_eq!(last_octets(&asked(&plane, ask_for("tolost.z.test.", RrType::A))), [77]);
}

/// The data of an option in a reply's OPT, which is its last record.
fn option(reply: &[u8], code: u16) -> Option<Vec<u8>> {
    let start = (0..reply.len() - 10).rev().find(|at| {
        reply[*at..].starts_with(&[0, 0, 41]) && {
            let length = usize::from(u16::from_be_bytes([reply[at + 9], reply[at + 10]]));
            at + 11 + length == reply.len()
        }
    })?;
    let mut options = &reply[start + 11..];
    while let [c0, c1, l0, l1, rest @ ..] = options {
        let (data, after) = rest.split_at(usize::from(u16::from_be_bytes([*l0, *l1])));
        if u16::from_be_bytes([*c0, *c1]) == code {
            return Some(data.to_vec());
        }
        options = after;
    }
    None
}

#[test]
fn client_subnets_decide_and_come_back_with_their_scope() {
    let (plane, keys) = routed();
    let get = |question: Question<'_>| {
        let reply = plane.answer("v", &question.packet(), NOW, question.asker()).unwrap();
        let message = Message::parse(&reply).unwrap();
        assert_eq!(message.rcode, 0);
        describe(&message.answer, Some(&keys), NOW);
        (last_octets(&message), option(&reply, 8))
    };
    let there = ask_for("there.z.test.", RrType::A).with_do();
    // From a resolver without the option: by its own address, and no option comes back.
    assert_eq!(get(there.from("10.2.0.1")), (vec![1], None));
    assert_eq!(get(there.from("192.0.2.1")), (vec![9], None));
    assert_eq!(get(there.from("2001:db8::1")), (vec![1], None));
    // With the option: by that, as far as it goes, and the scope says for whom else the answer is.
    let far = there.from("198.51.100.1");
    let place = ask_for("where.z.test.", RrType::A).with_do().from("198.51.100.1");
    let plain = ask_for("fail.z.test.", RrType::A).with_do();
    let chain = ask_for("cn.z.test.", RrType::A).with_do();
    let ipv6 = |question: Question<'static>, source, address: &'static [u8]| Question {
        subnet: Some((2, source, 0, address)),
        ..question
    };
    let cases: [(Question<'_>, &[u8], &[u8]); 12] = [
        (far.for_subnet(&[10, 2, 3], 24), &[1], &[0, 1, 24, 8, 10, 2, 3]),
        (far.for_subnet(&[10, 0], 12), &[1], &[0, 1, 12, 8, 10, 0]),
        (place.for_subnet(&[10, 0], 12), &[1], &[0, 1, 12, 12, 10, 0]),
        (place.for_subnet(&[10, 1, 7, 9], 32), &[2], &[0, 1, 32, 16, 10, 1, 7, 9]),
        (place.for_subnet(&[198, 51, 100], 24), &[], &[0, 1, 24, 6, 198, 51, 100]),
        (far.for_subnet(&[11], 8), &[9], &[0, 1, 8, 8, 11]),
        (ipv6(far, 32, &[0x20, 1, 0x0d, 0xb8]), &[1], &[0, 2, 32, 32, 0x20, 1, 0x0d, 0xb8]),
        (ipv6(far, 16, &[0x20, 1]), &[9], &[0, 2, 16, 16, 0x20, 1]),
        // Nothing of the address decided, or nothing was given: for everybody.
        (plain.for_subnet(&[10, 2, 3], 24), &[1], &[0, 1, 24, 0, 10, 2, 3]),
        (there.from("10.2.0.1").for_subnet(&[], 0), &[1], &[0, 1, 0, 0]),
        (Question { subnet: Some((0, 0, 0, &[])), ..there.from("10.2.0.1") }, &[1], &[0, 0, 0, 0]),
        (chain.for_subnet(&[10, 2, 3], 24), &[1], &[0, 1, 24, 8, 10, 2, 3]),
    ];
    for (question, octets, echoed) in cases {
        assert_eq!(get(question), (octets.to_vec(), Some(echoed.to_vec())), "{question:?}");
    }
}

#[test]
fn a_malformed_client_subnet_is_a_format_error() {
    let (plane, _) = routed();
    plane.set_resolver_view("r", &["z"], ResolverSettings::default());
    let malformed: [(u16, u8, u8, &[u8]); 6] = [
        (1, 24, 0, &[10, 2]),
        (1, 24, 0, &[10, 2, 3, 0]),
        (1, 20, 0, &[10, 2, 3]),
        (1, 24, 24, &[10, 2, 3]),
        (1, 33, 0, &[10, 2, 3, 4, 0]),
        (3, 8, 0, &[10]),
    ];
    for subnet in malformed {
        let question = Question { subnet: Some(subnet), ..ask_for("fail.z.test.", RrType::A) };
        let reply = plane.answer("v", &question.packet(), NOW, question.asker()).unwrap();
        let message = Message::parse(&reply).unwrap();
        assert_eq!((message.rcode, message.answer.len()), (1, 0), "{subnet:?}");
        assert_eq!(option(&reply, 8), None);
        // A resolver does not read it.
        let reply = plane.answer("r", &question.packet(), NOW, question.asker()).unwrap();
        assert_eq!(Message::parse(&reply).unwrap().rcode, 0);
        assert_eq!(option(&reply, 8), None);
    }
}

#[test]
fn a_full_reply_has_room_for_the_client_subnet() {
    let texts: String = (0..200).map(|n| format!("big 60 TXT text{n}-of-many\n")).collect();
    let (plane, _) = signed_plane("z.test.", &format!("@ 9 SOA a b 1 2 3 4 5\n@ 9 NS a\n{texts}"));
    let question = Question { edns: Some(512), ..ask_for("big.z.test.", RrType::TXT) };
    let question = question.for_subnet(&[10, 2, 3, 4], 32);
    let reply = plane.answer("v", &question.packet(), NOW, question.asker()).unwrap();
    assert!(reply.len() <= 512 && Message::parse(&reply).unwrap().tc);
    assert_eq!(option(&reply, 8).unwrap(), [0, 1, 32, 0, 10, 2, 3, 4]);
}

#[test]
fn private_zones_choose_without_addresses() {
    let plane = Plane::new(support::KEK);
    publish(&plane, "z", "z.test.", ZONE, SigningChange::Unsigned);
    plane.set_resolver_view("r", &["z"], ResolverSettings::default());
    plane.set_cidr(blocks());
    let get = |qname: &str| {
        let question = Question { rd: true, ..ask_for(qname, RrType::A) };
        try_ask(&plane, "r", question.from("10.2.3.4"), NOW).unwrap()
    };
    assert_eq!(last_octets(&get("fail.z.test.")), [1]);
    plane.set_health([("hp", false), ("hb", true)]);
    assert_eq!(last_octets(&get("fail.z.test.")), [2]);
    assert_eq!(last_octets(&get("manyal.z.test.")), [1, 2]);
    assert_eq!(last_octets(&get("there.z.test.")), [9]);
    let nothing = get("where.z.test.");
    assert_eq!((nothing.rcode, nothing.answer.len(), nothing.authority.len()), (0, 0, 1));
    for qname in ["lost.z.test.", "tolost.z.test."] {
        let message = get(qname);
        assert_eq!((message.rcode, message.answer.len()), (2, 0));
        assert_eq!(message.edes[0].0, 22);
        let internal = plane.private_answer("r", &name(qname), RrType::A).unwrap();
        assert_eq!(Message::parse(&internal).unwrap().rcode, 2);
    }
    plane.set_health([] as [(&str, bool); 0]);
    assert_eq!(last_octets(&get("fail.z.test.")), [1]);
}

#[test]
fn a_candidate_and_a_zone_without_a_view_answer_under_the_facts_of_the_moment() {
    let plane = Plane::new(support::KEK);
    let (parts, _) = signing(&name("z.test."));
    let contents = edit("z.test.", ZONE);
    let candidate =
        plane.stage("z", &name("z.test."), None, 1, &contents, SigningChange::Set(parts)).unwrap();
    let packet = ask_for("fail.z.test.", RrType::A).with_do().packet();
    let of_candidate = || {
        let reply = candidate.answer(plane.load().facts(), &packet, NOW, Asker::local(true)).unwrap();
        last_octets(&Message::parse(&reply).unwrap())
    };
    assert_eq!(of_candidate(), [1]);
    plane.set_health([("hp", false)]);
    assert_eq!(of_candidate(), [2]);
    assert_eq!(plane.answer_zone("z", &packet, NOW, Asker::local(true)), None);
    plane.commit(candidate).unwrap();
    let reply = plane.answer_zone("z", &packet, NOW, Asker::local(true)).unwrap();
    assert_eq!(last_octets(&Message::parse(&reply).unwrap()), [2]);
    let elsewhere = ask_for("elsewhere.", RrType::A).packet();
    let reply = plane.answer_zone("z", &elsewhere, NOW, Asker::local(true)).unwrap();
    assert_eq!(Message::parse(&reply).unwrap().rcode, 5);
}

#[test]
fn asked_in_process_a_weighted_answer_depends_on_time_and_id_alone() {
    let plane = plain_plane("z.test.", ZONE);
    let get = |now, id: u16| {
        let mut packet = ask_for("split.z.test.", RrType::CNAME).packet();
        packet[..2].copy_from_slice(&id.to_be_bytes());
        plane.answer("v", &packet, now, Asker::local(false)).unwrap()[2..].to_vec()
    };
    let by_id: BTreeSet<Vec<u8>> = (0..40).map(|id| get(NOW, id)).collect();
    let by_time: BTreeSet<Vec<u8>> = (0..40).map(|later| get(NOW + later, 1)).collect();
    assert_eq!((by_id.len(), by_time.len()), (2, 2));
    assert!((0..40).all(|id| get(NOW, id) == get(NOW, id)));
}

#[test]
fn queries_of_logged_zones_are_logged() {
    let (plane, _) = routed();
    publish(&plane, "other", "other.test.", "@ 9 SOA a b 1 2 3 4 5\n@ 9 NS a", SigningChange::Unsigned);
    plane.set_view("v", &["z", "other"]);
    let take = || plane.take_query_log(100, Duration::ZERO);
    let question = ask_for("fail.z.test.", RrType::A);
    asked(&plane, question);
    assert_eq!(take(), []);
    plane.set_query_logs(&["z", "later"]);
    asked(&plane, question.from("192.0.2.99"));
    asked(&plane, Question { tcp: true, ..ask_for("*.Nothing.z.test.", RrType::AAAA) }.from("2001:db8::7"));
    asked(&plane, ask_for("lost.z.test.", RrType::A).for_subnet(&[10, 2, 3], 24));
    asked(&plane, ask_for("z.test.", RrType(65280)));
    asked(&plane, ask_for("www.other.test.", RrType::A));
    asked(&plane, ask_for("elsewhere.", RrType::A));
    plane.answer_zone("z", &question.packet(), NOW, question.asker()).unwrap();
    assert_eq!(
        take(),
        [
            "fail.z.test A NOERROR UDP LOC1 192.0.2.99 -".to_owned(),
            "\\052.Nothing.z.test AAAA NXDOMAIN TCP LOC1 2001:db8::7 -".to_owned(),
            "lost.z.test A SERVFAIL UDP LOC1 127.0.0.1 10.2.3.0/24".to_owned(),
            "z.test TYPE65280 NOERROR UDP LOC1 127.0.0.1 -".to_owned(),
        ]
        .map(|rest| ("z".to_owned(), format!("1.0 2027-01-15T08:00:00.000Z z {rest}")))
    );
    // A zone that comes later is logged too, and one that is not named any more is not.
    publish(&plane, "later", "later.test.", "@ 9 SOA a b 1 2 3 4 5\n@ 9 NS a", SigningChange::Unsigned);
    plane.set_view("v", &["z", "later"]);
    plane.set_query_logs(&["later"]);
    asked(&plane, question);
    asked(&plane, ask_for("later.test.", RrType::SOA));
    asked(&plane, ask_for("later.test.", RrType::NS));
    assert_eq!(plane.take_query_log(1, Duration::ZERO).len(), 1);
    assert_eq!(take().into_iter().map(|(zone_id, _)| zone_id).collect::<Vec<_>>(), ["later"]);
    let before = Instant::now();
    assert_eq!(plane.take_query_log(10, Duration::from_millis(30)), []);
    assert!(before.elapsed() >= Duration::from_millis(30));
}

#[test]
fn a_log_that_nobody_takes_drops_what_is_too_much() {
    let plane = plain_plane("z.test.", ZONE);
    plane.set_query_logs(&["z"]);
    let packet = ask_for("fail.z.test.", RrType::A).packet();
    for _ in 0..serve::querylog::MAX_ENTRIES + 7 {
        plane.answer("v", &packet, NOW, Asker::local(false)).unwrap();
    }
    assert_eq!(counter(&plane, "query_log_dropped"), 7);
    assert_eq!(plane.take_query_log(usize::MAX, Duration::ZERO).len(), serve::querylog::MAX_ENTRIES);
    plane.answer("v", &packet, NOW, Asker::local(false)).unwrap();
    assert_eq!(plane.take_query_log(usize::MAX, Duration::ZERO).len(), 1);
}
