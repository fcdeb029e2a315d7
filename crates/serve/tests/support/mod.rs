//! Asking a plane in tests, and judging what it says with nothing but the keys.
#![allow(dead_code)]

#[path = "../../../zone/tests/support/mod.rs"]
pub mod text;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use dnssec::{KSK_FLAGS, Rrsig, SigningKey, Window, denial};
use serve::{Asker, Plane, SealedKey, SigningChange, SigningParts};
use text::{edit, name};
use wire::{Message, Name, RRset, RrType};

pub const NOW: u64 = 1_800_000_000;
pub const KEK: [u8; 32] = [7; 32];
pub const DNSKEY_TTL: u32 = 3600;

/// The public keys that a judge needs.
pub struct Keys {
    pub apex: Name,
    pub ksk: Vec<u8>,
    pub zsk: Vec<u8>,
}

/// Keys and windows around `NOW`.
pub fn signing(apex: &Name) -> (SigningParts, Keys) {
    signing_until(apex, NOW + 40_000)
}

pub fn signing_until(apex: &Name, expiration: u64) -> (SigningParts, Keys) {
    let (_, ksk) = SigningKey::generate(KSK_FLAGS).unwrap();
    let (sealed, zsk) = dnssec::generate_zsk(&KEK, b"zone").unwrap();
    let dnskeys: Vec<Box<[u8]>> = vec![ksk.dnskey_rdata().into(), zsk.as_slice().into()];
    let (inception, expiration) = (u32::try_from(NOW - 3600).unwrap(), u32::try_from(expiration).unwrap());
    let rrsig =
        ksk.sign_rrset(apex, RrType::DNSKEY, DNSKEY_TTL, &dnskeys, apex, inception, expiration).unwrap();
    let windows = vec![Window { from: inception, inception, expiration, rrsigs: vec![rrsig.into()] }];
    let key = SealedKey { sealed: sealed.into(), aad: b"zone"[..].into(), dnskey: zsk.as_slice().into() };
    let keys = Keys { apex: apex.clone(), ksk: ksk.dnskey_rdata().to_vec(), zsk };
    (SigningParts { dnskey_ttl: DNSKEY_TTL, dnskeys, windows, keys: vec![key] }, keys)
}

/// A plane with one signed zone in the view `v`.
pub fn signed_plane(origin: &str, contents: &str) -> (Plane, Keys) {
    let plane = Plane::new(KEK);
    let (parts, keys) = signing(&name(origin));
    publish(&plane, "z", origin, contents, SigningChange::Set(parts));
    plane.set_view("v", &["z"]);
    (plane, keys)
}

/// A plane with one unsigned zone in the view `v`.
pub fn plain_plane(origin: &str, contents: &str) -> Plane {
    let plane = Plane::new(KEK);
    publish(&plane, "z", origin, contents, SigningChange::Unsigned);
    plane.set_view("v", &["z"]);
    plane
}

pub fn publish(plane: &Plane, zone_id: &str, origin: &str, contents: &str, signing: SigningChange) {
    let version = plane.version(zone_id).unwrap_or(0) + 1;
    let candidate = plane.stage(zone_id, &name(origin), None, version, &edit(origin, contents), signing);
    plane.commit(candidate.unwrap()).unwrap();
}

/// A question with everything that may vary.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub qname: &'a str,
    pub qtype: RrType,
    pub edns: Option<u16>,
    pub do_bit: bool,
    pub co_bit: bool,
    pub ad: bool,
    pub cd: bool,
    pub rd: bool,
    pub tcp: bool,
    pub client: IpAddr,
    /// The client subnet option: family, source, scope, address.
    pub subnet: Option<(u16, u8, u8, &'a [u8])>,
}

pub fn ask_for(qname: &str, qtype: RrType) -> Question<'_> {
    Question {
        qname,
        qtype,
        edns: Some(4096),
        do_bit: false,
        co_bit: false,
        ad: false,
        cd: false,
        rd: false,
        tcp: false,
        client: Ipv4Addr::LOCALHOST.into(),
        subnet: None,
    }
}

impl<'a> Question<'a> {
    pub fn with_do(self) -> Self {
        Self { do_bit: true, ..self }
    }

    pub fn from(self, client: &str) -> Self {
        Self { client: client.parse().unwrap(), ..self }
    }

    /// For a client in an IPv4 network.
    pub fn for_subnet(self, address: &'a [u8], source: u8) -> Self {
        Self { subnet: Some((1, source, 0, address)), ..self }
    }

    pub fn asker(&self) -> Asker {
        Asker { client: self.client, tcp: self.tcp }
    }

    pub fn packet(&self) -> Vec<u8> {
        let qname = name(self.qname);
        let mut packet = wire::build_query(77, &qname, self.qtype, self.rd, self.cd, self.do_bit, 0);
        packet[3] |= u8::from(self.ad) << 5;
        match self.edns {
            Some(size) => {
                let opt = packet.len() - 11;
                packet[opt + 3..opt + 5].copy_from_slice(&size.to_be_bytes());
                packet[opt + 7] |= u8::from(self.co_bit) << 6;
                if let Some((family, source, scope, address)) = self.subnet {
                    let data = [&family.to_be_bytes()[..], &[source, scope], address].concat();
                    let length = u8::try_from(data.len()).unwrap();
                    packet[opt + 10] = length + 4;
                    packet.extend([0, 8, 0, length]);
                    packet.extend(data);
                }
            }
            None => {
                packet.truncate(packet.len() - 11);
                packet[11] = 0;
            }
        }
        packet
    }
}

pub fn try_ask(plane: &Plane, view_id: &str, question: Question<'_>, now: u64) -> Option<Message> {
    let reply = plane.answer(view_id, &question.packet(), now, question.asker())?;
    let most = match (question.tcp, question.edns) {
        (true, _) => 65535,
        (false, None) => 512,
        (false, Some(size)) => usize::from(size.clamp(512, 1232)),
    };
    assert!(reply.len() <= most, "{} octets, at most {most}", reply.len());
    let message = Message::parse(&reply).unwrap();
    assert!(message.qr && message.id == 77);
    assert_eq!(message.edns.is_some(), question.edns.is_some());
    assert_eq!(message.edns.is_some_and(|edns| edns.do_bit), question.do_bit);
    let (qname, qtype, _) = message.question.clone().unwrap();
    assert_eq!((qname.as_wire(), qtype), (name(question.qname).as_wire(), question.qtype));
    Some(message)
}

pub fn ask(plane: &Plane, question: Question<'_>) -> Message {
    try_ask(plane, "v", question, NOW).unwrap()
}

pub fn counter(plane: &Plane, name: &str) -> u64 {
    plane.counters().into_iter().find(|(known, _)| known == name).unwrap_or_default().1
}

/// A section in words: `owner ttl type xN`, with `signed` where a signature verifies, and the types of an NSEC.
///
/// Panics for a signature that covers nothing, does not verify, is out of its time, or counts too few labels.
pub fn describe(section: &[RRset], keys: Option<&Keys>, now: u64) -> Vec<String> {
    let mut signatures = BTreeMap::<_, Vec<(u32, &[u8])>>::new();
    for rrset in section.iter().filter(|rrset| rrset.rtype == RrType::RRSIG) {
        for rdata in &rrset.rdatas {
            let covered = Rrsig::parse(rdata).unwrap().type_covered;
            signatures.entry((rrset.owner.clone(), covered)).or_default().push((rrset.ttl, rdata));
        }
    }
    let mut lines = Vec::new();
    for rrset in section.iter().filter(|rrset| rrset.rtype != RrType::RRSIG) {
        let mut line = format!("{} {} {}", rrset.owner, rrset.ttl, rrset.rtype);
        if rrset.rtype == RrType::NSEC {
            let (next, types) = denial::nsec_types(&rrset.rdatas[0]).unwrap();
            assert_eq!(next, rrset.owner.child(b"\0").unwrap());
            let types: Vec<String> = types.iter().map(RrType::to_string).collect();
            line = format!("{line} [{}]", types.join(" "));
        } else {
            line = format!("{line} x{}", rrset.rdatas.len());
        }
        for (ttl, rdata) in signatures.remove(&(rrset.owner.clone(), rrset.rtype)).unwrap_or_default() {
            judge(rrset, rdata, keys.unwrap(), now);
            assert_eq!(ttl, rrset.ttl);
            line.push_str(" signed");
        }
        lines.push(line);
    }
    for (owner, covered) in signatures.keys() {
        lines.push(format!("{owner} RRSIG of {covered}"));
    }
    lines
}

fn judge(rrset: &RRset, rrsig: &[u8], keys: &Keys, now: u64) {
    let key = if rrset.rtype == RrType::DNSKEY { &keys.ksk } else { &keys.zsk };
    dnssec::verify_rrset(&rrset.owner, rrset.rtype, &rrset.rdatas, rrsig, key).unwrap();
    let rrsig = Rrsig::parse(rrsig).unwrap();
    assert_eq!(rrsig.signer, keys.apex);
    assert_eq!(rrsig.labels, rrset.owner.rrsig_labels(), "{} {}", rrset.owner, rrset.rtype);
    assert!(rrset.ttl <= rrsig.original_ttl);
    let (inception, expiration) = (u64::from(rrsig.inception), u64::from(rrsig.expiration));
    assert!(inception <= now && now + u64::from(rrset.ttl) < expiration);
    if rrset.rtype != RrType::DNSKEY {
        assert!(now - inception <= 3600 + 1800 && expiration > now + 1800 + u64::from(rrset.ttl));
    }
}
