//! What holds for any packet and any zone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dnssec::denial;
use proptest::prelude::*;
use serve::{Asker, Cidr, Entry, Plane, ResolverSettings, SigningChange};
use support::text::name;
use support::{Keys, NOW, ask_for, describe, publish, signed_plane, signing};
use wire::{Choice, Content, Edit, Message, Name, RRset, RecordSet, Routing, RrType};

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

fn routing() -> impl Strategy<Value = Option<Routing>> {
    prop_oneof![
        3 => Just(None),
        1 => (0u8..3).prop_map(|weight| Some(Routing::Weighted(weight))),
        1 => any::<bool>().prop_map(|primary| Some(Routing::Failover { primary })),
        1 => Just(Some(Routing::Multivalue)),
        1 => prop::sample::select(vec!["near", "far", "*"]).prop_map(|location| {
            Some(Routing::Cidr { collection: "C".into(), location: location.into() })
        }),
    ]
}

/// Leaves and groups of them.
fn content(rtype: RrType) -> impl Strategy<Value = Content> {
    let leaf = move || {
        prop_oneof![
            6 => Just(records(rtype)),
            3 => (owner(), any::<bool>())
                .prop_map(|(target, evaluate_health)| Content::Alias { target, evaluate_health }),
            1 => Just(Content::Unresolved { evaluate_health: true }),
        ]
    };
    let member = (routing(), leaf(), "[xy]").prop_map(|(routing, content, set_id)| Choice {
        set_id: set_id.into(),
        routing,
        ..Choice::simple(content)
    });
    prop_oneof![
        6 => leaf(),
        1 => (prop::collection::vec(member, 1..3), any::<bool>())
            .prop_map(|(group, evaluate_health)| Content::Written { group, evaluate_health }),
    ]
}

fn record_set() -> impl Strategy<Value = RecordSet> {
    let rtypes = prop::sample::select(TYPES.to_vec());
    rtypes.prop_flat_map(|rtype| {
        let check = prop::option::of(prop::sample::select(vec!["ill", "well"]));
        let set_id = prop::sample::select(vec!["", "x", "y"]);
        (owner(), content(rtype), set_id, routing(), check).prop_map(
            move |(owner, content, set_id, routing, check)| {
                let choice = match rtype {
                    RrType::NS | RrType::DS => Choice::simple(records(rtype)),
                    _ => {
                        let health_check = check.map(Into::into);
                        Choice { set_id: set_id.into(), routing, health_check, content }
                    }
                };
                RecordSet { owner, rtype, choice }
            },
        )
    })
}

fn has_blocks(choice: &Choice) -> bool {
    let deeper = match &choice.content {
        Content::Written { group, .. } => group.iter().any(has_blocks),
        _ => false,
    };
    deeper || matches!(choice.routing, Some(Routing::Cidr { .. }))
}

/// In a block of the one location, of the other, and of none.
const CLIENTS: [&str; 3] = ["10.0.0.1", "10.1.0.1", "192.0.2.1"];

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
    plane.set_health([("ill", false), ("well", true)]);
    plane.set_cidr(
        Cidr::parse([("C", vec![("near", vec!["10.0.0.0/16"]), ("far", vec!["10.1.0.0/16"])])]).unwrap(),
    );
    (plane, keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The bitmap of a denial names exactly the types that are answered at the name: to somebody, and the one asked for
    /// not to this client.
    #[test]
    fn bitmaps_are_exact(sets in prop::collection::vec(record_set(), 0..14), asked in prop::collection::vec(owner(), 1..8)) {
        let (plane, keys) = random_plane(&sets);
        let owners: BTreeSet<Name> = sets.iter().map(|set| set.owner.clone()).chain(asked).collect();
        for owner in owners {
            let text = owner.to_string();
            let replies: BTreeMap<(RrType, &str), Message> = TYPES
                .into_iter()
                .chain([RrType(65280)])
                .flat_map(|rtype| CLIENTS.map(|client| (rtype, client)))
                .map(|(rtype, client)| {
                    let message = support::ask(&plane, ask_for(&text, rtype).with_do().from(client));
                    describe(&message.answer, Some(&keys), NOW);
                    describe(&message.authority, Some(&keys), NOW);
                    ((rtype, client), message)
                })
                .collect();
            let reply = |rtype, client| &replies[&(rtype, client)];
            let bitmap = |message: &Message| {
                let nsec = message.authority.iter().find(|rrset| rrset.rtype == RrType::NSEC)?;
                Some((nsec.owner.clone(), denial::nsec_types(&nsec.rdatas[0]).unwrap().1))
            };
            let is_answered = |rtype: RrType, client| {
                let message = reply(rtype, client);
                let cname = reply(RrType::CNAME, client);
                let has_no_cname = cname.rcode != 2 && cname.answer.is_empty();
                // What is not known is there, at this name or behind its CNAME.
                (message.rcode == 2 && (rtype == RrType::CNAME || has_no_cname))
                    || message.answer.iter().any(|rrset| rrset.rtype == rtype && rrset.owner == owner)
            };
            for client in CLIENTS {
                let denied = reply(RrType(65280), client);
                if denied.rcode == 2 || !denied.answer.is_empty() {
                    prop_assert!(is_answered(RrType::CNAME, client));
                    continue;
                }
                let is_referral = denied.authority[0].rtype == RrType::NS;
                let Some((at, types)) = bitmap(denied) else {
                    prop_assert!(is_referral && denied.authority[1].rtype == RrType::DS);
                    continue;
                };
                if is_referral {
                    prop_assert_eq!(types, [RrType::NS, RrType::RRSIG, RrType::NSEC]);
                    continue;
                }
                prop_assert_eq!(&at, &owner);
                let mut answered: Vec<RrType> = TYPES
                    .into_iter()
                    // A CNAME that others get is not there for this client, who would have to follow it.
                    .filter(|rtype| *rtype != RrType::CNAME && CLIENTS.iter().any(|client| is_answered(*rtype, client)))
                    .collect();
                answered.extend([RrType::RRSIG, RrType::NSEC]);
                answered.sort();
                let exists = !types.contains(&RrType::NXNAME);
                prop_assert!(exists || answered.len() == 2);
                let shown: Vec<RrType> = types.into_iter().filter(|rtype| *rtype != RrType::NXNAME).collect();
                if shown != answered {
                    // Locations in locations may leave nobody, which the bitmap does not look for.
                    prop_assert!(sets.iter().any(|set| has_blocks(&set.choice)), "{:?} {:?}", shown, answered);
                    prop_assert!(answered.iter().all(|rtype| shown.contains(rtype)), "{:?} {:?}", shown, answered);
                }
                prop_assert_eq!(support::ask(&plane, ask_for(&text, RrType(65280)).from(client)).rcode == 3, !exists);
                for rtype in TYPES {
                    let message = reply(rtype, client);
                    if let (true, Some((at, types))) = (message.answer.is_empty(), bitmap(message)) {
                        let rest: Vec<RrType> = shown.iter().copied().filter(|shown| *shown != rtype).collect();
                        let types: Vec<RrType> = types.into_iter().filter(|shown| *shown != RrType::NXNAME).collect();
                        // DS at a cut is answered with another view on the name.
                        prop_assert!(at != owner || types == rest, "{} {} {:?} {:?}", owner, rtype, types, rest);
                    }
                }
            }
        }
    }

    /// Whatever is answered with DO is signed, or is a part of a delegation.
    #[test]
    fn everything_is_signed(sets in prop::collection::vec(record_set(), 0..14), asked in prop::collection::vec((owner(), prop::sample::select(TYPES.to_vec())), 1..12)) {
        let (plane, keys) = random_plane(&sets);
        for (owner, rtype) in asked {
            let client = CLIENTS[owner.as_wire().len() % 3];
            let message = support::ask(&plane, ask_for(&owner.to_string(), rtype).with_do().from(client));
            if message.rcode == 2 {
                prop_assert!(message.answer.is_empty() && message.edes[0].0 == 22);
                continue;
            }
            prop_assert_eq!(message.rcode, 0);
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
