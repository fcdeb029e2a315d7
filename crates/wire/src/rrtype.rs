//! Record types, response codes and classes as numbers with names.
//!
//! For: naming the numbers of the IANA DNS parameters registry that this project meets.
//! Not for: what a type's RDATA looks like. Limits: an unnamed type is `TYPE` and its number (RFC 3597 §5).

use std::fmt;
use std::str::FromStr;

/// The class of everything we serve.
pub const CLASS_IN: u16 = 1;

/// A record type by its number.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RrType(pub u16);

/// Text that names no record type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a record type; write its name (AAAA) or TYPE and its number (TYPE65280)")]
pub struct UnknownRrType(pub String);

macro_rules! rrtypes {
    ($($name:ident = $number:literal),+ $(,)?) => {
        impl RrType {
            $(#[doc = concat!("Type ", stringify!($number), ".")] pub const $name: RrType = RrType($number);)+
        }

        const NAMES: &[(u16, &str)] = &[$(($number, stringify!($name))),+];
    };
}

// In the order of their numbers.
rrtypes! {
    A = 1, NS = 2, MD = 3, MF = 4, CNAME = 5, SOA = 6, MB = 7, MG = 8, MR = 9, NULL = 10, PTR = 12, HINFO = 13,
    MINFO = 14, MX = 15, TXT = 16, RP = 17, AFSDB = 18, RT = 21, SIG = 24, KEY = 25, PX = 26, AAAA = 28,
    LOC = 29, NXT = 30, SRV = 33, NAPTR = 35, KX = 36, CERT = 37, DNAME = 39, OPT = 41, APL = 42, DS = 43,
    SSHFP = 44, IPSECKEY = 45, RRSIG = 46, NSEC = 47, DNSKEY = 48, DHCID = 49, NSEC3 = 50, NSEC3PARAM = 51,
    TLSA = 52, SMIMEA = 53, HIP = 55, CDS = 59, CDNSKEY = 60, OPENPGPKEY = 61, CSYNC = 62, ZONEMD = 63,
    SVCB = 64, HTTPS = 65, DSYNC = 66, SPF = 99, EUI48 = 108, EUI64 = 109, NXNAME = 128, TKEY = 249, TSIG = 250,
    IXFR = 251, AXFR = 252, MAILB = 253, MAILA = 254, ANY = 255, URI = 256, CAA = 257,
}

impl RrType {
    /// Is this a question or meta type, which no zone holds and no RRset has?
    pub fn is_meta(self) -> bool {
        // RFC 6895 §3.1: 128 to 255 are Q and meta types; OPT lies outside of the range.
        matches!(self.0, 0 | 41 | 128..=255)
    }

    /// The number.
    pub fn code(self) -> u16 {
        self.0
    }
}

impl fmt::Display for RrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.binary_search_by_key(&self.0, |&(number, _)| number).ok().and_then(|at| NAMES.get(at)) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

impl fmt::Debug for RrType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RrType {
    type Err = UnknownRrType;

    fn from_str(text: &str) -> Result<RrType, UnknownRrType> {
        if let Some((number, _)) = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Ok(RrType(*number));
        }
        // RFC 3597 §5: TYPE and decimal digits, without a sign.
        text.split_at_checked(4)
            .filter(|(word, digits)| {
                word.eq_ignore_ascii_case("TYPE") && digits.bytes().all(|digit| digit.is_ascii_digit())
            })
            .and_then(|(_, digits)| digits.parse().ok())
            .map(RrType)
            .ok_or_else(|| UnknownRrType(text.to_owned()))
    }
}

/// A response code, the extended ones of EDNS included (12 bits, RFC 6891 §6.1.3).
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rcode(pub u16);

impl Rcode {
    /// No error.
    pub const NOERROR: Rcode = Rcode(0);
    /// The query could not be understood.
    pub const FORMERR: Rcode = Rcode(1);
    /// The server failed.
    pub const SERVFAIL: Rcode = Rcode(2);
    /// The name does not exist.
    pub const NXDOMAIN: Rcode = Rcode(3);
    /// The opcode is not served.
    pub const NOTIMP: Rcode = Rcode(4);
    /// Refused by policy.
    pub const REFUSED: Rcode = Rcode(5);
    /// EDNS version not served (RFC 6891 §9). Needs an OPT in the reply.
    pub const BADVERS: Rcode = Rcode(16);
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Rcode::NOERROR => "NOERROR",
            Rcode::FORMERR => "FORMERR",
            Rcode::SERVFAIL => "SERVFAIL",
            Rcode::NXDOMAIN => "NXDOMAIN",
            Rcode::NOTIMP => "NOTIMP",
            Rcode::REFUSED => "REFUSED",
            Rcode::BADVERS => "BADVERS",
            Rcode(other) => return write!(f, "RCODE{other}"),
        })
    }
}
