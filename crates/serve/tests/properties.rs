//! What holds for any packet and any zone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dnssec::denial;
use proptest::prelude::*;
use serve::{Asker, Entry, Plane, ResolverSettings, SigningChange};
use support::text::name;
use support::{Keys, NOW, ask_for, describe, publish, signed_plane, signing};
use wire::{Choice, Content, Edit, Message, Name, RRset, RecordSet, RrType};

const ZONE: &str = "
    @       900 SOA   ns hostmaster 1 7200 900 1209600 300
    @       900 NS    ns
    ns      60  A     192.0.2.1
    *.w     60  A     192.0.2.2
    c       60  CNAME ns
    sub     60  NS    ns.sub
    ns.sub  60  A     192.0.2.3
    m       60  MX    1 ns
    big     60  TXT   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    big     60  TXT   bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
";

static PLANE: LazyLock<Plane> = LazyLock::new(|| {
    let (plane, _) = signed_plane("z.", ZONE);
    publish(&plane, "p", "private.", ZONE, SigningChange::Unsigned);
    plane.set_resolver_view("r", &["p"], ResolverSettings::default());
    let rrset = RRset { owner: name("z."), rtype: RrType::A, ttl: 9, rdatas: vec![[1, 2, 3, 4].into()] };
    let entry = Entry { answer: vec![rrset], ttl: u32::MAX, secure: true, ..Entry::default() };
    plane.fill("r", &name("z."), RrType::A, false, entry, NOW);
    plane
});

/// The reply is parsed in full, belongs to the packet, and is not longer than the packet allows.
fn check(packet: &[u8], now: u64) {
    for view_id in ["v", "r"] {
        for tcp in [false, true] {
            let Some(reply) = PLANE.answer(view_id, packet, now, Asker::local(tcp)) else { continue };
            let message = Message::parse(&reply).unwrap();
            assert!(message.qr);
            assert_eq!(reply[..2], packet[..2]);
            let asked = wire::Query::parse(packet).ok();
            let size = asked.and_then(|query| query.edns).map_or(512, |edns| edns.udp_size.clamp(512, 1232));
            assert!(reply.len() <= if tcp { 65535 } else { usize::from(size) });
        }
    }
}

fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["ns", "w", "c", "sub", "m", "big", "*", "private", "z"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..64),
    ]
}

prop_compose! {
    fn question()(
        labels in prop::collection::vec(label(), 0..5),
        apex in prop::sample::select(vec!["z", "private", "other"]),
        qtype in prop_oneof![any::<u16>(), 0u16..70, prop::sample::select(vec![1u16, 2, 5, 6, 15, 43, 46, 47, 48, 128, 251, 252, 255])],
        flags in any::<[u8; 2]>(),
        size in any::<u16>(),
        co in any::<bool>(),
        dnssec in any::<bool>(),
    ) -> Vec<u8> {
        let labels = labels.into_iter().chain([apex.as_bytes().to_vec()]);
        let qname = Name::from_labels(labels).unwrap_or(Name::root());
        let mut packet = wire::build_query(1, &qname, RrType(qtype), true, false, dnssec, size);
        packet[2] = flags[0] & 0x7f;
        packet[3] = flags[1];
        let at = packet.len() - 4;
        packet[at] |= u8::from(co) << 6;
        packet
    }
}

proptest! {
    #[test]
    fn any_octets_give_nothing_or_a_whole_reply(packet in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&packet, NOW);
    }

    #[test]
    fn any_question_gives_nothing_or_a_whole_reply(packet in question(), now in any::<u64>()) {
        check(&packet, NOW);
        check(&packet, now);
    }

    #[test]
    fn a_damaged_question_gives_nothing_or_a_whole_reply(
        packet in question(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let mut packet = packet;
        for (at, octet) in damage {
            let at = at.index(packet.len());
            packet[at] = octet;
        }
        if cuts {
            packet.truncate(cut.index(packet.len()));
        }
        check(&packet, NOW);
    }
}

const TYPES: [RrType; 6] = [RrType::A, RrType::AAAA, RrType::TXT, RrType::NS, RrType::DS, RrType::CNAME];

fn records(rtype: RrType) -> Content {
    let rdata: &[u8] = match rtype {
        RrType::A => &[1, 2, 3, 4],
        RrType::AAAA => &[0; 16],
        RrType::DS => &[0, 1, 13, 2, 9],
        RrType::NS | RrType::CNAME => &[1, b'e', 1, b'z', 0],
        _ => &[1, b't'],
    };
    Content::Records { ttl: 60, rdatas: vec![rdata.into()] }
}

fn owner() -> impl Strategy<Value = Name> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "*"]), 1..4)
        .prop_map(|labels| Name::from_labels(labels.iter().copied().chain(["z"])).unwrap())
}

prop_compose! {
    fn record_set()(owner in owner(), rtype in prop::sample::select(TYPES.to_vec()), target in owner(), alias in prop::bool::weighted(0.3), set_id in prop::sample::select(vec!["", "x"])) -> RecordSet {
        let structural = matches!(rtype, RrType::NS | RrType::DS | RrType::CNAME);
        let content = if alias && !structural { Content::Alias { target, evaluate_health: false } } else { records(rtype) };
        let set_id = if structural { "" } else { set_id };
        RecordSet { owner, rtype, choice: Choice { set_id: set_id.into(), ..Choice::simple(content) } }
    }
}

/// Publishes what goes together out of random record sets.
fn random_plane(sets: &[RecordSet]) -> (Plane, Keys) {
    let plane = Plane::new(support::KEK);
    let apex = name("z.");
    let (parts, keys) = signing(&apex);
    publish(
        &plane,
        "z",
        "z.",
        "@ 900 SOA ns hm 1 7200 900 1209600 300\n@ 900 NS e.z.",
        SigningChange::Set(parts),
    );
    for set in sets {
        let version = plane.version("z").unwrap();
        let edit = Edit { puts: vec![set.clone()], deletes: vec![] };
        // A CNAME beside others, or NS at a wildcard, is refused and left out.
        if let Ok(candidate) = plane.stage("z", &apex, Some(version), version + 1, &edit, SigningChange::Keep)
        {
            plane.commit(candidate).unwrap();
        }
    }
    plane.set_view("v", &["z"]);
    (plane, keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The bitmap of a denial names exactly the types that are answered at the name.
    #[test]
    fn bitmaps_are_exact(sets in prop::collection::vec(record_set(), 0..14), asked in prop::collection::vec(owner(), 1..8)) {
        let (plane, keys) = random_plane(&sets);
        let owners: BTreeSet<Name> = sets.iter().map(|set| set.owner.clone()).chain(asked).collect();
        for owner in owners {
            let text = owner.to_string();
            let reply = |rtype| support::ask(&plane, ask_for(&text, rtype).with_do());
            let denied = reply(RrType(65280));
            describe(&denied.authority, Some(&keys), NOW);
            if !denied.answer.is_empty() {
                prop_assert_eq!(denied.answer[0].rtype, RrType::CNAME);
                continue;
            }
            let nsec = denied.authority.iter().find(|rrset| rrset.rtype == RrType::NSEC);
            let is_referral = denied.authority[0].rtype == RrType::NS;
            let Some(nsec) = nsec else {
                prop_assert!(is_referral && denied.authority[1].rtype == RrType::DS);
                continue;
            };
            let (_, types) = denial::nsec_types(&nsec.rdatas[0]).unwrap();
            if is_referral {
                prop_assert_eq!(types, [RrType::NS, RrType::RRSIG, RrType::NSEC]);
                continue;
            }
            prop_assert_eq!(&nsec.owner, &owner);
            let mut answered: Vec<RrType> = TYPES.into_iter().filter(|rtype| {
                let message = reply(*rtype);
                describe(&message.answer, Some(&keys), NOW);
                !message.answer.is_empty()
            }).collect();
            answered.extend([RrType::RRSIG, RrType::NSEC]);
            answered.sort();
            let exists = !types.contains(&RrType::NXNAME);
            prop_assert!(exists || answered.len() == 2);
            let shown: Vec<RrType> = types.into_iter().filter(|rtype| *rtype != RrType::NXNAME).collect();
            prop_assert_eq!(shown, answered, "{}", owner);
            prop_assert_eq!(support::ask(&plane, ask_for(&text, RrType(65280))).rcode == 3, !exists);
        }
    }

    /// Whatever is answered with DO is signed, or is a part of a delegation.
    #[test]
    fn everything_is_signed(sets in prop::collection::vec(record_set(), 0..14), asked in prop::collection::vec((owner(), prop::sample::select(TYPES.to_vec())), 1..12)) {
        let (plane, keys) = random_plane(&sets);
        for (owner, rtype) in asked {
            let message = support::ask(&plane, ask_for(&owner.to_string(), rtype).with_do());
            prop_assert!(matches!(message.rcode, 0));
            for line in describe(&message.answer, Some(&keys), NOW) {
                prop_assert!(line.ends_with(" signed"), "{}", line);
            }
            let is_referral = message.authority.first().is_some_and(|rrset| rrset.rtype == RrType::NS);
            for line in describe(&message.authority, Some(&keys), NOW).iter().skip(usize::from(is_referral)) {
                prop_assert!(line.ends_with(" signed"), "{}", line);
            }
            prop_assert!(!message.answer.is_empty() || message.authority.len() >= 2);
        }
    }
}
