//! Which record sets are served: truth tables for each policy, frequencies with fixed seeds, and properties.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use support::{edit, name, zone};
use wire::{Choice, Content, Edit, RecordSet, Routing, RrType};
use zone::{Block, Chooser, Cidr, Denied, End, Facts, Health, Slot, Unknown, ZoneError, ZoneVersion};

const ORIGIN: &str = "z.test.";
const HEAD: &str = "@ 900 SOA ns hm 1 7200 900 1209600 300\n@ 900 NS ns\n";

fn with(text: &str) -> ZoneVersion {
    zone(ORIGIN, &format!("{HEAD}{text}"))
}

fn failing(ids: &str) -> Facts {
    let statuses = ids.split_whitespace().map(|id| (id, false));
    Facts { health: Health::new(statuses), cidr: blocks() }
}

fn blocks() -> Cidr {
    let ours = [
        ("wide", vec!["10.0.0.0/8", "2001:db8::/32"]),
        ("narrow", vec!["10.1.0.0/16", "2001:db8:1::/48"]),
        ("tiny", vec!["10.1.2.0/24"]),
        ("next", vec!["192.0.2.0/24"]),
    ];
    let theirs = [("wide", vec!["192.0.0.0/16"])];
    Cidr::parse([("C", ours.to_vec()), ("D", theirs.to_vec())]).unwrap()
}

/// What is served at `www`: TTL and last octets of the addresses, or why nothing is; and the scope.
fn ask(zone: &ZoneVersion, facts: &Facts, client: Option<&str>, seed: u64) -> (String, u8) {
    let qname = name("www.z.test.");
    let client = client.map(|client| match client.contains('/') {
        true => client.parse().unwrap(),
        false => Block::of(client.parse().unwrap()),
    });
    let mut chooser = Chooser::new(facts, client, seed);
    let outcome = zone.lookup(qname.as_wire(), &qname.key(), RrType::A, &mut chooser);
    let found = match outcome.end {
        End::Answer(served) => {
            let last: Vec<String> =
                served.records.iter().map(|rdata| rdata.last().unwrap().to_string()).collect();
            format!("{}: {}", served.records.ttl(), last.join(" "))
        }
        End::NoData(Denied::Exists(_)) => "nothing".to_owned(),
        End::Unknown(Unknown::Unresolved) => "unresolved".to_owned(),
        End::Unknown(Unknown::Tangled) => "tangled".to_owned(),
        other => panic!("{other:?}"),
    };
    (found, chooser.scope())
}

/// All that is served under many seeds, and how often.
fn frequencies(zone: &ZoneVersion, facts: &Facts, draws: u64) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for seed in 0..draws {
        *counts.entry(ask(zone, facts, None, seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).0).or_default() += 1;
    }
    counts
}

fn all_of(zone: &ZoneVersion, failing_ids: &str) -> String {
    let found = frequencies(zone, &failing(failing_ids), 300).into_keys().collect::<Vec<_>>();
    found.join(", ")
}

fn check(text: &str, cases: &[(&str, &str)]) {
    let zone = with(text);
    for (failing_ids, expected) in cases {
        assert_eq!(all_of(&zone, failing_ids), *expected, "with {failing_ids:?} failing:\n{text}");
    }
}

#[test]
fn weighted_sets() {
    check(
        "www 60 A/a:w10+ha 192.0.2.1\nwww 60 A/b:w20+hb 192.0.2.2\nwww 60 A/c:w0+hc 192.0.2.3\nwww 60 A/d:w0+hd 192.0.2.4",
        &[
            ("", "60: 1, 60: 2"),
            ("ha", "60: 2"),
            ("ha hb", "60: 3, 60: 4"),
            ("ha hb hc", "60: 4"),
            // Nothing healthy: as if all were.
            ("ha hb hc hd", "60: 1, 60: 2"),
            ("hc", "60: 1, 60: 2"),
        ],
    );
    check(
        "www 60 A/a:w0+ha 192.0.2.1\nwww 60 A/b:w0+hb 192.0.2.2",
        &[("", "60: 1, 60: 2"), ("ha", "60: 2"), ("ha hb", "60: 1, 60: 2")],
    );
    check("www 60 A/a:w0+ha 192.0.2.1", &[("", "60: 1"), ("ha", "60: 1")]);
}

#[test]
fn weights_are_proportions() {
    let zone = with(
        "www 60 A/a:w1 192.0.2.1\nwww 60 A/b:w3+hb 192.0.2.2\nwww 60 A/c:w255 192.0.2.3\nwww 60 A/d:w41 192.0.2.4",
    );
    let draws = 30_000;
    let counts = frequencies(&zone, &failing(""), draws);
    for (text, weight) in [("60: 1", 1.0), ("60: 2", 3.0), ("60: 3", 255.0), ("60: 4", 41.0)] {
        let expected = draws as f64 * weight / 300.0;
        let got = counts[text] as f64;
        // Five standard deviations of a binomial distribution.
        assert!((got - expected).abs() < 5.0 * expected.sqrt(), "{text}: {got}, not {expected}");
    }
    // The unhealthy one's share goes to the others in proportion.
    let counts = frequencies(&zone, &failing("hb"), draws);
    let expected = draws as f64 * 41.0 / 297.0;
    assert!((counts["60: 4"] as f64 - expected).abs() < 5.0 * expected.sqrt());
}

#[test]
fn failover_pairs() {
    let pair = "www 60 A/a:secondary+hs 192.0.2.2\nwww 60 A/b:primary+hp 192.0.2.1";
    check(pair, &[("", "60: 1"), ("hp", "60: 2"), ("hs", "60: 1"), ("hp hs", "60: 1")]);
    check("www 60 A/a:secondary+hs 192.0.2.2", &[("", "60: 2"), ("hs", "60: 2")]);
    check("www 60 A/a:primary+hp 192.0.2.1", &[("hp", "60: 1")]);
}

#[test]
fn located_sets() {
    let sets =
        "www 60 A/a:located+ha 192.0.2.1\nwww 60 A/b:default+hb 192.0.2.2\nwww 60 A/c:located+hc 192.0.2.3";
    check(
        sets,
        &[("", "60: 2"), ("hb", "60: 1"), ("ha hb", "60: 3"), ("ha hb hc", "60: 2"), ("ha hc", "60: 2")],
    );
    check("www 60 A/a:located 192.0.2.1\nwww 60 A/b:located 192.0.2.2", &[("", "60: 1")]);
}

#[test]
fn multivalue_sets() {
    let sets = "www 60 A/a:multi+ha 192.0.2.1\nwww 30 A/b:multi+hb 192.0.2.2\nwww 90 A/c:multi+hc 192.0.2.3\n\
                www 90 A/c:multi+hc 192.0.2.1";
    check(
        sets,
        &[
            // Duplicates go out once, and the TTL is the least.
            ("", "30: 1 2 3"),
            ("hb", "60: 1 3"),
            ("ha hb", "90: 3 1"),
            ("ha hb hc", "30: 1 2 3"),
        ],
    );
}

#[test]
fn multivalue_answers_are_eight_at_most_and_spread_evenly() {
    let many = |count: usize, check: &str| -> String {
        (0..count).map(|n| format!("www 60 A/{n:02}:multi+{check}{n} 192.0.2.{n}\n")).collect()
    };
    let zone = with(&many(20, "h"));
    let draws = 4000;
    let facts = failing("h3 h7");
    let mut seen = BTreeMap::<String, u64>::new();
    for (answer, count) in frequencies(&zone, &facts, draws) {
        let values: BTreeSet<&str> = answer.strip_prefix("60: ").unwrap().split(' ').collect();
        assert_eq!(values.len(), 8, "{answer}");
        for value in values {
            *seen.entry(value.to_owned()).or_default() += count;
        }
    }
    assert_eq!(seen.len(), 18);
    let expected = draws as f64 * 8.0 / 18.0;
    for (value, count) in seen {
        assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{value}: {count}, not {expected}");
    }
    let none = (0..20).map(|n| format!("h{n} ")).collect::<String>();
    let answers = frequencies(&zone, &failing(&none), 300);
    assert!(answers.len() > 10 && answers.keys().all(|answer| answer.split(' ').count() == 9));
}

#[test]
fn blocks_of_addresses() {
    let zone = with(
        "www 60 A/a:cidr=C,wide+hw 192.0.2.1\nwww 60 A/b:cidr=C,narrow+hn 192.0.2.2\n\
         www 60 A/c:cidr=C,*+hd 192.0.2.3",
    );
    let cases = [
        // The address, what is served, and how many bits of it that holds for.
        (Some("10.1.9.9"), "", "60: 2", 16),
        (Some("10.1.2.3"), "", "60: 2", 16),
        (Some("10.9.9.9"), "", "60: 1", 13),
        (Some("11.0.0.1"), "", "60: 3", 8),
        (Some("192.0.2.1"), "", "60: 3", 1),
        (Some("198.51.100.1"), "", "60: 3", 1),
        (Some("2001:db8:1::1"), "", "60: 2", 48),
        (Some("2001:db8:ffff::1"), "", "60: 1", 33),
        (Some("2001:db9::1"), "", "60: 3", 32),
        // What is not known of an address is in no block, and no more than what is known decides.
        (Some("10.1.0.0/16"), "", "60: 2", 16),
        (Some("10.0.0.0/15"), "", "60: 1", 15),
        (Some("10.0.0.0/7"), "", "60: 3", 7),
        (Some("0.0.0.0/0"), "", "60: 3", 0),
        // Unhealthy ones give way to wider blocks.
        (Some("10.1.9.9"), "hn", "60: 1", 16),
        (Some("10.1.9.9"), "hn hw", "60: 3", 16),
        (Some("10.1.9.9"), "hn hw hd", "60: 2", 16),
        // Private zones know no addresses.
        (None, "", "60: 3", 0),
    ];
    for (client, failing_ids, expected, scope) in cases {
        let (found, got) = ask(&zone, &failing(failing_ids), client, 1);
        assert_eq!(found, expected, "{client:?} with {failing_ids:?} failing");
        assert_eq!(got, scope, "{client:?} with {failing_ids:?} failing");
    }
    let closed = with("www 60 A/a:cidr=C,next 192.0.2.1\nwww 60 A/b:cidr=D,wide 192.0.2.2");
    assert_eq!(ask(&closed, &failing(""), Some("192.0.2.9"), 1), ("60: 1".to_owned(), 24));
    assert_eq!(ask(&closed, &failing(""), Some("192.0.9.9"), 1).0, "60: 2");
    assert_eq!(ask(&closed, &failing(""), Some("203.0.113.9"), 1).0, "nothing");
    assert_eq!(ask(&closed, &failing(""), None, 1), ("nothing".to_owned(), 0));
    // A collection that is not known has no blocks.
    let unknown = with("www 60 A/a:cidr=X,next 192.0.2.1\nwww 60 A/b:cidr=X,* 192.0.2.2");
    assert_eq!(ask(&unknown, &failing(""), Some("192.0.2.9"), 1), ("60: 2".to_owned(), 0));
}

#[test]
fn the_scope_holds_for_all_of_its_addresses() {
    let facts = failing("");
    let zone = with(
        "www 60 A/a:cidr=C,wide 192.0.2.1\nwww 60 A/b:cidr=C,tiny 192.0.2.2\nwww 60 A/c:cidr=C,* 192.0.2.3",
    );
    for seed in 0..2000u32 {
        // Near the blocks' borders.
        let base = [0x0a00_0000u32, 0x0a01_0200, 0x0a01_0000, 0xc000_0200][seed as usize % 4];
        let address = base.wrapping_add(seed.wrapping_mul(2_654_435_761) >> (seed % 31 + 1));
        let text = |bits: u32| std::net::Ipv4Addr::from(bits).to_string();
        let (found, scope) = ask(&zone, &facts, Some(&text(address)), 1);
        let mask = u32::MAX.checked_shl(32 - u32::from(scope)).unwrap_or(0);
        for other in [address & mask, address | !mask, address ^ (!mask & 0x5555_5555)] {
            assert_eq!(ask(&zone, &facts, Some(&text(other)), 1).0, found, "{} /{scope}", text(address));
        }
    }
}

#[test]
fn aliases_choose_at_their_target() {
    check(
        "www - A ALIAS t\nt 60 A/a:primary+hp 192.0.2.1\nt 60 A/b:secondary+hs 192.0.2.2",
        &[("", "60: 1"), ("hp", "60: 2"), ("hp hs", "60: 1")],
    );
    check(
        "www - A ALIAS t\nt 60 A/a:multi+ha 192.0.2.1\nt 50 A/b:multi+hb 192.0.2.2",
        &[("", "50: 1 2"), ("ha", "50: 2"), ("ha hb", "50: 1 2")],
    );
    // Health is inherited only where it is evaluated.
    let tree = |health: &str| {
        format!(
            "www - A/p:primary ALIAS t {health}\nwww 5 A/s:secondary 192.0.2.9\nt 60 A/a:w1+ha 192.0.2.1\n\
             t 60 A/b:w0+hb 192.0.2.2"
        )
    };
    check(&tree("health"), &[("", "60: 1"), ("ha", "60: 2"), ("ha hb", "5: 9")]);
    check(&tree(""), &[("", "60: 1"), ("ha", "60: 2"), ("ha hb", "60: 1")]);
    // A health check of its own counts too.
    check(
        "www - A/p:primary+ho ALIAS t health\nwww 5 A/s:secondary 192.0.2.9\nt 60 A 192.0.2.1",
        &[("", "60: 1"), ("ho", "5: 9")],
    );
    // Through two steps, and in written groups.
    check(
        "www - A/p:primary ALIAS t health\nwww 5 A/s:secondary 192.0.2.9\nt - A ALIAS u health\nu 60 A+hu 192.0.2.1",
        &[("", "60: 1"), ("hu", "5: 9")],
    );
    check(
        "www - A/p:primary GROUP g health\nwww 5 A/s:secondary+hs 192.0.2.9\n%g 60 A/x:w1+hx 192.0.2.1\n\
         %g - A/y:w1 GROUP h health\n%h 70 A/m:primary+hm 192.0.2.2\n%h 80 A/n:secondary+hn 192.0.2.3",
        &[
            ("", "60: 1, 70: 2"),
            ("hx", "70: 2"),
            ("hm", "60: 1, 80: 3"),
            ("hx hm", "80: 3"),
            ("hm hn", "60: 1"),
            ("hx hm hn", "5: 9"),
            ("hx hm hn hs", "60: 1, 70: 2"),
        ],
    );
}

#[test]
fn what_holds_nothing_is_passed_over() {
    let sets = "www - A/a:w200 ALIAS nowhere\nwww 60 A/b:w1+hb 192.0.2.2\nwww - A/c:w200 ALIAS www";
    check(sets, &[("", "60: 2"), ("hb", "60: 2")]);
    check("www - A/a:primary ALIAS nowhere\nwww 60 A/b:secondary 192.0.2.2", &[("", "60: 2")]);
    check("www - A/a:multi ALIAS nowhere\nwww 60 A/b:multi 192.0.2.2", &[("", "60: 2")]);
    check("www - A ALIAS t\nt - A ALIAS u\nu - A/a:w1 ALIAS www\nu 60 A/b:w0 192.0.2.2", &[("", "60: 2")]);
    check("www - A ALIAS t\nt - A ALIAS www", &[("", "nothing")]);
    // Nor is there an answer for clients without a block, while others get one.
    check("www - A/a:w1 ALIAS t\nwww 60 A/b:w0 192.0.2.2\nt 60 A/x:cidr=C,wide 192.0.2.1", &[("", "60: 2")]);
}

#[test]
fn what_is_not_known_is_the_last_resort() {
    check("www - A UNRESOLVED", &[("", "unresolved")]);
    check(
        "www - A/a:primary UNRESOLVED\nwww 60 A/b:secondary+hb 192.0.2.2",
        &[("", "60: 2"), ("hb", "60: 2")],
    );
    check("www - A/a:w255 UNRESOLVED\nwww 60 A/b:w0+hb 192.0.2.2", &[("", "60: 2"), ("hb", "60: 2")]);
    check("www - A/a:multi UNRESOLVED\nwww 60 A/b:multi+hb 192.0.2.2", &[("", "60: 2"), ("hb", "60: 2")]);
    check("www - A ALIAS t\nt - A/a:w1 UNRESOLVED\nt - A/b:w1 ALIAS nowhere", &[("", "unresolved")]);
    check("www - A/a:primary ALIAS t\nwww 60 A/b:secondary 192.0.2.2\nt - A UNRESOLVED", &[("", "60: 2")]);
    check(
        "www - A/a:primary GROUP g health\nwww 9 A/b:secondary 192.0.2.2\n%g - A UNRESOLVED",
        &[("", "9: 2")],
    );
    check("www 300 CNAME t\nt - A UNRESOLVED", &[("", "unresolved")]);
    check("www - CNAME UNRESOLVED", &[("", "unresolved")]);
}

#[test]
fn of_cnames_one_is_chosen() {
    let sets = |routing: &str| {
        format!(
            "www 60 CNAME/a:{routing}+ha one\nwww 60 CNAME/b:{routing}+hb two\none 1 A 192.0.2.1\ntwo 2 A 192.0.2.2"
        )
    };
    for routing in ["w5", "multi"] {
        check(&sets(routing), &[("", "1: 1, 2: 2"), ("ha", "2: 2"), ("hb", "1: 1")]);
    }
}

#[test]
fn mixed_policies_are_taken_in_order() {
    check("www 60 A/a:w0+ha 192.0.2.1\nwww 60 A/b:multi 192.0.2.2", &[("", "60: 1"), ("ha", "60: 2")]);
    check("www 60 A/a+ha 192.0.2.1\nwww 60 A/b 192.0.2.2", &[("", "60: 1"), ("ha", "60: 2")]);
}

#[test]
fn a_tangle_with_an_end_that_is_not_found_in_time_is_no_denial() {
    let mut text = String::new();
    for level in 0..20 {
        for id in 0..50 {
            text.push_str(&format!("a{level} - A/{id:02}:w0 ALIAS a{}\n", level + 1));
        }
    }
    text.push_str("www - A ALIAS a0\n");
    let facts = failing("");
    assert_eq!(ask(&with(&text), &facts, None, 1).0, "nothing");
    // Only this one way ends, after all the others were tried.
    text.push_str("a0 60 A/z:w0 192.0.2.1\nb - A ALIAS a0\n");
    let found = all_of(&with(&text), "");
    assert!(found.split(", ").all(|found| found == "60: 1" || found == "tangled"), "{found}");
    let long: String = (0..100).map(|n| format!("c{n} - A ALIAS c{}\n", n + 1)).collect();
    let long = with(&format!("{long}c100 60 A 192.0.2.1\nwww - A ALIAS c0"));
    assert_eq!(ask(&long, &facts, None, 1).0, "tangled");
}

#[test]
fn types_are_those_that_some_client_gets() {
    let zone = with(
        "www 60 A/a:cidr=C,next 192.0.2.1\nwww - AAAA/a:w1 ALIAS nowhere\nwww - AAAA/b:w1 ALIAS www\n\
         www - TXT UNRESOLVED\nwww - MX GROUP g\n%g - MX ALIAS nowhere\nwww - SRV GROUP h\n\
         %h 60 SRV/x:w0 1 2 3 host\n%h - SRV/y:w1 ALIAS nowhere",
    );
    let types = zone.types_of(zone.node(&name("www.z.test.").key()).unwrap());
    assert_eq!(types.to_vec(), [RrType::A, RrType::TXT, RrType::SRV]);
}

#[test]
fn signatures_are_kept_for_each_choice() {
    let zone = with(
        "www - A ALIAS t\nt 60 A/a:w1 192.0.2.1\nt 60 A/b:w1 192.0.2.2\nx 60 A/a:multi 192.0.2.1\n\
         x 60 A/b:multi+hb 192.0.2.2",
    );
    let facts = failing("");
    let slot_at = |owner: &str, facts: &Facts, seed| {
        let qname = name(owner);
        let outcome =
            zone.lookup(qname.as_wire(), &qname.key(), RrType::A, &mut Chooser::new(facts, None, seed));
        let End::Answer(served) = outcome.end else { panic!("{:?}", outcome.end) };
        let slot = served.slot.of(&served.records).unwrap();
        let signature = zone::Signature {
            records: std::sync::Arc::clone(&served.records),
            ttl: 60,
            rrsig: Default::default(),
            made_at: 0,
            expiration: u64::MAX,
            generation: 0,
        };
        let was_good = slot.load().as_ref().is_some_and(|kept| kept.is_good(&served.records, 60, 0, 0));
        slot.store(std::sync::Arc::new(signature));
        was_good
    };
    for owner in ["www.z.test.", "t.z.test.", "x.z.test."] {
        let misses = (0..40).filter(|seed| !slot_at(owner, &facts, *seed)).count();
        assert_eq!(misses, if owner.starts_with('x') { 1 } else { 2 }, "{owner}");
    }
    // One that is left alone has its own signature, and the merged one is still there afterwards.
    assert!(!slot_at("x.z.test.", &failing("hb"), 1));
    assert!(slot_at("x.z.test.", &facts, 1));
}

#[test]
fn what_delegates_is_simple() {
    let zone = with("");
    let refused = |text: &str| zone.apply(&edit(ORIGIN, text), 2).unwrap_err();
    for text in ["sub 5 NS/a:w1 ns", "sub - NS UNRESOLVED", "sub 5 NS/a ns", "sub 5 DS/x:multi 1 13 2 00"] {
        assert!(matches!(refused(text), ZoneError::NotSimple { .. }), "{text}");
    }
    assert!(matches!(refused("@ - SOA GROUP g\n%g 5 SOA a b 1 2 3 4 5"), ZoneError::NotSimple { .. }));
    assert!(matches!(refused("w 5 CNAME/a:w1 x\nw 5 A 192.0.2.1"), ZoneError::CnameConflict { .. }));
    assert!(matches!(refused("w - A GROUP g\n%g - A ALIAS x.other."), ZoneError::AliasOutOfZone { .. }));
    let two = refused("w - CNAME GROUP g\n%g 5 CNAME x\n%g 5 CNAME y");
    assert!(matches!(two, ZoneError::BadRdata { .. }));
    assert!(zone.apply(&edit(ORIGIN, "w 5 CNAME/a:w1 x\nw 5 CNAME/b:w1 y"), 2).is_ok());
}

fn choice(depth: u32) -> BoxedStrategy<Choice> {
    let targets = prop::sample::select(vec!["www.z.test.", "t.z.test.", "u.z.test.", "nowhere.z.test."]);
    let leaf = prop_oneof![
        4 => (1u8..=3, 0u8..4).prop_map(|(ttl, last)| Content::Records {
            ttl: ttl.into(),
            rdatas: vec![[192, 0, 2, last].into()],
        }),
        3 => (targets, any::<bool>()).prop_map(|(target, evaluate_health)| Content::Alias {
            target: name(target),
            evaluate_health,
        }),
        1 => any::<bool>().prop_map(|evaluate_health| Content::Unresolved { evaluate_health }),
    ]
    .boxed();
    let content = if depth == 0 {
        leaf
    } else {
        let group = (group(depth - 1), any::<bool>())
            .prop_map(|(group, evaluate_health)| Content::Written { group, evaluate_health });
        prop_oneof![3 => leaf, 1 => group].boxed()
    };
    let check = prop::option::of(prop::sample::select(vec!["h0", "h1", "h2"]));
    ("[a-f]", check, content)
        .prop_map(|(set_id, check, content)| Choice {
            set_id: set_id.into(),
            routing: None,
            health_check: check.map(Into::into),
            content,
        })
        .boxed()
}

/// Choices of one policy.
fn group(depth: u32) -> BoxedStrategy<Vec<Choice>> {
    (0u8..5, prop::collection::vec((choice(depth), 0u8..3), 1..4))
        .prop_map(|(policy, choices)| {
            let with_routing = |(choice, number): (Choice, u8)| {
                let routing = match policy {
                    0 => Routing::Weighted(number),
                    1 => Routing::Failover { primary: number == 0 },
                    2 => Routing::Located { default: number == 0 },
                    3 => Routing::Multivalue,
                    _ => return choice,
                };
                Choice { routing: Some(routing), ..choice }
            };
            choices.into_iter().map(with_routing).collect()
        })
        .boxed()
}

proptest! {
    /// A type is denied to everybody or to nobody, whatever is healthy, and what is served is somewhere in the zone.
    #[test]
    fn what_is_served_and_what_is_denied_agree(
        groups in prop::collection::vec(group(2), 3),
        ill in prop::sample::subsequence(vec!["h0", "h1", "h2"], 0..=3),
        seeds in prop::collection::vec(any::<u64>(), 8),
    ) {
        let mut puts = edit(ORIGIN, HEAD).puts;
        for (owner, group) in ["www.z.test.", "t.z.test.", "u.z.test."].into_iter().zip(groups) {
            puts.extend(group.into_iter().map(|choice| {
                RecordSet { owner: name(owner), rtype: RrType::A, choice }
            }));
        }
        let zone = ZoneVersion::empty(&name(ORIGIN)).apply(&Edit { puts, deletes: Vec::new() }, 1).unwrap();
        let is_listed = zone.types_of(zone.node(&name("www.z.test.").key()).unwrap()).contains(&RrType::A);
        let facts = failing(&ill.join(" "));
        for seed in seeds {
            let (found, scope) = ask(&zone, &facts, None, seed);
            prop_assert_eq!(found != "nothing", is_listed, "{}", found);
            prop_assert_ne!(&found, "tangled");
            prop_assert_eq!(scope, 0);
            // The same seed chooses the same.
            prop_assert_eq!(ask(&zone, &facts, None, seed).0, found);
        }
        // An export makes the same zone.
        let again = ZoneVersion::empty(&name(ORIGIN)).apply(&zone.export(), 1).unwrap();
        prop_assert_eq!(again.export(), zone.export());
    }
}

#[test]
fn a_wildcard_keeps_no_signature() {
    let zone = with("*.w 60 A/a:w1 192.0.2.1\n*.w 60 A/b:w1 192.0.2.2");
    let qname = name("x.w.z.test.");
    let facts = failing("");
    let outcome = zone.lookup(qname.as_wire(), &qname.key(), RrType::A, &mut Chooser::new(&facts, None, 1));
    assert!(matches!(outcome.end, End::Answer(served) if matches!(served.slot, Slot::None)));
}
