//! Compact denial of existence (RFC 9824): one NSEC at the name that was asked for.
//!
//! For: signing absence per answer, without knowing the neighbors.
//! Not for: which types exist there; the lookup's outcome says so. An absent name is NXNAME among its types (§3.1).

use wire::{MAX_LABEL, MAX_NAME, Name, RrType};

use crate::denial::bitmap;

/// NSEC RDATA that covers nothing but `owner`: the next name is its immediate successor.
///
/// Shape:  `types` are those that exist at `owner`, NXNAME if it does not exist; RRSIG and NSEC are added, since the
///         NSEC itself is there and signed. `apex` is the zone that `owner` is in.
/// Source: RFC 9824 §3.1 to §3.4.
pub fn nsec_rdata(owner: &Name, apex: &Name, types: &[RrType]) -> Vec<u8> {
    let mut rdata = successor(owner.as_wire(), apex.as_wire());
    let types = [types, &[RrType::RRSIG, RrType::NSEC]].concat();
    rdata.extend_from_slice(&bitmap::encode(&types));
    rdata
}

/// The wire name that follows `wire` immediately in canonical order; after the last possible one it is the apex.
fn successor(wire: &[u8], apex: &[u8]) -> Vec<u8> {
    // RFC 9824 §3.1: `\000.` in front.
    if wire.len() + 2 <= MAX_NAME {
        return [&[1, 0], wire].concat();
    }
    // No name below fits, so what follows is beside: RFC 4471 §3.1.2.
    let mut rest = wire;
    while rest.len() > apex.len() {
        let label = rest.split_first().and_then(|(len, tail)| tail.split_at_checked(usize::from(*len)));
        let Some((label, above)) = label else { break };
        if let Some(next) = next_label(label, wire_room(above)) {
            return [&[next.len() as u8], next.as_slice(), above].concat();
        }
        rest = above;
    }
    // RFC 4034 §4.1.1: the last name of a zone names the apex.
    apex.to_vec()
}

/// Octets that a label in front of `above` may have.
fn wire_room(above: &[u8]) -> usize {
    MAX_LABEL.min(MAX_NAME.saturating_sub(above.len() + 1))
}

/// The label that follows `label` immediately among its siblings; `None` after the last one.
fn next_label(label: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut next = label.to_ascii_lowercase();
    if next.len() < room {
        next.push(0);
        return Some(next);
    }
    while let Some(last) = next.pop() {
        if last < u8::MAX {
            // Upper-case letters sort as lower-case ones, so their place is skipped.
            next.push(if last == b'@' { b'[' } else { last + 1 });
            return Some(next);
        }
    }
    None
}
