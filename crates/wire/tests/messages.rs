//! Requests, replies and whole messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use wire::{
    Builder, Flags, Full, Message, Name, Opt, ParseError, Query, QueryError, RRset, Rcode, RrType, Section,
    build_query,
};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn query(text: &str, rtype: RrType) -> Vec<u8> {
    build_query(0x1234, &name(text), rtype, true, true, true, 1232)
}

fn rrset(owner: &str, rtype: RrType, rdatas: &[&[u8]]) -> RRset {
    RRset { owner: name(owner), rtype, ttl: 300, rdatas: rdatas.iter().map(|&rdata| rdata.into()).collect() }
}

const OPT: Opt<'_> = Opt { udp_size: 1232, do_bit: false, co_bit: false, subnet: None, ede: None };

fn put(builder: &mut Builder<'_>, set: &RRset, first: usize) -> Result<(), Full> {
    let rdatas = set.rdatas.iter().map(|rdata| &**rdata);
    builder.rrset(Section::Answer, set.owner.as_wire(), set.rtype, set.ttl, rdatas, first)
}

#[test]
fn a_query_is_read_as_sent() {
    let packet = query("WwW.example.com", RrType::AAAA);
    let query = Query::parse(&packet).unwrap();
    assert_eq!(query.qname, b"\x03WwW\x07example\x03com\0");
    assert_eq!((query.id, query.qtype, query.qclass), (0x1234, RrType::AAAA, 1));
    assert!(query.rd && query.cd && !query.ad);
    assert_eq!(query.question, &packet[12..12 + 21]);
    let edns = query.edns.unwrap();
    assert_eq!((edns.udp_size, edns.version, edns.do_bit, edns.co_bit), (1232, 0, true, false));
    assert_eq!(query.to_kept().as_query(), query);
}

#[test]
fn what_is_no_query_is_dropped_or_refused() {
    let good = query("example.com", RrType::A);
    assert!(matches!(Query::parse(&good[..11]), Err(QueryError::Drop)));
    let mut reply = good.clone();
    reply[2] |= 0x80;
    assert!(matches!(Query::parse(&reply), Err(QueryError::Drop)));
    let mut notify = good.clone();
    notify[2] |= 4 << 3;
    assert!(
        matches!(Query::parse(&notify), Err(QueryError::NotImp(head)) if head.opcode == 4 && head.id == 0x1234)
    );
    for questions in [0, 2] {
        let mut packet = good.clone();
        packet[5] = questions;
        assert!(matches!(Query::parse(&packet), Err(QueryError::FormErr(_))));
    }
    let trailing = [good.as_slice(), b"x"].concat();
    assert!(matches!(Query::parse(&trailing), Err(QueryError::FormErr(_))));
    let two_opts = [good.as_slice(), &good[good.len() - 11..]].concat();
    let mut two_opts = two_opts;
    two_opts[11] = 2;
    assert!(matches!(Query::parse(&two_opts), Err(QueryError::FormErr(_))));
    // A pointer in the question's name: there is nothing before it.
    let pointer = b"\0\x01\0\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
    assert!(matches!(Query::parse(pointer), Err(QueryError::FormErr(_))));
}

#[test]
fn options_of_a_query_are_whole_or_make_it_malformed() {
    let with = |options: &[u8]| {
        let mut packet = query("example.com", RrType::A);
        let at = packet.len() - 2;
        packet[at..].copy_from_slice(&u16::try_from(options.len()).unwrap().to_be_bytes());
        packet.extend_from_slice(options);
        packet
    };
    // A cookie of a length that RFC 7873 forbids is nothing to us.
    assert!(Query::parse(&with(b"\0\x0a\0\x07clienti\0\x03\0\0")).unwrap().edns.is_some());
    for bad in [&b"\0\x0c\0\x05ab"[..], b"\0"] {
        assert!(matches!(Query::parse(&with(bad)), Err(QueryError::FormErr(_))), "{bad:?}");
        // Another version of EDNS may mean something by it, and has to be told that it is not spoken here.
        let mut later = with(bad);
        let version = later.len() - bad.len() - 5;
        later[version] = 1;
        assert_eq!(Query::parse(&later).unwrap().edns.unwrap().version, 1);
    }
}

#[test]
fn a_reply_points_to_the_question_and_echoes_its_case() {
    let packet = query("wWw.eXample.com", RrType::A);
    let query = Query::parse(&packet).unwrap();
    let mut buf = b"before".to_vec();
    let mut builder = Builder::reply(&mut buf, 1232, &query, Flags { aa: true, ..Flags::default() });
    let set = rrset("www.example.com", RrType::A, &[&[192, 0, 2, 1], &[192, 0, 2, 2]]);
    put(&mut builder, &set, 3).unwrap();
    builder
        .record(
            Section::Authority,
            name("example.com").as_wire(),
            RrType::NS,
            60,
            b"\x02ns\x07EXAMPLE\x03com\0",
        )
        .unwrap();
    builder.opt(&Opt { do_bit: true, ede: Some((22, "no reachable authority")), ..OPT });
    let len = builder.finish();
    let reply = &buf[6..];
    assert_eq!(reply.len(), len);
    // Owner C00C in both answers; the NS record's owner and target point into the question.
    assert_eq!(&reply[12 + 21..][..2], &[0xc0, 0x0c]);
    assert_eq!(&reply[12 + 21 + 16..][..2], &[0xc0, 0x0c]);
    assert_eq!(&reply[12 + 21 + 32..][..2], &[0xc0, 0x10]);
    assert_eq!(&reply[12 + 21 + 32 + 12..][..5], b"\x02ns\xc0\x10");

    let message = Message::parse(reply).unwrap();
    assert!(message.qr && message.aa && message.rd && message.cd && !message.tc && !message.ra);
    assert_eq!(message.question.unwrap().0.to_string(), "wWw.eXample.com.");
    assert_eq!(message.answer.len(), 1);
    assert_eq!(message.answer[0].owner.to_string(), "wWw.eXample.com.");
    assert_eq!(message.answer[0].rdatas.iter().map(|rdata| rdata[3]).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(
        message.authority,
        [RRset { ttl: 60, ..rrset("example.com", RrType::NS, &[b"\x02ns\x07eXample\x03com\0"]) }]
    );
    assert_eq!(message.edes, [(22, "no reachable authority".to_owned())]);
    assert!(message.edns.unwrap().do_bit);
}

#[test]
fn what_does_not_fit_is_taken_back_whole() {
    let packet = query("example.com", RrType::TXT);
    let query = Query::parse(&packet).unwrap();
    let mut buf = Vec::new();
    let mut builder = Builder::reply(&mut buf, 512, &query, Flags::default());
    let long = [&[200u8][..], &[b'x'; 200]].concat();
    let set = rrset("example.com", RrType::TXT, &[&long, &long, &long]);
    let before = builder.len();
    assert_eq!(put(&mut builder, &set, 0), Err(Full));
    assert_eq!(builder.len(), before);
    builder.truncate();
    builder.opt(&Opt { do_bit: true, ..OPT });
    let len = builder.finish();
    let message = Message::parse(&buf).unwrap();
    assert_eq!(len, buf.len());
    assert!(message.tc && message.answer.is_empty() && message.edns.is_some());
}

#[test]
fn room_for_the_opt_is_kept_and_its_options_give_way() {
    let packet = query("example.com", RrType::TXT);
    let query = Query::parse(&packet).unwrap();
    let mut buf = Vec::new();
    let mut builder =
        Builder::reply(&mut buf, 512, &query, Flags { rcode: Rcode::BADVERS, ..Flags::default() });
    // Header and question are 29 octets, a record around its RDATA 12, the OPT 11: 460 are left.
    assert_eq!(builder.record(Section::Answer, query.qname, RrType::TXT, 1, &[0; 461]), Err(Full));
    builder.record(Section::Answer, query.qname, RrType::TXT, 1, &[0; 454]).unwrap();
    builder.opt(&Opt { ede: Some((18, "this text does not fit")), ..OPT });
    assert_eq!(builder.finish(), 512);
    let message = Message::parse(&buf).unwrap();
    assert_eq!(message.edes, [(18, String::new())]);
    assert_eq!(message.rcode, 16);
}

#[test]
fn a_reply_without_a_question_is_a_header() {
    let mut notify = query("example.com", RrType::SOA);
    notify[2] |= 4 << 3;
    let Err(QueryError::NotImp(head)) = Query::parse(&notify) else { panic!("a NOTIFY is not served") };
    let mut buf = Vec::new();
    assert_eq!(Builder::head_only(&mut buf, head, Rcode::NOTIMP), 12);
    assert_eq!(buf, [0x12, 0x34, 0x80 | (4 << 3) | 1, 0x10 | 4, 0, 0, 0, 0, 0, 0, 0, 0]);
}

// The header of a reply with one question for "." and `answers` answers.
fn reply(answers: u8, records: &[u8]) -> Vec<u8> {
    [&[0, 1, 0x80, 0, 0, 1, 0, answers, 0, 0, 0, 0, 0, 0, 1, 0, 1][..], records].concat()
}

#[test]
fn pointers_only_go_back() {
    // The answers begin at offset 17.
    for (what, records) in [
        ("to itself", &b"\xc0\x11\0\x01\0\x01\0\0\0\0\0\x04abcd"[..]),
        ("forward", b"\xc0\x13\0\x01\0\x01\0\0\0\0\0\x04abcd"),
        ("around through a label", b"\x01a\xc0\x11\0\x01\0\x01\0\0\0\0\0\x04abcd"),
        ("into the header", b"\xc0\x04\0\x01\0\x01\0\0\0\0\0\x04abcd"),
    ] {
        assert_eq!(Message::parse(&reply(1, records)), Err(ParseError::BadPointer), "{what}");
    }
    let mutual = b"\0\0\x0a\0\x01\0\0\0\0\0\x04\xc0\x1e\xc0\x1c\xc0\x1c\0\x01\0\x01\0\0\0\0\0\x04abcd";
    assert_eq!(Message::parse(&reply(2, mutual)), Err(ParseError::BadPointer));
    let reserved = b"\x80\x11\0\x01\0\x01\0\0\0\0\0\x04abcd";
    assert_eq!(Message::parse(&reply(1, reserved)), Err(ParseError::BadName));
}

#[test]
fn a_name_may_not_outgrow_255_octets_through_pointers() {
    let label = [&[63u8][..], &[b'x'; 63]].concat();
    let mut records = [label.as_slice(), &label, &label, &label, b"\0"].concat();
    records.extend_from_slice(b"\0\x01\0\x01\0\0\0\0\0\x04abcd");
    assert_eq!(Message::parse(&reply(1, &records)), Err(ParseError::BadName));
}

#[test]
fn rdata_has_to_be_what_its_type_says() {
    for (rtype, rdata) in [
        (RrType::A, &b"abc"[..]),
        (RrType::AAAA, b"abcd"),
        (RrType::NS, b"\x01a\0x"),
        (RrType::MX, b"\0"),
        (RrType::MX, b"\0\x0a\x01a"),
        (RrType::SOA, b"\0\0short"),
        (RrType::SRV, b"\0\0\0\0\0"),
        (RrType::NAPTR, b"\0\0\0\0\x09abc"),
    ] {
        let mut records = vec![0, 0, rtype.0 as u8, 0, 1, 0, 0, 0, 0, 0, rdata.len() as u8];
        records.extend_from_slice(rdata);
        let result = Message::parse(&reply(1, &records));
        assert!(
            matches!(result, Err(ParseError::BadRdata | ParseError::Truncated)),
            "{rtype} {rdata:?}: {result:?}"
        );
    }
}

#[test]
fn names_in_rdata_are_decompressed() {
    // The targets point to "example", the first owner, at offset 17.
    let records = b"\x07example\0\0\x21\0\x01\0\0\0\0\0\x0c\0\x01\0\x02\0\x50\x03srv\xc0\x11\
                    \xc0\x11\0\x0f\0\x01\0\0\0\0\0\x07\0\x0a\x02mx\xc0\x11";
    let message = Message::parse(&reply(2, records)).unwrap();
    assert_eq!(&*message.answer[0].rdatas[0], b"\0\x01\0\x02\0\x50\x03srv\x07example\0");
    assert_eq!(&*message.answer[1].rdatas[0], b"\0\x0a\x02mx\x07example\0");
    // RFC 3597 §4: an unknown type's RDATA is opaque.
    let opaque = b"\0\xff\0\0\x01\0\0\0\0\0\x02\xc0\x11";
    assert_eq!(&*Message::parse(&reply(1, opaque)).unwrap().answer[0].rdatas[0], b"\xc0\x11");
}

#[test]
fn records_are_grouped_without_duplicates() {
    let records = b"\0\0\x01\0\x01\0\0\0\x0a\0\x04abcd\
                    \x01x\0\0\x01\0\x01\0\0\0\x01\0\x04abcd\
                    \0\0\x01\0\x01\0\0\0\x05\0\x04efgh\
                    \0\0\x01\0\x01\xff\0\0\0\0\x04abcd\
                    \0\0\x01\0\x03\0\0\0\x01\0\x04abcd";
    let message = Message::parse(&reply(5, records)).unwrap();
    assert_eq!(message.answer.len(), 2);
    assert_eq!(message.answer[0].rdatas, [(*b"abcd").into(), Box::<[u8]>::from(*b"efgh")]);
    // RFC 2181 §8: the top bit makes a TTL zero, and the smallest counts.
    assert_eq!(message.answer[0].ttl, 0);
    assert_eq!(message.answer[1].owner, name("x"));
}

#[test]
fn many_owners_are_grouped_too() {
    let mut packet = reply(200, b"");
    for round in 0..2u8 {
        for owner in 0..100u8 {
            packet.extend_from_slice(&[1, owner, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, round, 0, 0, owner]);
        }
    }
    let message = Message::parse(&packet).unwrap();
    // Upper- and lower-case letters are the same owner: 26 of the 100 octets are capitals, 3 small letters are in reach.
    let letters = (b'a'..100).count();
    assert_eq!(message.answer.len(), 100 - letters);
    assert!(message.answer.iter().all(|rrset| rrset.rdatas.len() == 2 || rrset.rdatas.len() == 4));
}

#[test]
fn a_truncated_message_gives_what_is_whole() {
    let records = b"\0\0\x01\0\x01\0\0\0\x0a\0\x04abcd\0\0\x01\0\x01\0\0";
    let mut packet = reply(2, records);
    assert_eq!(Message::parse(&packet), Err(ParseError::Truncated));
    packet[2] |= 0x02;
    let message = Message::parse(&packet).unwrap();
    assert!(message.tc);
    assert_eq!(message.answer[0].rdatas.len(), 1);
}

#[test]
fn types_have_names_and_numbers() {
    for (rtype, text) in
        [(RrType::A, "A"), (RrType::HTTPS, "HTTPS"), (RrType(65280), "TYPE65280"), (RrType::NXNAME, "NXNAME")]
    {
        assert_eq!(rtype.to_string(), text);
        assert_eq!(text.to_lowercase().parse(), Ok(rtype));
    }
    assert_eq!("TYPE1".parse(), Ok(RrType::A));
    for bad in ["", "TYPE", "TYPE65536", "TYPE+1", "TYPE-1", "AAAAA"] {
        assert!(bad.parse::<RrType>().is_err(), "{bad}");
    }
}
