//! Keys, seals, windows and what they sign.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use dnssec::{
    CODES, DnssecError, Rrsig, Signing, SigningKey, Window, ZSK_FLAGS, canonical_rdata, generate_zsk,
    key_tag, seal, signed_data, signed_data_of, unseal, verify_rrset,
};
use proptest::collection::vec;
use proptest::prelude::*;
use wire::{Name, RrType};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn what_we_sign_verifies() {
    let (pkcs8, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    let again = SigningKey::from_pkcs8(&pkcs8, ZSK_FLAGS).unwrap();
    assert_eq!(again.dnskey_rdata(), key.dnskey_rdata());
    assert_eq!(key.tag(), key_tag(key.dnskey_rdata()));
    assert_eq!((key.dnskey_rdata().len(), &key.dnskey_rdata()[..4]), (68, &[1, 0, 3, 13][..]));
    let apex = name("Example.com");
    for (owner, labels) in
        [("www.example.com", 3), ("*.example.com", 2), ("a.*.example.com", 4), ("example.com", 2)]
    {
        let owner = name(owner);
        let rdatas = [b"\x02ns\x07Example\x03com\0".to_vec(), b"\x02na\x07example\x03com\0".to_vec()];
        let rrsig = again.sign_rrset(&owner, RrType::NS, 300, &rdatas, &apex, 1000, 2000).unwrap();
        let parsed = Rrsig::parse(&rrsig).unwrap();
        assert_eq!((parsed.labels, parsed.original_ttl, parsed.key_tag), (labels, 300, key.tag()));
        assert_eq!((parsed.inception, parsed.expiration), (1000, 2000));
        assert_eq!(parsed.signer.to_string(), "example.com.");
        assert_eq!(verify_rrset(&owner, RrType::NS, &rdatas, &rrsig, key.dnskey_rdata()), Ok(()));
    }
}

#[test]
fn an_expanded_wildcard_verifies_at_the_name_that_was_asked_for() {
    let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    let apex = name("example.com");
    let rdatas = [[192, 0, 2, 1]];
    let rrsig = key.sign_rrset(&name("*.example.com"), RrType::A, 300, &rdatas, &apex, 1, 2).unwrap();
    for owner in ["www.example.com", "a.b.example.com"] {
        assert_eq!(verify_rrset(&name(owner), RrType::A, &rdatas, &rrsig, key.dnskey_rdata()), Ok(()));
    }
    let above = verify_rrset(&apex, RrType::A, &rdatas, &rrsig, key.dnskey_rdata());
    assert_eq!(above, Err(DnssecError::BadSignature));
}

#[test]
fn nothing_outside_of_the_zone_is_signed() {
    let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    let sign = |owner: &str, rdatas: &[[u8; 4]]| {
        key.sign_rrset(&name(owner), RrType::A, 1, rdatas, &name("example.com"), 1, 2)
    };
    assert!(sign("www.example.com", &[[1; 4]]).is_ok());
    assert!(matches!(sign("www.example.org", &[[1; 4]]), Err(DnssecError::Mismatch(_))));
    assert!(matches!(sign("www.example.com", &[]), Err(DnssecError::Mismatch(_))));
}

#[test]
fn the_signed_octets_are_sorted_lowered_and_counted_once() {
    let head = Rrsig {
        type_covered: RrType::MX,
        algorithm: 13,
        labels: 2,
        original_ttl: 600,
        expiration: 2,
        inception: 1,
        key_tag: 7,
        signer: name("EXAMPLE.com"),
        signature: &[],
    }
    .head();
    let rdatas = [&b"\0\x0b\x01A\0"[..], b"\0\x0a\x01b\0", b"\0\x0b\x01a\0"];
    let data = signed_data(&head, &name("Example.COM"), RrType::MX, 600, &rdatas);
    let owner = b"\x07example\x03com\0";
    let record = |rdata: &[u8]| [&owner[..], &[0, 15, 0, 1, 0, 0, 2, 88, 0, 5], rdata].concat();
    let expected = [head.clone(), record(b"\0\x0a\x01b\0"), record(b"\0\x0b\x01a\0")].concat();
    assert_eq!(data, expected);
    assert!(head.ends_with(owner));
    assert_eq!(signed_data_of(&head, &name("Example.COM"), RrType::MX, &rdatas).unwrap(), expected);
    // A head alone, of this type, with no more labels than the owner has.
    let with_signature = [head.as_slice(), b"x"].concat();
    assert_eq!(
        signed_data_of(&with_signature, &name("example.com"), RrType::MX, &rdatas),
        Err(DnssecError::BadRrsig)
    );
    assert!(matches!(
        signed_data_of(&head, &name("example.com"), RrType::A, &rdatas),
        Err(DnssecError::Mismatch(_))
    ));
    assert!(matches!(
        signed_data_of(&head, &name("com"), RrType::MX, &rdatas),
        Err(DnssecError::Mismatch(_))
    ));
}

#[test]
fn canonical_form_lowers_only_the_names_that_rfc4034_6_2_lists() {
    for (rtype, rdata, lower) in [
        (RrType::NS, &b"\x02NS\0"[..], &b"\x02ns\0"[..]),
        (RrType::SOA, b"\x01A\0\x01B\0AAAABBBBCCCCDDDDEEEE", b"\x01a\0\x01b\0AAAABBBBCCCCDDDDEEEE"),
        (RrType::SRV, b"AAAAAA\x01A\0", b"AAAAAA\x01a\0"),
        (RrType::NAPTR, b"AAAA\x01S\x01U\x01R\x01A\0", b"AAAA\x01S\x01U\x01R\x01a\0"),
        (RrType::RRSIG, b"AAAAAAAAAAAAAAAAAA\x01A\0SIG", b"AAAAAAAAAAAAAAAAAA\x01a\0SIG"),
        (RrType::TXT, b"\x01A", b"\x01A"),
        // RFC 6840 §5.1: not NSEC. RFC 3597 §7: no type that came later.
        (RrType::NSEC, b"\x01A\0\0\x01\x40", b"\x01A\0\0\x01\x40"),
        (RrType::SVCB, b"\0\x01\x01A\0", b"\0\x01\x01A\0"),
        // Malformed RDATA stays as it is.
        (RrType::MX, b"\0\x0a\x05A", b"\0\x0a\x05A"),
    ] {
        assert_eq!(&*canonical_rdata(rtype, rdata), lower, "{rtype}");
    }
}

#[test]
fn a_seal_opens_only_with_its_key_and_its_data() {
    let kek = [7; 32];
    let sealed = seal(&kek, b"zone Z1", b"secret").unwrap();
    assert_eq!(sealed.len(), 12 + 6 + 16);
    assert_eq!(**unseal(&kek, b"zone Z1", &sealed).unwrap(), *b"secret");
    assert_ne!(seal(&kek, b"zone Z1", b"secret").unwrap(), sealed);
    let closed = |kek: &[u8; 32], aad: &[u8], sealed: &[u8]| {
        assert_eq!(unseal(kek, aad, sealed).err(), Some(DnssecError::Unseal));
    };
    closed(&[8; 32], b"zone Z1", &sealed);
    closed(&kek, b"zone Z2", &sealed);
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        closed(&kek, b"zone Z1", &damaged);
        closed(&kek, b"zone Z1", &sealed[..at]);
    }
}

#[test]
fn a_generated_zsk_opens_to_its_dnskey() {
    let (sealed, dnskey) = generate_zsk(&[1; 32], b"Z1/7").unwrap();
    let key = SigningKey::from_pkcs8(&unseal(&[1; 32], b"Z1/7", &sealed).unwrap(), ZSK_FLAGS).unwrap();
    assert_eq!(key.dnskey_rdata(), dnskey);
    assert_eq!(SigningKey::from_pkcs8(b"no key", ZSK_FLAGS).err(), Some(DnssecError::BadKey));
}

fn window(key: &SigningKey, from: u32, inception: u32, expiration: u32) -> Window {
    let dnskeys = [key.dnskey_rdata()];
    let apex = name("example.com");
    let rrsig = key.sign_rrset(&apex, RrType::DNSKEY, 3600, &dnskeys, &apex, inception, expiration).unwrap();
    Window { from, inception, expiration, rrsigs: vec![rrsig.into()] }
}

fn signing(windows: impl Fn(&SigningKey) -> Vec<Window>) -> Result<Signing, DnssecError> {
    let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    Signing::new(3600, vec![key.dnskey_rdata().into()], windows(&key), vec![key], 1)
}

#[test]
fn the_newest_window_that_outlives_the_ttl_is_served() {
    let signing = signing(|key| {
        vec![
            window(key, 100_000, 90_000, 300_000),
            window(key, 1000, 0, 200_000),
            window(key, 200_000, 190_000, 203_000),
        ]
    })
    .unwrap();
    let from = |now| signing.window(now).map(|window| window.from);
    assert_eq!(from(999), None);
    assert_eq!(from(1000), Some(1000));
    assert_eq!(from(99_999), Some(1000));
    assert_eq!(from(100_000), Some(100_000));
    // The third ends before a cached DNSKEY RRset would.
    assert_eq!(from(200_000), Some(100_000));
    // None outlives the TTL any more, but one is still valid.
    assert_eq!(from(299_999), Some(100_000));
    assert_eq!(from(300_000), None);
}

#[test]
fn windows_are_compared_as_serial_numbers() {
    let end = u32::MAX - 100;
    let signing = signing(|key| vec![window(key, end, end - 10, 1_000_000)]).unwrap();
    assert!(signing.window(u64::from(end)).is_some());
    assert!(signing.window((1 << 32) + 50).is_some());
    assert!(signing.window((1 << 32) + 1_000_000).is_none());
    assert!(signing.window(u64::from(end) - 1).is_none());
}

#[test]
fn parts_that_cannot_validate_are_refused() {
    let refused =
        |result: Result<Signing, DnssecError>| matches!(result.err(), Some(DnssecError::BadSigning(_)));
    assert!(refused(signing(|_| Vec::new())));
    assert!(refused(signing(|key| vec![Window { rrsigs: Vec::new(), ..window(key, 1, 1, 9) }])));
    assert!(refused(signing(|key| vec![Window { expiration: 10, ..window(key, 1, 1, 9) }])));
    let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    let windows = vec![window(&key, 1, 1, 9)];
    assert!(refused(Signing::new(3600, vec![key.dnskey_rdata().into()], windows.clone(), Vec::new(), 1)));
    assert!(refused(Signing::new(60, vec![key.dnskey_rdata().into()], windows.clone(), vec![key], 1)));
    let (_, stranger) = SigningKey::generate(ZSK_FLAGS).unwrap();
    let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
    assert!(refused(Signing::new(3600, vec![stranger.dnskey_rdata().into()], windows, vec![key], 1)));
}

#[test]
fn every_error_has_a_code_of_its_own() {
    let mut codes = CODES.to_vec();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len());
    assert!(CODES.contains(&DnssecError::UnsupportedAlgorithm(1).code()));
    assert_eq!(DnssecError::BadSignature.code(), "BadSignature");
}

proptest! {
    #[test]
    fn any_rrset_we_sign_verifies_in_any_order(
        mut rdatas in vec(vec(any::<u8>(), 0..40), 1..6),
        rtype in prop::sample::select(vec![RrType::TXT, RrType::NS, RrType::SVCB, RrType::RRSIG, RrType::NAPTR]),
        label in vec(any::<u8>(), 1..20),
    ) {
        let (_, key) = SigningKey::generate(ZSK_FLAGS).unwrap();
        let apex = name("example");
        let owner = apex.child(&label).unwrap();
        let rrsig = key.sign_rrset(&owner, rtype, 60, &rdatas, &apex, 1, 2).unwrap();
        rdatas.reverse();
        prop_assert_eq!(verify_rrset(&owner, rtype, &rdatas, &rrsig, key.dnskey_rdata()), Ok(()));
    }

    #[test]
    fn no_octets_make_verifying_panic(
        rrsig in vec(any::<u8>(), 0..120),
        dnskey in vec(any::<u8>(), 0..120),
        rdata in vec(any::<u8>(), 0..60),
        rtype in any::<u16>(),
        algorithm in 0u8..18,
    ) {
        let owner = name("www.example.com");
        let _ = verify_rrset(&owner, RrType(rtype), &[&rdata], &rrsig, &dnskey);
        let _ = signed_data(&rrsig, &owner, RrType(rtype), 1, &[&rdata]);
        let _ = signed_data_of(&rrsig, &owner, RrType(rtype), &[&rdata]);
        let _ = dnssec::ds_rdata(&owner, &dnskey, algorithm);
        let _ = dnssec::denial::nsec_types(&rdata);
        let _ = canonical_rdata(RrType(rtype % 66), &rdata);
        // The same key and head, fitted so that the cryptography is reached.
        let dnskey = [&[1, 0, 3, algorithm], dnskey.as_slice()].concat();
        let head = Rrsig {
            type_covered: RrType(rtype),
            algorithm,
            labels: 3,
            original_ttl: 1,
            expiration: 2,
            inception: 1,
            key_tag: key_tag(&dnskey),
            signer: name("example.com"),
            signature: &[],
        }
        .head();
        prop_assert!(verify_rrset(&owner, RrType(rtype), &[&rdata], &[head, rrsig].concat(), &dnskey).is_err());
    }
}
