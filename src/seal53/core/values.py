"""Numbers with names: the record types and response codes that the control plane speaks of.

The full list is Rust's (`rtype_number`, `rtype_text`); here stand only those that code refers to by
name. Not for user input, which may hold any type.
"""

from enum import IntEnum

from seal53.core._native import rtype_number, rtype_text

__all__ = ["Rcode", "RrType", "rtype_number", "rtype_text"]


class RrType(IntEnum):
    """Record types (IANA DNS parameters); an unnamed type is a plain int."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    NAPTR = 35
    DNAME = 39
    OPT = 41
    DS = 43
    SSHFP = 44
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    NSEC3 = 50
    NSEC3PARAM = 51
    TLSA = 52
    CDS = 59
    CDNSKEY = 60
    CSYNC = 62
    SVCB = 64
    HTTPS = 65
    SPF = 99
    NXNAME = 128
    IXFR = 251
    AXFR = 252
    ANY = 255
    CAA = 257


class Rcode(IntEnum):
    """Response codes (RFC 1035 §4.1.1, RFC 6891 §6.1.3)."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16
