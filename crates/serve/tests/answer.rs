//! What a name server answers, case by case; every signature is verified, and so is that none is missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use serve::{Asker, Facts, Plane, PlaneError, SigningChange};
use support::text::{edit, name};
use support::{
    Keys, NOW, Question, ask, ask_for, counter, describe, plain_plane, publish, signed_plane, signing,
    signing_until, try_ask,
};
use wire::{Message, RrType};

const ZONE: &str = "
    @            900  SOA   ns1 hostmaster 1 7200 900 1209600 300
    @            3600 NS    ns1
    @            3600 NS    ns.other.test.
    @            300  MX    10 mail
    ns1          300  A     192.0.2.1
    mail         300  A     192.0.2.2
    mail         300  AAAA  2001:db8::2
    www          300  CNAME web
    web          60   A     192.0.2.3
    web          60   A     192.0.2.4
    out          300  CNAME www.other.test.
    dangling     300  CNAME nothing
    loop1        300  CNAME loop2
    loop2        300  CNAME loop1
    long         2000000 TXT  month
    a.b.c        300  A     192.0.2.5
    *.apps       300  A     192.0.2.6
    *.apps       300  TXT   any
    *.cn         300  CNAME web
    alias        -    A     ALIAS web
    sub          300  NS    ns.sub
    sub          300  NS    ns1
    ns.sub       300  A     192.0.2.7
    secure       300  NS    ns.secure
    secure       300  DS    12345 13 2 00112233
    ns.secure    300  AAAA  2001:db8::1
    into         300  CNAME deep.sub
";

/// Rcode, answer, authority and additional of a reply in words.
struct Case {
    qname: &'static str,
    qtype: RrType,
    rcode: u16,
    answer: &'static [&'static str],
    authority: &'static [&'static str],
}

fn check(plane: &Plane, keys: Option<&Keys>, question: Question<'_>, case: &Case) -> Message {
    let message = ask(plane, question);
    let what = format!("{} {}", case.qname, case.qtype);
    assert_eq!(message.rcode, case.rcode, "{what}");
    assert!(!message.tc && !message.ra && !message.ad, "{what}");
    assert_eq!(describe(&message.answer, keys, NOW), case.answer, "{what}: answer");
    assert_eq!(describe(&message.authority, keys, NOW), case.authority, "{what}: authority");
    message
}

const SOA_SIGNED: &str = "example.test. 300 SOA x1 signed";

const SIGNED: &[Case] = &[
    Case {
        qname: "web.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["web.example.test. 60 A x2 signed"],
        authority: &[],
    },
    Case {
        qname: "WEB.example.TEST.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["WEB.example.TEST. 60 A x2 signed"],
        authority: &[],
    },
    Case {
        qname: "www.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["www.example.test. 300 CNAME x1 signed", "web.example.test. 60 A x2 signed"],
        authority: &[],
    },
    Case {
        qname: "alias.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["alias.example.test. 60 A x2 signed"],
        authority: &[],
    },
    Case {
        qname: "example.test.",
        qtype: RrType::SOA,
        rcode: 0,
        answer: &["example.test. 900 SOA x1 signed"],
        authority: &[],
    },
    Case {
        qname: "example.test.",
        qtype: RrType::DNSKEY,
        rcode: 0,
        answer: &["example.test. 3600 DNSKEY x2 signed"],
        authority: &[],
    },
    // A week at most while signing.
    Case {
        qname: "long.example.test.",
        qtype: RrType::TXT,
        rcode: 0,
        answer: &["long.example.test. 604800 TXT x1 signed"],
        authority: &[],
    },
    // What does not exist, RFC 9824 §3.1.
    Case {
        qname: "nothing.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "nothing.example.test. 300 NSEC [RRSIG NSEC NXNAME] signed"],
    },
    Case {
        qname: "*.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "*.example.test. 300 NSEC [RRSIG NSEC NXNAME] signed"],
    },
    Case {
        qname: "nothing.example.test.",
        qtype: RrType::ANY,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "nothing.example.test. 300 NSEC [RRSIG NSEC NXNAME] signed"],
    },
    Case {
        qname: "dangling.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["dangling.example.test. 300 CNAME x1 signed"],
        authority: &[SOA_SIGNED, "nothing.example.test. 300 NSEC [RRSIG NSEC NXNAME] signed"],
    },
    // Types that do not exist, RFC 9824 §3.2.
    Case {
        qname: "mail.example.test.",
        qtype: RrType::TXT,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "mail.example.test. 300 NSEC [A AAAA RRSIG NSEC] signed"],
    },
    Case {
        qname: "example.test.",
        qtype: RrType::TXT,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "example.test. 300 NSEC [NS SOA MX RRSIG NSEC DNSKEY] signed"],
    },
    Case {
        qname: "example.test.",
        qtype: RrType::DS,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "example.test. 300 NSEC [NS SOA MX RRSIG NSEC DNSKEY] signed"],
    },
    Case {
        qname: "b.c.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "b.c.example.test. 300 NSEC [RRSIG NSEC] signed"],
    },
    Case {
        qname: "web.example.test.",
        qtype: RrType::DNSKEY,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "web.example.test. 300 NSEC [A RRSIG NSEC] signed"],
    },
    // Wildcards, RFC 9824 §3.3: as if the name existed.
    Case {
        qname: "one.apps.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["one.apps.example.test. 300 A x1 signed"],
        authority: &[],
    },
    Case {
        qname: "one.two.apps.example.test.",
        qtype: RrType::AAAA,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "one.two.apps.example.test. 300 NSEC [A TXT RRSIG NSEC] signed"],
    },
    Case {
        qname: "*.apps.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["*.apps.example.test. 300 A x1 signed"],
        authority: &[],
    },
    Case {
        qname: "v.cn.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["v.cn.example.test. 300 CNAME x1 signed", "web.example.test. 60 A x2 signed"],
        authority: &[],
    },
    // Cuts.
    Case {
        qname: "www.sub.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &[],
        authority: &["sub.example.test. 300 NS x2", "sub.example.test. 300 NSEC [NS RRSIG NSEC] signed"],
    },
    Case {
        qname: "www.secure.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &[],
        authority: &["secure.example.test. 300 NS x1", "secure.example.test. 300 DS x1 signed"],
    },
    Case {
        qname: "secure.example.test.",
        qtype: RrType::DS,
        rcode: 0,
        answer: &["secure.example.test. 300 DS x1 signed"],
        authority: &[],
    },
    Case {
        qname: "sub.example.test.",
        qtype: RrType::DS,
        rcode: 0,
        answer: &[],
        authority: &[SOA_SIGNED, "sub.example.test. 300 NSEC [NS RRSIG NSEC] signed"],
    },
    Case {
        qname: "into.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["into.example.test. 300 CNAME x1 signed"],
        authority: &["sub.example.test. 300 NS x2", "sub.example.test. 300 NSEC [NS RRSIG NSEC] signed"],
    },
    // Chains that end elsewhere or nowhere.
    Case {
        qname: "out.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["out.example.test. 300 CNAME x1 signed"],
        authority: &[],
    },
    Case {
        qname: "loop1.example.test.",
        qtype: RrType::A,
        rcode: 0,
        answer: &["loop1.example.test. 300 CNAME x1 signed", "loop2.example.test. 300 CNAME x1 signed"],
        authority: &[],
    },
    // Types that are made when asked for.
    Case {
        qname: "web.example.test.",
        qtype: RrType::ANY,
        rcode: 0,
        answer: &["web.example.test. 60 A x2 signed"],
        authority: &[],
    },
    Case {
        qname: "web.example.test.",
        qtype: RrType::NSEC,
        rcode: 0,
        answer: &["web.example.test. 300 NSEC [A RRSIG NSEC] signed"],
        authority: &[],
    },
    Case {
        qname: "c.example.test.",
        qtype: RrType::NSEC,
        rcode: 0,
        answer: &["c.example.test. 300 NSEC [RRSIG NSEC] signed"],
        authority: &[],
    },
    Case {
        qname: "nothing.example.test.",
        qtype: RrType::NSEC,
        rcode: 0,
        answer: &["nothing.example.test. 300 NSEC [RRSIG NSEC NXNAME] signed"],
        authority: &[],
    },
    Case {
        qname: "www.example.test.",
        qtype: RrType::RRSIG,
        rcode: 0,
        answer: &["www.example.test. RRSIG of CNAME"],
        authority: &[],
    },
    Case {
        qname: "c.example.test.",
        qtype: RrType::RRSIG,
        rcode: 0,
        answer: &["c.example.test. RRSIG of NSEC"],
        authority: &[],
    },
];

#[test]
fn a_signed_zone_proves_everything() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    // Twice: signatures that come out of their slots are as good.
    for case in SIGNED.iter().chain(SIGNED) {
        let question = ask_for(case.qname, case.qtype).with_do();
        let message = check(&plane, Some(&keys), question, case);
        let is_referral =
            message.answer.is_empty() && !case.authority.is_empty() && !case.authority[0].contains("SOA");
        assert_eq!(message.aa, !is_referral, "{}", case.qname);
    }
    assert_eq!(counter(&plane, "sign_failures"), 0);
    assert!(counter(&plane, "signatures_reused") > 20);
}

#[test]
fn without_do_it_is_ordinary_dns() {
    let (signed, _) = signed_plane("example.test.", ZONE);
    let soa = "example.test. 300 SOA x1";
    let cases = [
        ("web.example.test.", RrType::A, 0, vec!["web.example.test. 60 A x2"], vec![]),
        ("nothing.example.test.", RrType::A, 3, vec![], vec![soa]),
        ("nothing.example.test.", RrType::NSEC, 3, vec![], vec![soa]),
        ("nothing.example.test.", RrType::RRSIG, 3, vec![], vec![soa]),
        ("dangling.example.test.", RrType::A, 3, vec!["dangling.example.test. 300 CNAME x1"], vec![soa]),
        ("b.c.example.test.", RrType::A, 0, vec![], vec![soa]),
        ("mail.example.test.", RrType::TXT, 0, vec![], vec![soa]),
        ("one.apps.example.test.", RrType::A, 0, vec!["one.apps.example.test. 300 A x1"], vec![]),
        ("www.sub.example.test.", RrType::A, 0, vec![], vec!["sub.example.test. 300 NS x2"]),
        ("secure.example.test.", RrType::DS, 0, vec!["secure.example.test. 300 DS x1"], vec![]),
        ("example.test.", RrType::DNSKEY, 0, vec!["example.test. 3600 DNSKEY x2"], vec![]),
        ("web.example.test.", RrType::NSEC, 0, vec!["web.example.test. 300 NSEC [A RRSIG NSEC]"], vec![]),
        ("web.example.test.", RrType::RRSIG, 0, vec!["web.example.test. RRSIG of A"], vec![]),
    ];
    for (qname, qtype, rcode, answer, authority) in cases {
        for edns in [None, Some(1232)] {
            let message = ask(&signed, Question { edns, ..ask_for(qname, qtype) });
            assert_eq!(message.rcode, rcode, "{qname} {qtype}");
            assert_eq!(describe(&message.answer, None, NOW), answer, "{qname} {qtype}");
            assert_eq!(describe(&message.authority, None, NOW), authority, "{qname} {qtype}");
        }
    }
}

#[test]
fn an_unsigned_zone_has_no_dnssec_even_with_do() {
    let plane = plain_plane("example.test.", ZONE);
    let soa = "example.test. 300 SOA x1";
    let cases = [
        ("web.example.test.", RrType::A, 0, vec!["web.example.test. 60 A x2"], vec![]),
        ("long.example.test.", RrType::TXT, 0, vec!["long.example.test. 2000000 TXT x1"], vec![]),
        ("nothing.example.test.", RrType::A, 3, vec![], vec![soa]),
        ("example.test.", RrType::DNSKEY, 0, vec![], vec![soa]),
        ("web.example.test.", RrType::NSEC, 0, vec![], vec![soa]),
        ("web.example.test.", RrType::RRSIG, 0, vec![], vec![soa]),
        ("www.sub.example.test.", RrType::A, 0, vec![], vec!["sub.example.test. 300 NS x2"]),
    ];
    for (qname, qtype, rcode, answer, authority) in cases {
        let message = ask(&plane, ask_for(qname, qtype).with_do());
        assert_eq!(message.rcode, rcode, "{qname} {qtype}");
        assert_eq!(describe(&message.answer, None, NOW), answer, "{qname} {qtype}");
        assert_eq!(describe(&message.authority, None, NOW), authority, "{qname} {qtype}");
    }
}

#[test]
fn nxdomain_comes_with_the_proof_for_who_takes_it() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    let question = Question { co_bit: true, ..ask_for("nothing.example.test.", RrType::A).with_do() };
    let message = ask(&plane, question);
    assert_eq!(message.rcode, 3);
    assert!(message.edns.unwrap().co_bit);
    assert_eq!(describe(&message.authority, Some(&keys), NOW).len(), 2);
    assert!(!ask(&plane, Question { co_bit: false, ..question }).edns.unwrap().co_bit);
}

#[test]
fn addresses_of_hosts_come_along() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    let additional =
        |qname, qtype| describe(&ask(&plane, ask_for(qname, qtype).with_do()).additional, Some(&keys), NOW);
    assert_eq!(
        additional("example.test.", RrType::MX),
        ["mail.example.test. 300 A x1 signed", "mail.example.test. 300 AAAA x1 signed"]
    );
    assert_eq!(additional("example.test.", RrType::NS), ["ns1.example.test. 300 A x1 signed"]);
    // Glue is not ours and has no signature; the host in our own zone has.
    let mut glue = additional("x.sub.example.test.", RrType::A);
    glue.sort();
    assert_eq!(glue, ["ns.sub.example.test. 300 A x1", "ns1.example.test. 300 A x1 signed"]);
    assert_eq!(additional("x.secure.example.test.", RrType::A), ["ns.secure.example.test. 300 AAAA x1"]);
}

#[test]
fn what_does_not_fit_is_truncated() {
    let many: Vec<String> = (0..60).map(|n| format!("many 60 A 192.0.2.{n}")).collect();
    let (plane, keys) = signed_plane("example.test.", &format!("{ZONE}\n{}", many.join("\n")));
    let question = Question { edns: None, ..ask_for("many.example.test.", RrType::A) };
    let short = ask(&plane, question);
    assert!(short.tc && short.answer.is_empty());
    let signed = Question { edns: Some(600), ..question }.with_do();
    let short = ask(&plane, signed);
    assert!(short.tc && short.answer.is_empty() && short.edns.is_some());
    let whole = ask(&plane, Question { tcp: true, ..signed });
    assert!(!whole.tc);
    assert_eq!(describe(&whole.answer, Some(&keys), NOW), ["many.example.test. 60 A x60 signed"]);
    assert_eq!(counter(&plane, "truncated"), 2);
}

#[test]
fn glue_that_is_needed_and_does_not_fit_sets_tc() {
    let hosts: Vec<String> = (0..13)
        .map(|n| format!("big 60 NS a-rather-long-host-name-{n}.big\na-rather-long-host-name-{n}.big 60 AAAA 2001:db8::{n}"))
        .collect();
    let plane = plain_plane("example.test.", &format!("{ZONE}\n{}", hosts.join("\n")));
    let question = Question { edns: Some(800), ..ask_for("x.big.example.test.", RrType::A) };
    let message = ask(&plane, question);
    assert!(message.tc);
    assert_eq!(message.authority[0].rdatas.len(), 13);
    let whole = ask(&plane, Question { tcp: true, ..question });
    assert_eq!(whole.additional.len(), 13);
    assert!(!whole.tc);
}

#[test]
fn all_hosts_below_a_cut_have_their_glue_however_many() {
    let hosts: Vec<String> =
        (0..40).map(|n| format!("big 60 NS n{n}.big\nn{n}.big 60 A 192.0.2.{n}")).collect();
    let plane = plain_plane("example.test.", &format!("{ZONE}\n{}", hosts.join("\n")));
    let message = ask(&plane, Question { tcp: true, ..ask_for("x.big.example.test.", RrType::A) });
    assert_eq!((message.additional.len(), message.tc), (40, false));
}

#[test]
fn records_take_turns() {
    let (plane, _) = signed_plane("example.test.", ZONE);
    let first = |now| {
        let message = try_ask(&plane, "v", ask_for("web.example.test.", RrType::A), now).unwrap();
        message.answer[0].rdatas[0].clone()
    };
    let seen: std::collections::HashSet<_> = (0..20).map(|second| first(NOW + second)).collect();
    assert_eq!(seen.len(), 2);
}

#[test]
fn refusals_say_why() {
    let (plane, _) = signed_plane("example.test.", ZONE);
    let refused = |question: Question<'_>| {
        let message = ask(&plane, question);
        assert!(message.answer.is_empty() && message.authority.is_empty() && !message.aa);
        (message.rcode, message.edes.first().map(|(code, _)| *code))
    };
    assert_eq!(refused(ask_for("www.other.test.", RrType::A)), (5, Some(20)));
    assert_eq!(refused(ask_for("badexample.test.", RrType::A)), (5, Some(20)));
    assert_eq!(refused(ask_for("example.test.", RrType::AXFR)), (5, Some(21)));
    assert_eq!(refused(ask_for("example.test.", RrType::IXFR)), (5, Some(21)));
    // RFC 9824 §3.5.
    assert_eq!(refused(ask_for("example.test.", RrType::NXNAME)), (1, Some(30)));
    assert_eq!(refused(ask_for("example.test.", RrType::TSIG)), (1, Some(30)));
    assert_eq!(refused(ask_for("example.test.", RrType(200))), (1, Some(30)));
}

#[test]
fn malformed_packets_get_the_right_refusal() {
    let (plane, _) = signed_plane("example.test.", ZONE);
    let good = ask_for("web.example.test.", RrType::A).packet();
    let rcode_of = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut packet = good.clone();
        change(&mut packet);
        plane
            .answer("v", &packet, NOW, Asker::local(false))
            .map(|reply| Message::parse(&reply).unwrap().rcode)
    };
    assert_eq!(rcode_of(&|_| {}), Some(0));
    assert_eq!(rcode_of(&|packet| packet.truncate(11)), None);
    assert_eq!(rcode_of(&|packet| packet[2] |= 0x80), None);
    assert_eq!(rcode_of(&|packet| packet[2] |= 0x20), Some(4));
    assert_eq!(rcode_of(&|packet| packet[5] = 2), Some(1));
    assert_eq!(rcode_of(&|packet| packet[12] = 0xc0), Some(1));
    assert_eq!(rcode_of(&|packet| packet.truncate(20)), Some(1));
    // Class CH, EDNS version 1.
    let class = good.len() - 11 - 1;
    assert_eq!(rcode_of(&|packet| packet[class] = 3), Some(5));
    let version = good.len() - 11 + 6;
    assert_eq!(rcode_of(&|packet| packet[version] = 1), Some(16));
    assert!(counter(&plane, "dropped") == 2 && counter(&plane, "answers_badvers") == 1);
}

#[test]
fn signatures_are_kept_for_half_an_hour_and_random_names_cost_one() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    let made = |qname: &str, qtype, now| {
        let before = counter(&plane, "signatures_made");
        let message = try_ask(&plane, "v", ask_for(qname, qtype).with_do(), now).unwrap();
        describe(&message.answer, Some(&keys), now);
        describe(&message.authority, Some(&keys), now);
        counter(&plane, "signatures_made") - before
    };
    assert_eq!(made("web.example.test.", RrType::A, NOW), 1);
    assert_eq!(made("WEB.example.test.", RrType::A, NOW + 1799), 0);
    assert_eq!(made("web.example.test.", RrType::A, NOW + 1800), 1);
    // A clock that was set back.
    assert_eq!(made("web.example.test.", RrType::A, NOW - 1), 1);
    assert_eq!(made("r1.example.test.", RrType::A, NOW), 2);
    for n in 2..10 {
        assert_eq!(made(&format!("r{n}.example.test."), RrType::A, NOW), 1);
    }
    assert_eq!(made("web.example.test.", RrType::TXT, NOW), 1);
    assert_eq!(made("web.example.test.", RrType::MX, NOW), 0);
    assert_eq!(counter(&plane, "denials_sent"), 11);
}

#[test]
fn an_edit_keeps_the_other_signatures_and_new_keys_drop_all() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    let ask_web = || ask(&plane, ask_for("web.example.test.", RrType::A).with_do());
    ask_web();
    let apex = name("example.test.");
    let change = edit("example.test.", "new 5 TXT hello");
    let candidate = plane.stage("z", &apex, Some(1), 2, &change, SigningChange::Keep).unwrap();
    // The candidate answers apart from what is served.
    let packet = ask_for("new.example.test.", RrType::TXT).with_do().packet();
    let proven =
        Message::parse(&candidate.answer(&Facts::default(), &packet, NOW, Asker::local(false)).unwrap())
            .unwrap();
    assert_eq!(describe(&proven.answer, Some(&keys), NOW), ["new.example.test. 5 TXT x1 signed"]);
    assert!(ask(&plane, ask_for("new.example.test.", RrType::TXT)).answer.is_empty());
    plane.commit(candidate).unwrap();
    assert_eq!(plane.version("z"), Some(2));
    let made = counter(&plane, "signatures_made");
    ask(&plane, ask_for("new.example.test.", RrType::TXT).with_do());
    ask_web();
    assert_eq!(counter(&plane, "signatures_made"), made, "one was made by the candidate, one before");
    let (parts, new_keys) = signing(&apex);
    let nothing = edit("example.test.", "");
    let candidate = plane.stage("z", &apex, Some(2), 3, &nothing, SigningChange::Set(parts)).unwrap();
    plane.commit(candidate).unwrap();
    assert_eq!(describe(&ask_web().answer, Some(&new_keys), NOW), ["web.example.test. 60 A x2 signed"]);
    assert_eq!(counter(&plane, "signatures_made"), made + 1);
}

#[test]
fn changed_alias_targets_are_signed_anew() {
    let (plane, keys) = signed_plane("example.test.", ZONE);
    let question = ask_for("alias.example.test.", RrType::A).with_do();
    assert_eq!(
        describe(&ask(&plane, question).answer, Some(&keys), NOW),
        ["alias.example.test. 60 A x2 signed"]
    );
    let apex = name("example.test.");
    let change = edit("example.test.", "web 61 A 192.0.2.99");
    plane.commit(plane.stage("z", &apex, Some(1), 2, &change, SigningChange::Keep).unwrap()).unwrap();
    assert_eq!(
        describe(&ask(&plane, question).answer, Some(&keys), NOW),
        ["alias.example.test. 61 A x1 signed"]
    );
}

#[test]
fn what_cannot_be_signed_is_servfail() {
    let plane = Plane::new(support::KEK);
    let (parts, _) = signing_until(&name("example.test."), NOW + 100);
    publish(&plane, "z", "example.test.", ZONE, SigningChange::Set(parts));
    plane.set_view("v", &["z"]);
    let at = |qtype, now| try_ask(&plane, "v", ask_for("example.test.", qtype).with_do(), now).unwrap();
    assert_eq!(at(RrType::DNSKEY, NOW + 99).answer.len(), 2);
    let failed = at(RrType::DNSKEY, NOW + 100);
    assert_eq!((failed.rcode, failed.edes[0].0, failed.answer.len()), (2, 10, 0));
    assert_eq!(counter(&plane, "sign_failures"), 1);
    // Everything else is signed by the zone-signing key, which does not expire.
    assert_eq!(at(RrType::SOA, NOW + 100).rcode, 0);
}

#[test]
fn ds_at_an_apex_is_the_parents_where_the_view_has_it() {
    let (plane, keys) = signed_plane(
        "test.",
        "@ 900 SOA ns hm 1 2 3 4 5\n@ 9 NS ns\nexample 60 NS ns.example\nexample 60 DS 1 13 2 00",
    );
    publish(&plane, "child", "example.test.", ZONE, SigningChange::Unsigned);
    plane.set_view("v", &["z", "child"]);
    let ds = ask(&plane, ask_for("example.test.", RrType::DS).with_do());
    assert_eq!(describe(&ds.answer, Some(&keys), NOW), ["example.test. 60 DS x1 signed"]);
    // Everything else at and below the cut is the child's.
    assert_eq!(ask(&plane, ask_for("example.test.", RrType::NS)).answer.len(), 1);
    assert_eq!(ask(&plane, ask_for("web.example.test.", RrType::A)).answer.len(), 1);
}

#[test]
fn an_edit_for_another_version_is_refused() {
    let (plane, _) = signed_plane("example.test.", ZONE);
    let apex = name("example.test.");
    let stage = |base, version| {
        plane.stage("z", &apex, base, version, &edit("example.test.", "n 5 TXT t"), SigningChange::Keep)
    };
    assert!(matches!(stage(Some(7), 8), Err(PlaneError::WrongBase { served: Some(1), base: 7, .. })));
    let (first, second) = (stage(Some(1), 2).unwrap(), stage(Some(1), 2).unwrap());
    plane.commit(first).unwrap();
    assert!(matches!(plane.commit(second), Err(PlaneError::WrongBase { .. })));
    let other =
        plane.stage("z", &name("other.test."), None, 3, &edit("other.test.", ""), SigningChange::Keep);
    assert!(matches!(other, Err(PlaneError::WrongApex { .. })));
    let empty = plane.stage("new", &apex, None, 1, &edit("example.test.", "n 5 TXT t"), SigningChange::Keep);
    assert!(matches!(empty, Err(PlaneError::Zone(_))));
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let apex = name("example.test.");
    let plane = Plane::new(support::KEK);
    let refused = |parts| {
        let edit = edit("example.test.", ZONE);
        plane
            .stage("z", &apex, None, 1, &edit, SigningChange::Set(parts))
            .err()
            .map(|error| error.to_string())
    };
    let (good, _) = signing(&apex);
    let (other, _) = signing(&apex);
    let mut swapped = good.clone();
    swapped.keys[0].dnskey = other.keys[0].dnskey.clone();
    assert!(refused(swapped).unwrap().contains("not the one of its DNSKEY"));
    let mut unpublished = good.clone();
    unpublished.dnskeys.pop();
    assert!(refused(unpublished).is_some());
    let mut elsewhere = good.clone();
    elsewhere.keys[0].aad = b"another zone"[..].into();
    assert!(refused(elsewhere).unwrap().contains("does not open"));
    assert!(refused(good).is_none());
}
