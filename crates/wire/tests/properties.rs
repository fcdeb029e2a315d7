//! Properties of the wire formats, for any input.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use wire::{
    Builder, Choice, ClientSubnet, Content, Edit, EditError, Flags, Full, MAX_DEPTH, Message, Name, Opt,
    Query, RRset, RecordSet, RecordSetKey, Routing, RrType, Section, Subnet, build_query,
};

/// Few distinct labels, so that names often share suffixes; some with the octets that keys escape.
fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![&b"a"[..], b"A", b"b", b"www", b"Example", b"*", b"\0", b"\x01", b"a\0", b"-"])
            .prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..=63),
    ]
}

fn names() -> impl Strategy<Value = Name> {
    vec(label(), 0..6).prop_filter_map("too long", |labels| Name::from_labels(labels).ok())
}

fn record_type() -> impl Strategy<Value = RrType> {
    prop::sample::select(vec![
        RrType::A,
        RrType::NS,
        RrType::MX,
        RrType::SOA,
        RrType::TXT,
        RrType::NSEC,
        RrType(65280),
    ])
}

/// RDATA that fits its type.
fn rdata(rtype: RrType) -> BoxedStrategy<Box<[u8]>> {
    match rtype {
        RrType::A => any::<[u8; 4]>().prop_map(|octets| octets.into()).boxed(),
        RrType::NS => names().prop_map(|name| name.as_wire().into()).boxed(),
        RrType::MX => (any::<[u8; 2]>(), names())
            .prop_map(|(preference, name)| [&preference[..], name.as_wire()].concat().into())
            .boxed(),
        RrType::SOA => (names(), names(), any::<[u8; 20]>())
            .prop_map(|(mname, rname, rest)| [mname.as_wire(), rname.as_wire(), &rest].concat().into())
            .boxed(),
        _ => vec(any::<u8>(), 0..300).prop_map(Into::into).boxed(),
    }
}

fn rrset() -> impl Strategy<Value = RRset> {
    (names(), record_type(), 0..=i32::MAX as u32).prop_flat_map(|(owner, rtype, ttl)| {
        vec(rdata(rtype), 1..4).prop_map(move |rdatas| RRset { owner: owner.clone(), rtype, ttl, rdatas })
    })
}

fn put(builder: &mut Builder<'_>, rrset: &RRset) -> Result<(), Full> {
    let rdatas = rrset.rdatas.iter().map(|rdata| &**rdata);
    builder.rrset(Section::Answer, rrset.owner.as_wire(), rrset.rtype, rrset.ttl, rdatas, 0)
}

fn routing() -> impl Strategy<Value = Option<Routing>> {
    prop_oneof![
        Just(None),
        any::<u8>().prop_map(|weight| Some(Routing::Weighted(weight))),
        any::<bool>().prop_map(|primary| Some(Routing::Failover { primary })),
        Just(Some(Routing::Multivalue)),
        (".{0,8}", ".{0,8}").prop_map(|(collection, location)| {
            Some(Routing::Cidr { collection: collection.into(), location: location.into() })
        }),
        any::<bool>().prop_map(|default| Some(Routing::Located { default })),
    ]
}

fn choice_of(content: impl Strategy<Value = Content>) -> impl Strategy<Value = Choice> {
    (".{0,12}", routing(), of(".{1,12}"), content).prop_map(|(set_id, routing, health_check, content)| {
        let health_check = health_check.map(Into::into);
        Choice { set_id: set_id.into(), routing, health_check, content }
    })
}

fn content() -> impl Strategy<Value = Content> {
    let leaf = prop_oneof![
        (any::<u32>(), vec(vec(any::<u8>(), 0..40).prop_map(Into::into), 1..4))
            .prop_map(|(ttl, rdatas)| Content::Records { ttl, rdatas }),
        (names(), any::<bool>())
            .prop_map(|(target, evaluate_health)| Content::Alias { target, evaluate_health }),
        any::<bool>().prop_map(|evaluate_health| Content::Unresolved { evaluate_health }),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        (vec(choice_of(inner), 1..4), any::<bool>())
            .prop_map(|(group, evaluate_health)| Content::Written { group, evaluate_health })
    })
}

fn record_set() -> impl Strategy<Value = RecordSet> {
    (names(), any::<u16>(), choice_of(content())).prop_map(|(owner, rtype, choice)| RecordSet {
        owner,
        rtype: RrType(rtype),
        choice,
    })
}

/// A query whose OPT has an option a few times.
fn with_option(code: u16, data: &[u8], times: usize) -> Vec<u8> {
    let mut packet = build_query(7, &Name::root(), RrType::A, false, false, true, 1232);
    let length = |octets: &[u8]| u16::try_from(octets.len()).unwrap().to_be_bytes();
    let option = [&code.to_be_bytes()[..], &length(data), data].concat().repeat(times);
    let len = packet.len();
    packet[len - 2..].copy_from_slice(&length(&option));
    [packet, option].concat()
}

/// The RRset as its name-carrying RDATA compares: names without case.
fn folded(rrset: &RRset) -> (Name, RrType, Vec<Vec<u8>>) {
    let rdatas = rrset.rdatas.iter().map(|rdata| match rrset.rtype {
        RrType::NS | RrType::MX | RrType::SOA => rdata.to_ascii_lowercase(),
        _ => rdata.to_vec(),
    });
    (rrset.owner.clone(), rrset.rtype, rdatas.collect())
}

proptest! {
    #[test]
    fn text_and_wire_of_a_name_come_back(name in names()) {
        let parsed = Name::parse(&name.to_string()).unwrap();
        prop_assert_eq!(parsed.as_wire(), name.as_wire());
        let copied = Name::from_wire(name.as_wire()).unwrap();
        prop_assert_eq!(copied.as_wire(), name.as_wire());
        prop_assert_eq!(Name::from_labels(name.labels()).unwrap(), name);
    }

    #[test]
    fn key_order_is_canonical_order(a in names(), b in names()) {
        prop_assert_eq!(a.key().cmp(&b.key()), a.cmp(&b));
        prop_assert_eq!(a.key() == b.key(), a == b);
    }

    #[test]
    fn below_is_a_prefix_of_keys(a in names(), b in names(), depth in 0u8..6) {
        prop_assert_eq!(a.key().starts_with(&b.key()), a.is_at_or_below(&b));
        if let Some(above) = a.ancestor(depth) {
            prop_assert!(a.is_at_or_below(&above));
            prop_assert!(a.key().starts_with(&above.key()));
            prop_assert!(above <= a);
        }
    }

    #[test]
    fn an_edit_comes_back(puts in vec(record_set(), 0..5), deleted in vec(record_set(), 0..5)) {
        let deletes: Vec<RecordSetKey> = deleted.iter().map(RecordSet::key).collect();
        let edit = Edit { puts, deletes };
        prop_assert_eq!(Edit::decode(&edit.encode()), Ok(edit));
    }

    #[test]
    fn joined_puts_are_the_encoded_edit(puts in vec(record_set(), 0..5), deleted in vec(record_set(), 0..5)) {
        let deletes: Vec<RecordSetKey> = deleted.iter().map(RecordSet::key).collect();
        let encoded: Vec<Vec<u8>> = puts.iter().map(RecordSet::encode).collect();
        let joined = Edit::join(encoded.iter().map(Vec::as_slice), &deletes).unwrap();
        for (octets, put) in encoded.iter().zip(&puts) {
            prop_assert_eq!(&RecordSet::decode(octets).unwrap(), put);
        }
        prop_assert_eq!(joined, Edit { puts, deletes }.encode());
    }

    #[test]
    fn a_cut_or_lengthened_put_is_refused(put in record_set(), cut in any::<prop::sample::Index>()) {
        let mut octets = put.encode();
        prop_assert!(RecordSet::decode(&octets[..cut.index(octets.len())]).is_err());
        octets.push(0);
        prop_assert_eq!(RecordSet::decode(&octets), Err(EditError::TrailingOctets));
    }

    #[test]
    fn a_cut_or_lengthened_edit_is_refused(put in record_set(), cut in any::<prop::sample::Index>()) {
        let mut octets = Edit { puts: vec![put], deletes: Vec::new() }.encode();
        prop_assert!(Edit::decode(&octets[..cut.index(octets.len())]).is_err());
        octets.push(0);
        prop_assert!(Edit::decode(&octets).is_err());
    }

    #[test]
    fn a_built_message_parses_to_what_fitted(
        qname in names(),
        rrsets in vec(rrset(), 0..8),
        limit in 512usize..2000,
        prefix in 0usize..3,
        override_owner in any::<bool>(),
    ) {
        let packet = build_query(7, &qname, RrType::A, false, false, true, 1232);
        let query = Query::parse(&packet).unwrap();
        let mut buf = vec![0xff; prefix];
        let mut builder = Builder::reply(&mut buf, limit, &query, Flags::default());
        let mut kept = Vec::new();
        for rrset in &rrsets {
            let owner = if override_owner { qname.clone() } else { rrset.owner.clone() };
            let rrset = RRset { owner, ..rrset.clone() };
            if put(&mut builder, &rrset).is_ok() {
                kept.push(rrset);
            }
        }
        builder.opt(&Opt { udp_size: 1232, ede: Some((0, "text")), ..Opt::default() });
        let len = builder.finish();
        prop_assert!(len <= limit);
        prop_assert_eq!(buf.len(), prefix + len);
        prop_assert_eq!(buf.iter().take(prefix).filter(|&&octet| octet == 0xff).count(), prefix);

        let message = Message::parse(&buf[prefix..]).unwrap();
        let (echoed, ..) = message.question.unwrap();
        prop_assert_eq!(echoed.as_wire(), qname.as_wire());
        prop_assert!(message.edns.is_some());
        for wanted in kept {
            let (owner, rtype, rdatas) = folded(&wanted);
            let got: Vec<_> = message.answer.iter().filter(|got| got.owner == owner && got.rtype == rtype).collect();
            prop_assert_eq!(got.len(), 1);
            let (_, _, have) = folded(got[0]);
            prop_assert!(rdatas.iter().all(|rdata| have.contains(rdata)));
        }
    }

    #[test]
    fn a_subnet_is_read_if_it_is_whole_and_comes_back(
        family in prop_oneof![3 => 1u16..3, 1 => 0u16..4],
        source in prop_oneof![0u8..=32, any::<u8>()],
        scope in prop_oneof![9 => Just(0u8), 1 => any::<u8>()],
        address in vec(any::<u8>(), 0..18),
        fits in prop::bool::weighted(0.8),
        answered in 0u8..=128,
    ) {
        let most = [0, 32, 128, 0][usize::from(family)];
        let mut address = address;
        if fits {
            address.resize(usize::from(source).div_ceil(8), 0x5a);
            if let Some(last) = address.last_mut() {
                *last &= u8::MAX << (7 - (source - 1) % 8);
            }
        }
        let bits = address.iter().flat_map(|octet| (0..8).map(move |n| octet >> (7 - n) & 1 == 1));
        let is_whole = scope == 0
            && family < 3
            && source <= most
            && address.len() == usize::from(source).div_ceil(8)
            && !bits.skip(usize::from(source)).any(|bit| bit);
        let data = [&family.to_be_bytes()[..], &[source, scope], &address].concat();
        let packet = with_option(8, &data, 1);
        let query = Query::parse(&packet).unwrap();
        let Some(subnet) = query.subnet().given() else {
            prop_assert!(!is_whole && *query.subnet() == Subnet::Malformed);
            return Ok(());
        };
        prop_assert!(is_whole);
        prop_assert_eq!(subnet.length(), source);
        prop_assert_eq!(subnet.address().is_some(), family != 0);
        let mut without = query.clone();
        without.forget_subnet();
        prop_assert_eq!(without.subnet(), &Subnet::Absent);
        let twice = with_option(8, &data, 2);
        let twice = Query::parse(&twice).unwrap();
        prop_assert_eq!(twice.subnet(), &Subnet::Malformed);
        // The reply has it with the scope, also where it is full.
        for limit in [512, packet.len()] {
            let mut buf = Vec::new();
            let mut builder = Builder::reply(&mut buf, limit, &query, Flags::default());
            while builder.record(Section::Answer, b"\x01x\0", RrType::TXT, 1, b"\x03abc").is_ok() {}
            builder.opt(&Opt { subnet: Some((subnet, answered)), ede: Some((0, "text")), ..Opt::default() });
            prop_assert!(builder.finish() <= limit);
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            let expected = [&[0, 8], &length[..], &data[..3], &[answered], &address].concat();
            prop_assert!(buf.windows(expected.len()).any(|window| window == expected));
        }
    }

    #[test]
    fn no_octets_make_a_parser_panic(octets in vec(any::<u8>(), 0..400)) {
        let _ = Query::parse(&octets);
        let _ = Message::parse(&octets);
        let _ = Name::from_wire(&octets);
        let _ = Edit::decode(&octets);
        let _ = wire::Key::of_lowercase_wire(&octets);
        let _ = Edit::decode(&[b"S53E\x02", octets.as_slice()].concat());
        let _ = RecordSet::decode(&[b"\x02", octets.as_slice()].concat());
        let _ = ClientSubnet::parse(&octets);
        let _ = Query::parse(&with_option(8, &octets, 1));
    }

    #[test]
    fn no_damage_makes_a_parser_panic(
        rrsets in vec(rrset(), 0..4),
        hits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let packet = build_query(7, &Name::parse("www.example").unwrap(), RrType::A, false, false, true, 1232);
        let query = Query::parse(&packet).unwrap();
        let mut buf = Vec::new();
        let mut builder = Builder::reply(&mut buf, 65535, &query, Flags::default());
        for rrset in &rrsets {
            put(&mut builder, rrset).unwrap();
        }
        builder.finish();
        let mut packet = packet.clone();
        for (at, octet) in hits {
            let place = at.index(buf.len());
            buf[place] = octet;
            let place = at.index(packet.len());
            packet[place] = octet;
        }
        let _ = Message::parse(&buf);
        // Nor does a reply to whatever the query has become.
        if let Ok(query) = Query::parse(&packet) {
            let mut out = Vec::new();
            let mut builder = Builder::reply(&mut out, 512, &query, Flags::default());
            let _ = builder.record(Section::Answer, query.qname, RrType::A, 1, &buf);
            builder.opt(&Opt { udp_size: 512, ..Opt::default() });
            prop_assert!(builder.finish() <= 512);
        }
    }

    #[test]
    fn any_octets_as_owner_or_rdata_stay_below_the_limit(
        owner in vec(any::<u8>(), 0..300),
        data in vec(any::<u8>(), 0..600),
        rtype in record_type(),
        limit in 0usize..700,
    ) {
        let packet = build_query(7, &Name::parse("www.example").unwrap(), RrType::A, false, false, true, 1232);
        let query = Query::parse(&packet).unwrap();
        let mut buf = Vec::new();
        let mut builder = Builder::reply(&mut buf, limit, &query, Flags::default());
        let _ = builder.record(Section::Answer, &owner, rtype, 1, &data);
        let _ = builder.record(Section::Authority, &owner, rtype, 1, &data);
        builder.opt(&Opt { udp_size: 1232, ede: Some((1, "x")), ..Opt::default() });
        prop_assert!(builder.finish() <= limit.max(12));
    }
}

#[test]
fn groups_in_groups_end_somewhere() {
    let nest = |depth: usize| {
        let leaf = Content::Unresolved { evaluate_health: false };
        let content = (0..depth).fold(leaf, |content, _| Content::Written {
            group: vec![Choice::simple(content)],
            evaluate_health: false,
        });
        assert_eq!(content.depth(), depth);
        RecordSet { owner: Name::root(), rtype: RrType::A, choice: Choice::simple(content) }
    };
    let deepest = nest(MAX_DEPTH);
    assert_eq!(RecordSet::decode(&deepest.encode()), Ok(deepest));
    assert_eq!(RecordSet::decode(&nest(MAX_DEPTH + 1).encode()), Err(EditError::TooDeep));
}
