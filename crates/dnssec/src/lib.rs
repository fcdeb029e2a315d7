//! DNSSEC primitives: canonical form, signing, verifying, digests, denial, and keys at rest.
//!
//! For: the name servers, which sign per answer, and the resolver and Python, which verify.
//! Not for: policy. Nothing here reads a clock or decides when a key rolls, whether a signature is valid *now*, or
//! what an unsupported algorithm means for an answer.
//! Limits: signs with ECDSA P-256 alone (algorithm 13); verifies 5, 7, 8, 10, 13, 14 and 15;
//! RSA keys of 1024 to 8192 bits. The only crate that uses a cryptographic library.

mod canonical;
pub mod denial;
mod digest;
mod error;
mod key;
mod rrsig;
mod seal;
mod signing;
mod verify;

pub use canonical::{canonical_rdata, signed_data};
pub use digest::{ds_digest, ds_rdata, key_tag};
pub use error::{CODES, DnssecError};
pub use key::{ECDSA_P256, KSK_FLAGS, SigningKey, ZSK_FLAGS, generate_zsk};
pub use rrsig::{Rrsig, signed_data_of};
pub use seal::{seal, unseal};
pub use signing::{Signing, Window};
pub use verify::{is_supported, verify_rrset};
