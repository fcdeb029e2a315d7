//! The type bitmap of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2).
//!
//! For: writing and reading it. Not for: which types belong in it. Limits: none.

use wire::{Reader, RrType};

use crate::error::DnssecError;

/// Encodes types, given in any order; equal ones count once.
pub fn encode(types: &[RrType]) -> Vec<u8> {
    let mut sorted = types.to_vec();
    sorted.sort_unstable();
    let mut bitmap = Vec::with_capacity(40);
    for window in sorted.chunk_by(|a, b| a.0 >> 8 == b.0 >> 8) {
        let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
        let [number, _] = first.0.to_be_bytes();
        // RFC 4034 §4.1.2: trailing zero octets are left out.
        let len = (last.0 & 0xff) as u8 / 8 + 1;
        bitmap.extend_from_slice(&[number, len]);
        let start = bitmap.len();
        bitmap.resize(start + usize::from(len), 0);
        for rtype in window {
            let low = rtype.0 & 0xff;
            if let Some(octet) = bitmap.get_mut(start + usize::from(low / 8)) {
                *octet |= 0x80 >> (low % 8);
            }
        }
    }
    bitmap
}

/// Decodes to types in ascending order.
///
/// Errors: `BadNsec` for windows out of order or of a length other than 1 to 32.
pub fn decode(bitmap: &[u8]) -> Result<Vec<RrType>, DnssecError> {
    let mut reader = Reader::new(bitmap);
    let mut types = Vec::new();
    let mut last = None;
    while !reader.is_empty() {
        let (Some(number), Some(len @ 1..=32)) = (reader.u8(), reader.u8()) else {
            return Err(DnssecError::BadNsec);
        };
        let octets = reader.take(usize::from(len)).ok_or(DnssecError::BadNsec)?;
        if last.is_some_and(|last| last >= number) {
            return Err(DnssecError::BadNsec);
        }
        last = Some(number);
        for (low, octet) in (0u16..).step_by(8).zip(octets) {
            let base = (u16::from(number) << 8) | low;
            types.extend((0..8).filter(|bit| octet & (0x80 >> bit) != 0).map(|bit| RrType(base + bit)));
        }
    }
    Ok(types)
}
