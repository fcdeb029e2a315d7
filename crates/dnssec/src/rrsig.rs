//! RRSIG RDATA.
//!
//! For: reading signatures and writing the head that they cover.
//! Not for: the check of their times; that is the caller's, with serial arithmetic (RFC 4034 §3.1.5).

use wire::{Name, Reader, RrType, wire_len};

use crate::canonical::signed_data;
use crate::error::DnssecError;

/// A signature record (RFC 4034 §3.1). Times are UNIX seconds modulo 2^32.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rrsig<'a> {
    /// The type of the RRset that is signed.
    pub type_covered: RrType,
    /// The DNSSEC algorithm number.
    pub algorithm: u8,
    /// Labels of the owner without the root and a leading `*`; fewer mean that a wildcard was expanded.
    pub labels: u8,
    /// The TTL that was signed, in seconds.
    pub original_ttl: u32,
    /// Invalid after this.
    pub expiration: u32,
    /// Invalid before this.
    pub inception: u32,
    /// The tag of the key.
    pub key_tag: u16,
    /// The zone that the key belongs to.
    pub signer: Name,
    /// The signature itself; empty in a head.
    pub signature: &'a [u8],
}

impl<'a> Rrsig<'a> {
    /// Reads RDATA with its signature.
    pub fn parse(rdata: &'a [u8]) -> Result<Rrsig<'a>, DnssecError> {
        let rrsig = Rrsig::parse_head(rdata)?;
        if rrsig.signature.is_empty() { Err(DnssecError::BadRrsig) } else { Ok(rrsig) }
    }

    /// Reads RDATA that may end with the signer's name.
    pub fn parse_head(rdata: &'a [u8]) -> Result<Rrsig<'a>, DnssecError> {
        Rrsig::read(&mut Reader::new(rdata)).ok_or(DnssecError::BadRrsig)
    }

    fn read(reader: &mut Reader<'a>) -> Option<Rrsig<'a>> {
        Some(Rrsig {
            type_covered: RrType(reader.u16()?),
            algorithm: reader.u8()?,
            labels: reader.u8()?,
            original_ttl: reader.u32()?,
            expiration: reader.u32()?,
            inception: reader.u32()?,
            key_tag: reader.u16()?,
            // RFC 4034 §3.1.7: the signer's name is never compressed.
            signer: Name::from_wire(reader.take(wire_len(reader.rest()).ok()?)?).ok()?,
            signature: reader.rest(),
        })
    }

    /// RDATA up to and with the signer's name, in lower case: what the signature covers first.
    pub fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(18 + self.signer.as_wire().len() + 64);
        head.extend_from_slice(&self.type_covered.0.to_be_bytes());
        head.extend_from_slice(&[self.algorithm, self.labels]);
        head.extend_from_slice(&self.original_ttl.to_be_bytes());
        head.extend_from_slice(&self.expiration.to_be_bytes());
        head.extend_from_slice(&self.inception.to_be_bytes());
        head.extend_from_slice(&self.key_tag.to_be_bytes());
        head.extend(self.signer.as_wire().iter().map(u8::to_ascii_lowercase));
        head
    }
}

/// `signed_data` with the original TTL that `head` itself names; the RRset's own may have run down.
///
/// Errors: `BadRrsig` if `head` does not end with the signer's name, `Mismatch` if it covers another type.
pub fn signed_data_of<R: AsRef<[u8]>>(
    head: &[u8],
    owner: &Name,
    rtype: RrType,
    rdatas: &[R],
) -> Result<Vec<u8>, DnssecError> {
    let rrsig = Rrsig::parse_head(head)?;
    if !rrsig.signature.is_empty() {
        return Err(DnssecError::BadRrsig);
    }
    if rrsig.type_covered != rtype {
        return Err(DnssecError::Mismatch("it covers another type"));
    }
    if rrsig.labels > owner.rrsig_labels() {
        return Err(DnssecError::Mismatch("it counts more labels than the owner has"));
    }
    Ok(signed_data(head, owner, rtype, rrsig.original_ttl, rdatas))
}
