//! Keys that sign.
//!
//! For: zone-signing keys in the name server, opened from their seal.
//! Not for: key-signing keys in a keystore; those sign elsewhere and only their signatures arrive here.
//! Limits: ECDSA P-256 with SHA-256 (RFC 6605). A key has no Debug, no Clone and no way out (I6); the library wipes it.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use wire::{Name, RrType};
use zeroize::Zeroizing;

use crate::canonical::signed_data;
use crate::digest::key_tag;
use crate::error::DnssecError;
use crate::rrsig::Rrsig;
use crate::seal::seal;

/// The DNSSEC algorithm that we sign with (RFC 6605 §2).
pub const ECDSA_P256: u8 = 13;
/// DNSKEY flags of a zone-signing key: ZONE (RFC 4034 §2.1.1).
pub const ZSK_FLAGS: u16 = 256;
/// DNSKEY flags of a key-signing key: ZONE and SEP (RFC 4034 §2.1.1).
pub const KSK_FLAGS: u16 = 257;

/// A private key that signs RRsets.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    dnskey: Box<[u8]>,
    tag: u16,
}

impl SigningKey {
    /// A new key, and its PKCS#8 to be sealed; that is wiped when dropped.
    pub fn generate(flags: u16) -> Result<(Zeroizing<Vec<u8>>, SigningKey), DnssecError> {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| DnssecError::Library)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_| DnssecError::Library)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        Ok((pkcs8, SigningKey::new(pair, flags)?))
    }

    /// A key from unsealed PKCS#8. `flags` are those of its DNSKEY.
    pub fn from_pkcs8(pkcs8: &[u8], flags: u16) -> Result<SigningKey, DnssecError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|_| DnssecError::BadKey)?;
        SigningKey::new(pair, flags)
    }

    fn new(pair: EcdsaKeyPair, flags: u16) -> Result<SigningKey, DnssecError> {
        // RFC 6605 §4: x and y, without the 0x04 that says "uncompressed".
        let [4, point @ ..] = pair.public_key().as_ref() else { return Err(DnssecError::BadKey) };
        let [high, low] = flags.to_be_bytes();
        // RFC 4034 §2.1.2: the protocol is 3.
        let dnskey: Box<[u8]> = [&[high, low, 3, ECDSA_P256], point].concat().into();
        let tag = key_tag(&dnskey);
        Ok(SigningKey { pair, dnskey, tag })
    }

    /// The DNSKEY RDATA.
    pub fn dnskey_rdata(&self) -> &[u8] {
        &self.dnskey
    }

    /// The key tag.
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// Signs octets: r and s, 32 octets each (RFC 6605 §4).
    pub fn sign(&self, data: &[u8]) -> Result<[u8; 64], DnssecError> {
        let signature = self.pair.sign(&SystemRandom::new(), data).map_err(|_| DnssecError::Library)?;
        signature.as_ref().try_into().map_err(|_| DnssecError::Library)
    }

    /// Signs an RRset and gives the RRSIG RDATA.
    ///
    /// Shape:  `signer` is the zone; `owner` is at or below it.
    /// Units:  `ttl` in seconds, `inception` and `expiration` in UNIX seconds modulo 2^32.
    /// Errors: `Mismatch` without records or outside of the zone, `Library`.
    /// Source: RFC 4034 §3.1.
    #[expect(clippy::too_many_arguments, reason = "these are the fields of an RRSIG and of what it covers")]
    pub fn sign_rrset<R: AsRef<[u8]>>(
        &self,
        owner: &Name,
        rtype: RrType,
        ttl: u32,
        rdatas: &[R],
        signer: &Name,
        inception: u32,
        expiration: u32,
    ) -> Result<Vec<u8>, DnssecError> {
        if rdatas.is_empty() {
            return Err(DnssecError::Mismatch("there are no records"));
        }
        if !owner.is_at_or_below(signer) {
            return Err(DnssecError::Mismatch("the owner is outside of the signer's zone"));
        }
        let rrsig = Rrsig {
            type_covered: rtype,
            algorithm: ECDSA_P256,
            labels: owner.rrsig_labels(),
            original_ttl: ttl,
            expiration,
            inception,
            key_tag: self.tag,
            signer: signer.clone(),
            signature: &[],
        };
        let mut rdata = rrsig.head();
        let signature = self.sign(&signed_data(&rdata, owner, rtype, ttl, rdatas))?;
        rdata.extend_from_slice(&signature);
        Ok(rdata)
    }
}

/// A new zone-signing key: (sealed PKCS#8, DNSKEY RDATA with flags 256). The plain key does not leave this function.
pub fn generate_zsk(kek: &[u8; 32], aad: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DnssecError> {
    let (pkcs8, key) = SigningKey::generate(ZSK_FLAGS)?;
    Ok((seal(kek, aad, &pkcs8)?, key.dnskey_rdata().to_vec()))
}
