//! Private keys at rest: AES-256-GCM under a key-encryption key.
//!
//! For: keys in the store and on the feed (I6). Not for: keeping the key-encryption key.
//! Limits: nonces are random, so one key-encryption key should seal less than 2^32 times (NIST SP 800-38D §8.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::error::DnssecError;

/// Seals `plain` and binds it to `aad`. Shape: nonce (12 octets), ciphertext, tag (16 octets).
pub fn seal(kek: &[u8; 32], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, DnssecError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| DnssecError::Library)?;
    // Room for the tag too, so that the plain text is never left behind by a reallocation.
    let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + AES_256_GCM.tag_len()));
    text.extend_from_slice(plain);
    cipher(kek)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut *text)
        .map_err(|_| DnssecError::Library)?;
    Ok([&nonce, text.as_slice()].concat())
}

/// Opens what `seal` made under the same key and `aad`; the result is wiped when dropped.
///
/// Errors: `Unseal`, whatever the reason.
pub fn unseal(kek: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DnssecError> {
    let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(DnssecError::Unseal)?;
    let mut plain = Zeroizing::new(text.to_vec());
    let len = cipher(kek)?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut plain)
        .map_err(|_| DnssecError::Unseal)?
        .len();
    plain.truncate(len);
    Ok(plain)
}

fn cipher(kek: &[u8; 32]) -> Result<LessSafeKey, DnssecError> {
    UnboundKey::new(&AES_256_GCM, kek).map(LessSafeKey::new).map_err(|_| DnssecError::Library)
}
