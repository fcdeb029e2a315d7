//! Verifying one signature over one RRset with one key.
//!
//! For: the resolver, and proving what we serve. Not for: times, chains of trust, or which keys to try.
//! Limits: algorithms 5, 7, 8, 10, 13, 14, 15. An algorithm or key size outside of that is an error of its own, since a
//! validator treats it otherwise than a bad signature.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use wire::{Name, Reader, RrType};

use crate::canonical::signed_data;
use crate::digest::{Dnskey, key_tag};
use crate::error::DnssecError;
use crate::rrsig::Rrsig;

/// The ZONE flag: only such a key may sign a zone's RRsets (RFC 4034 §2.1.1).
const ZONE: u16 = 0x0100;

/// Can signatures of this DNSSEC algorithm be verified?
pub fn is_supported(algorithm: u8) -> bool {
    matches!(algorithm, 5 | 7 | 8 | 10 | 13 | 14 | 15)
}

/// Checks that `rrsig_rdata` is a signature over the RRset by the key `dnskey_rdata`. Reads no clock.
///
/// Shape:  RDATA as uncompressed wire octets, in any order; `owner` as it was answered.
/// Errors: `BadSignature`; `Mismatch` when RRSIG, RRset and key do not belong together; `UnsupportedAlgorithm`,
///         `UnsupportedKey`; `BadRrsig`, `BadDnskey`.
/// Source: RFC 4035 §5.3.1, §5.3.2, §5.3.3 but for the times.
pub fn verify_rrset<R: AsRef<[u8]>>(
    owner: &Name,
    rtype: RrType,
    rdatas: &[R],
    rrsig_rdata: &[u8],
    dnskey_rdata: &[u8],
) -> Result<(), DnssecError> {
    let rrsig = Rrsig::parse(rrsig_rdata)?;
    let dnskey = Dnskey::parse(dnskey_rdata)?;
    if rdatas.is_empty() {
        return Err(DnssecError::Mismatch("there are no records"));
    }
    if rrsig.type_covered != rtype {
        return Err(DnssecError::Mismatch("it covers another type"));
    }
    if !owner.is_at_or_below(&rrsig.signer) {
        return Err(DnssecError::Mismatch("the owner is outside of the signer's zone"));
    }
    // RFC 4035 §2.4: a DS belongs to the parent, so the child cannot be its signer.
    if rtype == RrType::DS && *owner == rrsig.signer {
        return Err(DnssecError::Mismatch("a DS is signed by the parent"));
    }
    // RFC 4035 §5.3.1: not more labels than the owner has; and a wildcard cannot lie above its zone.
    if rrsig.labels > owner.rrsig_labels() || rrsig.labels < rrsig.signer.rrsig_labels() {
        return Err(DnssecError::Mismatch(
            "its labels are neither the owner's nor those of a wildcard in the zone",
        ));
    }
    if dnskey.flags & ZONE == 0 || dnskey.protocol != 3 {
        return Err(DnssecError::Mismatch("the key is not a zone key"));
    }
    if dnskey.algorithm != rrsig.algorithm {
        return Err(DnssecError::Mismatch("the key has another algorithm"));
    }
    if key_tag(dnskey_rdata) != rrsig.key_tag {
        return Err(DnssecError::Mismatch("the key has another tag"));
    }
    if !is_supported(rrsig.algorithm) {
        return Err(DnssecError::UnsupportedAlgorithm(rrsig.algorithm));
    }
    let head_len = rrsig_rdata.len() - rrsig.signature.len();
    let head = rrsig_rdata.get(..head_len).ok_or(DnssecError::BadRrsig)?;
    let data = signed_data(head, owner, rtype, rrsig.original_ttl, rdatas);
    verify(dnskey.algorithm, dnskey.public_key, &data, rrsig.signature)
}

fn verify(algorithm: u8, public_key: &[u8], data: &[u8], signature: &[u8]) -> Result<(), DnssecError> {
    match algorithm {
        // RFC 3110, RFC 5155 §2, RFC 5702.
        5 | 7 => verify_rsa(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key, data, signature),
        8 => verify_rsa(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, public_key, data, signature),
        10 => verify_rsa(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, public_key, data, signature),
        // RFC 6605 §4: x and y; the library wants them marked as uncompressed.
        13 => verify_ec(&ECDSA_P256_SHA256_FIXED, 64, &[&[4], public_key].concat(), data, signature),
        14 => verify_ec(&ECDSA_P384_SHA384_FIXED, 96, &[&[4], public_key].concat(), data, signature),
        // RFC 8080 §3.
        15 if public_key.len() != 32 => Err(DnssecError::BadDnskey),
        15 => UnparsedPublicKey::new(&ED25519, public_key)
            .verify(data, signature)
            .map_err(|_| DnssecError::BadSignature),
        other => Err(DnssecError::UnsupportedAlgorithm(other)),
    }
}

fn verify_ec(
    algorithm: &'static dyn VerificationAlgorithm,
    octets: usize,
    point: &[u8],
    data: &[u8],
    signature: &[u8],
) -> Result<(), DnssecError> {
    if point.len() != octets + 1 {
        return Err(DnssecError::BadDnskey);
    }
    UnparsedPublicKey::new(algorithm, point).verify(data, signature).map_err(|_| DnssecError::BadSignature)
}

fn verify_rsa(
    parameters: &'static RsaParameters,
    public_key: &[u8],
    data: &[u8],
    signature: &[u8],
) -> Result<(), DnssecError> {
    let (e, n) = split_rsa(public_key).ok_or(DnssecError::BadDnskey)?;
    let bits = n.len() * 8 - n.first().map_or(0, |octet| octet.leading_zeros() as usize);
    // The library takes moduli of 1024 to 8192 bits and exponents of up to 33.
    if !(1024..=8192).contains(&bits) || e.len() > 5 {
        return Err(DnssecError::UnsupportedKey);
    }
    RsaPublicKeyComponents { n, e }
        .to_parsed_public_key(parameters)
        .map_err(|_| DnssecError::BadDnskey)?
        .verify_sig(data, signature)
        .map_err(|_| DnssecError::BadSignature)
}

/// Exponent and modulus of an RSA key (RFC 3110 §2), without leading zeros; neither is empty.
fn split_rsa(public_key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(public_key);
    let len = match reader.u8()? {
        0 => usize::from(reader.u16()?),
        len => usize::from(len),
    };
    let e = without_zeros(reader.take(len)?);
    let n = without_zeros(reader.rest());
    (!e.is_empty() && !n.is_empty()).then_some((e, n))
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|&octet| octet != 0).unwrap_or(octets.len());
    octets.get(start..).unwrap_or_default()
}
