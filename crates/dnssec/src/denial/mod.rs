//! Proofs of absence.
//!
//! For: one file per RFC notion: the type bitmap, compact denial.
//! Not for: deciding what is absent; the lookup's outcome says so.

pub mod bitmap;
pub mod compact;

use wire::{Name, RrType, wire_len};

use crate::error::DnssecError;

/// The next name and the types of NSEC RDATA (RFC 4034 §4.1).
pub fn nsec_types(rdata: &[u8]) -> Result<(Name, Vec<RrType>), DnssecError> {
    let (next, bitmap) =
        wire_len(rdata).ok().and_then(|len| rdata.split_at_checked(len)).ok_or(DnssecError::BadNsec)?;
    Ok((Name::from_wire(next)?, bitmap::decode(bitmap)?))
}
