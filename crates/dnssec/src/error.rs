//! What can go wrong, with a stable code for Python.
//!
//! For: every function of this crate. Not for: secrets; no variant carries key material (I6).

use wire::NameError;

macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident $(($field:ty))? = $text:literal),+ $(,)?) => {
        /// Why something could not be signed, verified, opened or read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum DnssecError {
            $($(#[$doc])* #[error($text)] $variant $(($field))?),+
        }

        /// The code of every variant of `DnssecError`.
        pub const CODES: &[&str] = &[$(stringify!($variant)),+];

        impl DnssecError {
            /// The variant's name: the stable code that Python shows and matches on.
            pub fn code(&self) -> &'static str {
                match self {
                    $(errors!(@pattern $variant $(($field))?) => stringify!($variant)),+
                }
            }
        }
    };
    (@pattern $variant:ident ($field:ty)) => { DnssecError::$variant(_) };
    (@pattern $variant:ident) => { DnssecError::$variant };
}

errors! {
    /// The signature does not belong to these records and this key.
    BadSignature = "the signature does not verify",
    /// An algorithm that we do not verify. The zone counts as unsigned by it (RFC 4035 §5.2).
    UnsupportedAlgorithm(u8) = "DNSSEC algorithm {0} is not supported",
    /// A digest type that we do not compute. The DS counts as absent (RFC 6840 §5.2).
    UnsupportedDigest(u8) = "DS digest type {0} is not supported",
    /// A key whose size lies outside of what the library verifies.
    UnsupportedKey = "the key's size is not supported",
    /// The signature and the records or the key do not fit together; the text says in what.
    Mismatch(&'static str) = "the signature does not fit: {0}",
    /// RRSIG RDATA that is malformed.
    BadRrsig = "the RRSIG is malformed",
    /// DNSKEY RDATA that is malformed.
    BadDnskey = "the DNSKEY is malformed",
    /// NSEC RDATA or a type bitmap that is malformed.
    BadNsec = "the NSEC is malformed",
    /// A name that is none.
    BadName(NameError) = "{0}",
    /// Not a P-256 key in PKCS#8.
    BadKey = "the private key is not a P-256 key in PKCS#8",
    /// Wrong key-encryption key, wrong additional data, or changed octets.
    Unseal = "the sealed key does not open; hint: it was sealed under another key-encryption key or for another zone",
    /// The parts of a zone's signing do not fit together; the text says why.
    BadSigning(&'static str) = "the zone cannot be signed: {0}",
    /// The cryptographic library or the system's random source failed.
    Library = "the cryptographic library failed",
}

impl From<NameError> for DnssecError {
    fn from(error: NameError) -> DnssecError {
        DnssecError::BadName(error)
    }
}
