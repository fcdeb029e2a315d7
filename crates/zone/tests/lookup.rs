//! What a lookup means, case by case, and against a slow model of the same rules.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use proptest::prelude::*;
use support::{chooser, edit, name, zone};
use wire::{Choice, Content, Edit, Key, Name, RecordSet, RecordSetKey, RrType};
use zone::{Cuts, Denied, End, Place, Records, Slot, Unknown, ZoneError, ZoneVersion};

const EXAMPLE: &str = "
    @            3600 SOA   ns1 hostmaster 1 7200 900 1209600 300
    @            3600 NS    ns1
    @            3600 NS    ns2.other.test.
    @            300  MX    10 mail
    ns1          300  A     192.0.2.1
    mail         300  A     192.0.2.2
    www          300  CNAME web
    web          60   A     192.0.2.3
    web          60   A     192.0.2.4
    out          300  CNAME www.other.test.
    loop1        300  CNAME loop2
    loop2        300  CNAME loop1
    self         300  CNAME self
    dangling     300  CNAME nothing.here
    a.b.c        300  A     192.0.2.5
    *.apps       300  A     192.0.2.6
    x.y.apps     300  TXT   deep
    *.cn         300  CNAME web
    a.*.ewild    300  A     192.0.2.6
    alias        -    A     ALIAS web
    alias2       -    A     ALIAS alias
    noalias      -    A     ALIAS nothing.here
    ring1        -    A     ALIAS ring2
    ring2        -    A     ALIAS ring1
    sub          300  NS    ns.sub
    sub          300  NS    ns1
    ns.sub       300  A     192.0.2.7
    hidden.sub   300  TXT   occluded
    secure       300  NS    ns.secure
    secure       300  DS    12345 13 2 00112233
    ns.secure    300  AAAA  2001:db8::1
    into         300  CNAME deep.sub
    pick         300  A/one 192.0.2.8
    pick         300  A/two 192.0.2.9
";

fn describe(zone: &ZoneVersion, question: &str, qtype: RrType) -> String {
    let qname = name(question);
    let outcome = zone.lookup(qname.as_wire(), &qname.key(), qtype, &mut chooser());
    let text = |wire: &[u8]| Name::from_wire(wire).unwrap().to_string();
    let mut words: Vec<String> =
        outcome.chain.iter().map(|step| format!("{} {}", text(step.owner), step.rtype)).collect();
    words.push(match outcome.end {
        End::Answer(served) => {
            assert_eq!(served.owner, outcome.owner);
            let made_up = if matches!(served.slot, Slot::None) { " (wildcard)" } else { "" };
            format!("{} {} x{}{made_up}", text(served.owner), served.rtype, served.records.len())
        }
        End::Referral(referral) => {
            let ds = if referral.ds.is_some() { " +DS" } else { "" };
            format!("referral {}{ds}", referral.cut.owner)
        }
        End::NoData(Denied::Exists(node)) => format!("no data at {}", node.owner),
        End::NoData(Denied::EmptyNonTerminal) => "empty non-terminal".to_owned(),
        End::NoData(Denied::Wildcard(node)) => format!("no data from {}", node.owner),
        End::NoData(Denied::Cut(node)) => format!("no DS at {}", node.owner),
        End::NoName { encloser_labels } => format!("no name, encloser {encloser_labels}"),
        End::OutOfZone => format!("out of zone at {}", text(outcome.owner)),
        End::EndlessChain => "endless".to_owned(),
        End::Unknown(Unknown::Unresolved) => "unresolved".to_owned(),
        End::Unknown(Unknown::Tangled) => "tangled".to_owned(),
    });
    words.join(", ")
}

#[test]
fn every_case_of_a_lookup() {
    let zone = zone("example.test.", EXAMPLE);
    let cases = [
        ("example.test.", RrType::SOA, "example.test. SOA x1"),
        ("example.test.", RrType::NS, "example.test. NS x2"),
        ("EXAMPLE.test.", RrType::MX, "EXAMPLE.test. MX x1"),
        ("example.test.", RrType::TXT, "no data at example.test."),
        ("example.test.", RrType::DS, "no data at example.test."),
        ("example.test.", RrType::ANY, "example.test. NS x2"),
        ("web.example.test.", RrType::A, "web.example.test. A x2"),
        ("web.example.test.", RrType::AAAA, "no data at web.example.test."),
        ("wWw.example.test.", RrType::A, "wWw.example.test. CNAME, web.example.test. A x2"),
        ("www.example.test.", RrType::CNAME, "www.example.test. CNAME x1"),
        ("www.example.test.", RrType::ANY, "www.example.test. CNAME x1"),
        ("www.example.test.", RrType::NSEC, "no data at www.example.test."),
        ("www.example.test.", RrType::RRSIG, "no data at www.example.test."),
        ("www.example.test.", RrType::TXT, "www.example.test. CNAME, no data at web.example.test."),
        ("out.example.test.", RrType::A, "out.example.test. CNAME, out of zone at www.other.test."),
        ("loop1.example.test.", RrType::A, "loop1.example.test. CNAME, loop2.example.test. CNAME, endless"),
        ("self.example.test.", RrType::A, "self.example.test. CNAME, endless"),
        ("dangling.example.test.", RrType::A, "dangling.example.test. CNAME, no name, encloser 2"),
        ("nothing.example.test.", RrType::A, "no name, encloser 2"),
        ("x.nothing.example.test.", RrType::A, "no name, encloser 2"),
        ("c.example.test.", RrType::A, "empty non-terminal"),
        ("b.c.example.test.", RrType::A, "empty non-terminal"),
        ("x.b.c.example.test.", RrType::A, "no name, encloser 4"),
        ("a.b.c.example.test.", RrType::A, "a.b.c.example.test. A x1"),
        // Wildcards, RFC 4592 §2.2.1 and §3.3.
        ("one.apps.example.test.", RrType::A, "one.apps.example.test. A x1 (wildcard)"),
        ("two.one.apps.example.test.", RrType::A, "two.one.apps.example.test. A x1 (wildcard)"),
        ("one.apps.example.test.", RrType::MX, "no data from *.apps.example.test."),
        ("one.apps.example.test.", RrType::ANY, "one.apps.example.test. A x1 (wildcard)"),
        ("apps.example.test.", RrType::A, "empty non-terminal"),
        ("y.apps.example.test.", RrType::A, "empty non-terminal"),
        ("z.y.apps.example.test.", RrType::A, "no name, encloser 4"),
        ("x.y.apps.example.test.", RrType::A, "no data at x.y.apps.example.test."),
        ("*.apps.example.test.", RrType::A, "*.apps.example.test. A x1"),
        ("q.*.apps.example.test.", RrType::A, "no name, encloser 4"),
        // RFC 4592 §4.9: a wildcard that is an empty non-terminal.
        ("*.ewild.example.test.", RrType::A, "empty non-terminal"),
        ("q.ewild.example.test.", RrType::A, "empty non-terminal"),
        ("r.q.ewild.example.test.", RrType::A, "empty non-terminal"),
        ("q.*.ewild.example.test.", RrType::A, "no name, encloser 4"),
        ("v.cn.example.test.", RrType::A, "v.cn.example.test. CNAME, web.example.test. A x2"),
        // Aliases.
        ("alias.example.test.", RrType::A, "alias.example.test. A x2"),
        ("alias2.example.test.", RrType::A, "alias2.example.test. A x2"),
        ("noalias.example.test.", RrType::A, "no data at noalias.example.test."),
        ("ring1.example.test.", RrType::A, "no data at ring1.example.test."),
        ("pick.example.test.", RrType::A, "pick.example.test. A x1"),
        // Cuts.
        ("sub.example.test.", RrType::A, "referral sub.example.test."),
        ("sub.example.test.", RrType::NS, "referral sub.example.test."),
        ("sub.example.test.", RrType::DS, "no DS at sub.example.test."),
        ("x.sub.example.test.", RrType::DS, "referral sub.example.test."),
        ("hidden.sub.example.test.", RrType::TXT, "referral sub.example.test."),
        ("ns.sub.example.test.", RrType::A, "referral sub.example.test."),
        ("a.b.c.d.sub.example.test.", RrType::A, "referral sub.example.test."),
        ("secure.example.test.", RrType::DS, "secure.example.test. DS x1"),
        ("www.secure.example.test.", RrType::A, "referral secure.example.test. +DS"),
        ("into.example.test.", RrType::A, "into.example.test. CNAME, referral sub.example.test."),
        // Elsewhere.
        ("test.", RrType::A, "out of zone at test."),
        ("badexample.test.", RrType::A, "out of zone at badexample.test."),
        (".", RrType::NS, "out of zone at ."),
    ];
    for (qname, qtype, expected) in cases {
        assert_eq!(describe(&zone, qname, qtype), expected, "{qname} {qtype}");
    }
}

#[test]
fn cuts_can_be_data() {
    let zone = zone("example.test.", EXAMPLE);
    let hidden = name("hidden.sub.example.test.");
    assert!(matches!(zone.locate(&hidden.key(), Cuts::Honored), Place::Cut { at: false, .. }));
    assert!(matches!(zone.locate(&hidden.key(), Cuts::Ignored), Place::Node(_)));
}

#[test]
fn a_root_zone_holds_every_name() {
    let root = zone(
        ".",
        "@ 300 SOA a. b. 1 2 3 4 5\n@ 300 NS a.\ncom 300 NS a.com\na.com 300 A 192.0.2.1\n* 9 TXT any",
    );
    assert_eq!(describe(&root, "www.example.com.", RrType::A), "referral com.");
    assert_eq!(describe(&root, ".", RrType::NS), ". NS x1");
    assert_eq!(describe(&root, "nowhere.", RrType::TXT), "nowhere. TXT x1 (wildcard)");
}

#[test]
fn long_chains_end() {
    let steps: Vec<String> = (0..40).map(|n| format!("c{n} 5 CNAME c{}", n + 1)).collect();
    let zone = zone("t.", &steps.join("\n"));
    let qname = name("c0.t.");
    let outcome = zone.lookup(qname.as_wire(), &qname.key(), RrType::A, &mut chooser());
    assert!(matches!(outcome.end, End::EndlessChain));
    assert_eq!(outcome.chain.len(), zone::MAX_CHAIN);
}

#[test]
fn a_tangle_of_aliases_costs_little() {
    // Every set has 100 variants that point to the next: 100^20 ways, none of which ends.
    let mut lines = Vec::new();
    for level in 0..20 {
        lines.extend((0..100).map(|id| format!("a{level} - A/{id} ALIAS a{}", level + 1)));
    }
    let zone = zone("t.", &lines.join("\n"));
    assert_eq!(describe(&zone, "a0.t.", RrType::A), "no data at a0.t.");
}

#[test]
fn glue_is_told_from_data() {
    let zone = zone("example.test.", EXAMPLE);
    let glue = |host: &str, rtype| {
        zone.address(name(host).as_wire(), rtype, &mut chooser()).map(|address| address.is_glue)
    };
    assert_eq!(glue("ns.sub.example.test.", RrType::A), Some(true));
    assert_eq!(glue("ns.secure.example.test.", RrType::AAAA), Some(true));
    assert_eq!(glue("ns1.example.test.", RrType::A), Some(false));
    assert_eq!(glue("ns1.example.test.", RrType::AAAA), None);
    assert_eq!(glue("ns2.other.test.", RrType::A), None);
}

#[test]
fn types_are_those_over_all_variants_and_of_aliases_that_lead_somewhere() {
    let zone = zone("example.test.", EXAMPLE);
    let types = |owner: &str| zone.types_of(zone.node(&name(owner).key()).unwrap()).to_vec();
    assert_eq!(types("example.test."), [RrType::NS, RrType::SOA, RrType::MX]);
    assert_eq!(types("alias.example.test."), [RrType::A]);
    assert!(types("noalias.example.test.").is_empty());
    assert_eq!(types("sub.example.test."), [RrType::NS]);
    assert_eq!(types("secure.example.test."), [RrType::NS, RrType::DS]);
}

#[test]
fn an_edit_leaves_the_version_before_untouched() {
    let first = zone("example.test.", EXAMPLE);
    let deletes = vec![
        RecordSetKey { owner: name("web.example.test."), rtype: RrType::A, set_id: "".into() },
        RecordSetKey { owner: name("absent.example.test."), rtype: RrType::A, set_id: "".into() },
    ];
    let puts = edit("example.test.", "new 5 TXT hello\nns1 300 A 192.0.2.1").puts;
    let second = first.apply(&Edit { puts, deletes }, 2).unwrap();
    assert_eq!(describe(&first, "web.example.test.", RrType::A), "web.example.test. A x2");
    assert_eq!(describe(&second, "web.example.test.", RrType::A), "no name, encloser 2");
    assert_eq!(describe(&second, "alias.example.test.", RrType::A), "no data at alias.example.test.");
    assert_eq!(describe(&first, "new.example.test.", RrType::TXT), "no name, encloser 2");
    assert_eq!(describe(&second, "new.example.test.", RrType::TXT), "new.example.test. TXT x1");
    assert_eq!((first.version(), second.version()), (1, 2));
}

#[test]
fn signatures_live_as_long_as_their_records() {
    let first = zone("example.test.", EXAMPLE);
    let slot = |zone: &ZoneVersion, owner: &str| {
        let node = zone.node(&name(owner).key()).unwrap();
        node.sets()[0].variants[0].signature.load().is_some()
    };
    let records = std::sync::Arc::new(Records::new(1, [b"x"]));
    let signature = zone::Signature {
        records,
        ttl: 1,
        rrsig: Default::default(),
        made_at: 0,
        expiration: 0,
        generation: 0,
    };
    let web = first.node(&name("web.example.test.").key()).unwrap();
    web.sets()[0].variants[0].signature.store(std::sync::Arc::new(signature));
    let same = first
        .apply(&edit("example.test.", "web 60 A 192.0.2.3\nweb 60 A 192.0.2.4\nweb 5 TXT t"), 2)
        .unwrap();
    assert!(slot(&same, "web.example.test."));
    let changed = same.apply(&edit("example.test.", "web 61 A 192.0.2.3"), 3).unwrap();
    assert!(!slot(&changed, "web.example.test."));
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let zone = zone("example.test.", EXAMPLE);
    let refused = |text: &str| zone.apply(&edit("example.test.", text), 2).unwrap_err();
    assert!(matches!(refused("www 5 A 192.0.2.1"), ZoneError::CnameConflict { .. }));
    assert!(matches!(refused("www.other.test. 5 A 192.0.2.1"), ZoneError::OutOfZone { .. }));
    assert!(matches!(refused("x - A ALIAS www.other.test."), ZoneError::AliasOutOfZone { .. }));
    assert!(matches!(refused("x 5 SOA a b 1 2 3 4 5"), ZoneError::Misplaced { .. }));
    assert!(matches!(refused("*.x 5 NS a"), ZoneError::Misplaced { .. }));
    assert!(matches!(refused("@ 5 DS 1 13 2 00"), ZoneError::Misplaced { .. }));
    assert!(matches!(refused("x - NS ALIAS sub"), ZoneError::NotSimple { .. }));
    assert!(matches!(refused("x 5 NS/one a"), ZoneError::NotSimple { .. }));
    assert!(matches!(refused("x 5 CNAME a\nx 5 CNAME b"), ZoneError::BadRdata { .. }));
    let put = |rtype, rdata: &[u8]| {
        let content = Content::Records { ttl: 1, rdatas: vec![rdata.into()] };
        let choice = Choice::simple(content);
        let puts = vec![RecordSet { owner: name("x.example.test."), rtype, choice }];
        zone.apply(&Edit { puts, deletes: vec![] }, 2).unwrap_err()
    };
    assert!(matches!(put(RrType::NSEC, &[0]), ZoneError::ForbiddenType { .. }));
    assert!(matches!(put(RrType::ANY, &[0]), ZoneError::ForbiddenType { .. }));
    assert!(matches!(put(RrType::NS, &[3, b'a']), ZoneError::BadRdata { .. }));
    assert!(matches!(put(RrType::MX, &[0]), ZoneError::BadRdata { .. }));
    assert!(matches!(put(RrType::A, &[1, 2, 3]), ZoneError::BadRdata { .. }));
}

#[test]
fn export_makes_the_same_zone_again() {
    let first = zone("example.test.", EXAMPLE);
    let decoded = Edit::decode(&first.export().encode()).unwrap();
    let again = ZoneVersion::empty(first.apex()).apply(&decoded, 1).unwrap();
    assert_eq!(again.export(), first.export());
    assert_eq!(again.name_count(), first.name_count());
}

#[test]
fn negative_ttl_is_the_lesser_one() {
    let soa = |text: &str| zone("t.", text).soa().unwrap().negative_ttl();
    assert_eq!(soa("@ 900 SOA a b 1 7200 900 1209600 86400"), 900);
    assert_eq!(soa("@ 900 SOA a b 1 7200 900 1209600 60"), 60);
}

fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![b"a".to_vec(), b"b".to_vec(), b"*".to_vec(), b"A".to_vec()]),
        1 => prop::collection::vec(any::<u8>(), 1..3),
    ]
}

fn owner() -> impl Strategy<Value = Name> {
    prop::collection::vec(label(), 0..5)
        .prop_map(|labels| Name::from_labels(labels.into_iter().chain([b"z".to_vec()])).unwrap())
}

/// The rules of RFC 1034 §4.3.2 and RFC 4592 over a plain list of names, as slow as it gets.
fn model(owners: &[(Name, bool)], qname: &Name) -> String {
    let apex = name("z.");
    let mut ancestors: Vec<Name> = Vec::new();
    let mut at = Some(qname.clone());
    while let Some(here) = at.filter(|here| here.is_at_or_below(&apex)) {
        at = here.parent();
        ancestors.push(here);
    }
    let is_cut = |name: &Name| *name != apex && owners.iter().any(|(owner, cut)| *cut && owner == name);
    if let Some(cut) = ancestors.iter().rev().find(|name| is_cut(name)) {
        return format!("cut {}", cut.to_lowercase());
    }
    let has_data = |name: &Name| owners.iter().any(|(owner, _)| owner == name);
    let exists = |name: &Name| owners.iter().any(|(owner, _)| owner.is_at_or_below(name));
    if has_data(qname) {
        return "node".to_owned();
    }
    if exists(qname) {
        return "empty".to_owned();
    }
    let encloser = ancestors.iter().find(|name| exists(name)).unwrap_or(&apex);
    match encloser.child(b"*") {
        Ok(source) if has_data(&source) => format!("wildcard {}", source.to_lowercase()),
        Ok(source) if exists(&source) => "empty".to_owned(),
        _ => format!("nowhere {}", encloser.label_count()),
    }
}

proptest! {
    #[test]
    fn lookup_agrees_with_the_slow_model(
        owners in prop::collection::vec((owner(), prop::bool::weighted(0.2)), 0..12),
        questions in prop::collection::vec(owner(), 1..20),
    ) {
        let mut kept: Vec<(Name, bool)> = Vec::new();
        for (owner, cut) in owners {
            let known = kept.iter().any(|(earlier, _)| *earlier == owner);
            let meaningless = cut && owner.is_wildcard();
            if !known && !meaningless {
                kept.push((owner, cut));
            }
        }
        let puts = kept.iter().map(|(owner, cut)| {
            let (rtype, rdata) = if *cut { (RrType::NS, vec![0]) } else { (RrType::A, vec![1, 2, 3, 4]) };
            let content = Content::Records { ttl: 1, rdatas: vec![rdata.into()] };
            RecordSet { owner: owner.clone(), rtype, choice: Choice::simple(content) }
        });
        let version = ZoneVersion::empty(&name("z."));
        let version = version.apply(&Edit { puts: puts.collect(), deletes: vec![] }, 1).unwrap();
        for qname in &questions {
            let found = match version.locate(&qname.key(), Cuts::Honored) {
                Place::Node(_) => "node".to_owned(),
                Place::Cut { cut, .. } => format!("cut {}", cut.owner.to_lowercase()),
                Place::EmptyNonTerminal => "empty".to_owned(),
                Place::Wildcard(node) => format!("wildcard {}", node.owner.to_lowercase()),
                Place::Nowhere { encloser_labels } => format!("nowhere {encloser_labels}"),
                Place::Outside => "outside".to_owned(),
            };
            prop_assert_eq!(found, model(&kept, qname), "{}", qname);
        }
    }

    #[test]
    fn edits_one_by_one_or_at_once_make_the_same_zone(
        owners in prop::collection::vec((owner(), any::<bool>()), 0..30),
    ) {
        let edit_of = |owner: &Name, put: bool| {
            let content = Content::Records { ttl: 1, rdatas: vec![[1, 2, 3, 4].into()] };
            let choice = Choice::simple(content);
            let set = RecordSet { owner: owner.clone(), rtype: RrType::A, choice };
            if put {
                Edit { puts: vec![set], deletes: vec![] }
            } else {
                Edit { puts: vec![], deletes: vec![set.key()] }
            }
        };
        let mut stepwise = ZoneVersion::empty(&name("z."));
        let mut left: std::collections::BTreeMap<Key, Name> = Default::default();
        for (owner, put) in &owners {
            stepwise = stepwise.apply(&edit_of(owner, *put), 1).unwrap();
            if *put { left.entry(owner.key()).or_insert(owner.clone()); } else { left.remove(&owner.key()); }
        }
        let puts = left.values().flat_map(|owner| edit_of(owner, true).puts).collect();
        let at_once = ZoneVersion::empty(&name("z.")).apply(&Edit { puts, deletes: vec![] }, 1).unwrap();
        prop_assert_eq!(stepwise.export(), at_once.export());
        for owner in left.values() {
            let same = |zone: &ZoneVersion| describe(zone, &owner.to_string(), RrType::A);
            prop_assert_eq!(same(&stepwise), same(&at_once));
        }
    }
}
