//! Key tags and DS digests.
//!
//! For: naming a DNSKEY in RRSIG and DS records. Not for: deciding which DS a parent should hold.
//! Limits: digest types 1, 2 and 4; a tag names a key, it does not identify it.

use aws_lc_rs::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384};
use wire::{Name, Reader};

use crate::error::DnssecError;

/// The key tag of a DNSKEY (RFC 4034 appendix B).
pub fn key_tag(dnskey_rdata: &[u8]) -> u16 {
    // RFC 4034 appendix B.1: for algorithm 1 it is part of the modulus.
    if let [_, _, _, 1, .., high, low, _] = dnskey_rdata {
        return u16::from_be_bytes([*high, *low]);
    }
    let sum = dnskey_rdata.chunks(2).fold(0u64, |sum, pair| match *pair {
        [high, low] => sum + u64::from(u16::from_be_bytes([high, low])),
        [high] => sum + (u64::from(high) << 8),
        _ => sum,
    });
    // One fold, as the appendix has it.
    ((sum + ((sum >> 16) & 0xffff)) & 0xffff) as u16
}

/// The digest of a DS over a DNSKEY of `owner` (RFC 4034 §5.1.4).
///
/// Errors: `UnsupportedDigest` for types other than 1 (SHA-1), 2 (SHA-256) and 4 (SHA-384).
pub fn ds_digest(owner: &Name, dnskey_rdata: &[u8], digest_type: u8) -> Result<Vec<u8>, DnssecError> {
    let algorithm: &'static Algorithm = match digest_type {
        1 => &SHA1_FOR_LEGACY_USE_ONLY,
        2 => &SHA256,
        4 => &SHA384,
        other => return Err(DnssecError::UnsupportedDigest(other)),
    };
    let mut context = Context::new(algorithm);
    context.update(owner.to_lowercase().as_wire());
    context.update(dnskey_rdata);
    Ok(context.finish().as_ref().to_vec())
}

/// DS RDATA for a DNSKEY of `owner`: tag, algorithm, digest type, digest (RFC 4034 §5.1).
pub fn ds_rdata(owner: &Name, dnskey_rdata: &[u8], digest_type: u8) -> Result<Vec<u8>, DnssecError> {
    let dnskey = Dnskey::parse(dnskey_rdata)?;
    let mut rdata = key_tag(dnskey_rdata).to_be_bytes().to_vec();
    rdata.extend_from_slice(&[dnskey.algorithm, digest_type]);
    rdata.extend_from_slice(&ds_digest(owner, dnskey_rdata, digest_type)?);
    Ok(rdata)
}

/// A DNSKEY, borrowed (RFC 4034 §2.1).
pub(crate) struct Dnskey<'a> {
    pub flags: u16,
    pub protocol: u8,
    pub algorithm: u8,
    pub public_key: &'a [u8],
}

impl<'a> Dnskey<'a> {
    pub(crate) fn parse(rdata: &'a [u8]) -> Result<Dnskey<'a>, DnssecError> {
        let mut reader = Reader::new(rdata);
        match (reader.u16(), reader.u8(), reader.u8(), reader.rest()) {
            (Some(flags), Some(protocol), Some(algorithm), public_key @ [_, ..]) => {
                Ok(Dnskey { flags, protocol, algorithm, public_key })
            }
            _ => Err(DnssecError::BadDnskey),
        }
    }
}
