//! dnssec
