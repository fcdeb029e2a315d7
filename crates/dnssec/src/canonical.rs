//! The canonical form of records and the octets that a signature covers.
//!
//! For: signing and verifying. Not for: answers, which keep the case they were given.
//! Limits: RDATA that is malformed for its type is taken as it is.

use std::borrow::Cow;

use wire::{CLASS_IN, Name, Reader, RrType, wire_len};

/// RDATA with the letters of its names in lower case, for the types that want it; else the same octets.
///
/// Source: RFC 4034 §6.2, without NSEC's next name (RFC 6840 §5.1).
pub fn canonical_rdata(rtype: RrType, rdata: &[u8]) -> Cow<'_, [u8]> {
    let Some((start, end)) = names_of(rtype, rdata) else { return Cow::Borrowed(rdata) };
    match rdata.get(start..end) {
        Some(names) if names.iter().any(u8::is_ascii_uppercase) => {
            let mut lower = rdata.to_vec();
            if let Some(names) = lower.get_mut(start..end) {
                // Length octets are at most 63 and so never letters.
                names.make_ascii_lowercase();
            }
            Cow::Owned(lower)
        }
        _ => Cow::Borrowed(rdata),
    }
}

/// Where in RDATA the names stand that canonical form lowers.
fn names_of(rtype: RrType, rdata: &[u8]) -> Option<(usize, usize)> {
    const A6: RrType = RrType(38);
    // RFC 4034 §6.2 item 3. HINFO is on its list but has no names (RFC 6840 §5.1).
    let (start, count) = match rtype {
        RrType::NS
        | RrType::MD
        | RrType::MF
        | RrType::CNAME
        | RrType::MB
        | RrType::MG
        | RrType::MR
        | RrType::PTR
        | RrType::NXT
        | RrType::DNAME => (0, 1),
        RrType::SOA | RrType::MINFO | RrType::RP => (0, 2),
        RrType::MX | RrType::AFSDB | RrType::RT | RrType::KX => (2, 1),
        RrType::PX => (2, 2),
        RrType::SRV => (6, 1),
        RrType::SIG | RrType::RRSIG => (18, 1),
        RrType::NAPTR => (naptr_name_at(rdata)?, 1),
        A6 => (1 + (128 - usize::from(rdata.first().copied().filter(|&bits| bits < 128)?)).div_ceil(8), 1),
        _ => return None,
    };
    let mut end = start;
    for _ in 0..count {
        end += wire_len(rdata.get(end..)?).ok()?;
    }
    Some((start, end))
}

/// Octets of a NAPTR before its name: two numbers and three strings (RFC 3403 §4.1).
fn naptr_name_at(rdata: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(rdata);
    reader.take(4)?;
    for _ in 0..3 {
        let len = reader.u8()?;
        reader.take(usize::from(len))?;
    }
    Some(reader.position())
}

/// The octets that a signature covers: RRSIG RDATA without the signature, then the records in canonical form and
/// order, equal ones once.
///
/// Shape:  `head` ends with the signer's name. If its Labels field is less than the owner has, the records are signed
///         as those of the wildcard.
/// Source: RFC 4034 §3.1.8.1, §6.3; RFC 4035 §5.3.2.
pub fn signed_data<R: AsRef<[u8]>>(
    head: &[u8],
    owner: &Name,
    rtype: RrType,
    original_ttl: u32,
    rdatas: &[R],
) -> Vec<u8> {
    let mut sorted: Vec<Cow<'_, [u8]>> =
        rdatas.iter().map(|rdata| canonical_rdata(rtype, rdata.as_ref())).collect();
    // RFC 4034 §6.3: by octets; duplicates are signed once.
    sorted.sort_unstable();
    sorted.dedup();

    let owner = signed_owner(owner, head.get(3).copied());
    let each = owner.len() + 10;
    let mut data =
        Vec::with_capacity(head.len() + sorted.iter().map(|rdata| each + rdata.len()).sum::<usize>());
    data.extend_from_slice(head);
    if let Some(signer) = data.get_mut(18..) {
        // RFC 4034 §3.1.8.1: the signer's name in canonical form.
        signer.make_ascii_lowercase();
    }
    for rdata in sorted {
        // RDATA is at most 65535 octets long in every value that came from a message or an edit.
        let len = u16::try_from(rdata.len()).unwrap_or(u16::MAX);
        data.extend_from_slice(&owner);
        data.extend_from_slice(&rtype.0.to_be_bytes());
        data.extend_from_slice(&CLASS_IN.to_be_bytes());
        data.extend_from_slice(&original_ttl.to_be_bytes());
        data.extend_from_slice(&len.to_be_bytes());
        data.extend_from_slice(&rdata);
    }
    data
}

/// The lower-case wire octets of the owner as signed (RFC 4035 §5.3.2).
fn signed_owner(owner: &Name, labels: Option<u8>) -> Vec<u8> {
    let mut wire = match labels {
        Some(labels) if labels < owner.rrsig_labels() => match owner.ancestor(labels) {
            Some(source) => [b"\x01*", source.as_wire()].concat(),
            None => owner.as_wire().to_vec(),
        },
        _ => owner.as_wire().to_vec(),
    };
    wire.make_ascii_lowercase();
    wire
}
