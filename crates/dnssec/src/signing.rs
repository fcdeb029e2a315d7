//! How a zone version is signed: its keys, and the signatures over them made ahead of time.
//!
//! For: the name server, which picks the window of the moment and signs everything else with its zone-signing key.
//! Not for: making windows or choosing keys; the control plane does. Reads no clock: `now` is an argument.
//! Limits: times are UNIX seconds modulo 2^32, compared as serial numbers (RFC 4034 §3.1.5, RFC 1982).

use crate::error::DnssecError;
use crate::key::SigningKey;
use crate::rrsig::Rrsig;
use wire::RrType;

/// Signatures over the DNSKEY RRset for a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment at which this window is served.
    pub from: u32,
    /// The signatures' inception.
    pub inception: u32,
    /// The signatures' expiration.
    pub expiration: u32,
    /// RRSIG RDATA over the DNSKEY RRset, one for each key-signing key.
    pub rrsigs: Vec<Box<[u8]>>,
}

/// Everything that signing a zone needs.
pub struct Signing {
    /// The TTL of the DNSKEY RRset, in seconds.
    pub dnskey_ttl: u32,
    /// The DNSKEY RRset's RDATA.
    pub dnskeys: Vec<Box<[u8]>>,
    /// Signatures over the DNSKEY RRset, in any order.
    pub windows: Vec<Window>,
    /// Active zone-signing keys; the first one signs.
    pub keys: Vec<SigningKey>,
    /// Changes whenever the keys do: a signature that was cached under another generation is not reused.
    pub generation: u64,
}

impl Signing {
    /// Puts the parts together, if they can give answers that validate.
    ///
    /// Errors: `BadSigning` when there is no key, no window, a key that is not in the DNSKEY RRset, or a window
    ///         whose signatures do not cover it; `BadRrsig`. Their cryptographic check is the prover's (I10).
    pub fn new(
        dnskey_ttl: u32,
        dnskeys: Vec<Box<[u8]>>,
        windows: Vec<Window>,
        keys: Vec<SigningKey>,
        generation: u64,
    ) -> Result<Signing, DnssecError> {
        if keys.is_empty() {
            return Err(DnssecError::BadSigning("there is no zone-signing key"));
        }
        if keys.iter().any(|key| dnskeys.iter().all(|dnskey| **dnskey != *key.dnskey_rdata())) {
            return Err(DnssecError::BadSigning("a zone-signing key is not in the DNSKEY RRset"));
        }
        if windows.is_empty() || windows.iter().any(|window| window.rrsigs.is_empty()) {
            return Err(DnssecError::BadSigning("there is no signature over the DNSKEY RRset"));
        }
        for window in &windows {
            for rrsig in &window.rrsigs {
                let rrsig = Rrsig::parse(rrsig)?;
                if rrsig.type_covered != RrType::DNSKEY || rrsig.original_ttl != dnskey_ttl {
                    return Err(DnssecError::BadSigning(
                        "a window's signature does not cover the DNSKEY RRset",
                    ));
                }
                if (rrsig.inception, rrsig.expiration) != (window.inception, window.expiration) {
                    return Err(DnssecError::BadSigning(
                        "a window's signature has other times than the window",
                    ));
                }
            }
        }
        Ok(Signing { dnskey_ttl, dnskeys, windows, keys, generation })
    }

    /// The window to serve at `now` (UNIX seconds); `None` means that nothing would validate: SERVFAIL.
    ///
    /// The newest one that outlives the DNSKEY TTL; failing that, the one that is valid for longest. A validator
    /// shortens the TTL to the signature's end by itself (RFC 4035 §5.3.3).
    pub fn window(&self, now: u64) -> Option<&Window> {
        // Deliberately modulo 2^32, like the times of an RRSIG.
        let now = now as u32;
        let current = || {
            self.windows.iter().filter(move |window| {
                at_or_before(window.from, now)
                    && at_or_before(window.inception, now)
                    && !at_or_before(window.expiration, now)
            })
        };
        current()
            .filter(|window| !at_or_before(window.expiration, now.wrapping_add(self.dnskey_ttl)))
            .min_by_key(|window| now.wrapping_sub(window.from))
            .or_else(|| current().max_by_key(|window| window.expiration.wrapping_sub(now)))
    }

    /// The key that signs.
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.keys.first()
    }
}

/// RFC 1982 §3.2: is `a` the same as `b` or before it, modulo 2^32?
fn at_or_before(a: u32, b: u32) -> bool {
    b.wrapping_sub(a) < 1 << 31
}
