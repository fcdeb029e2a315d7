//! Published vectors, and signatures made by dnspython with `cryptography`: code that is not ours.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use dnssec::{DnssecError, Rrsig, ds_digest, ds_rdata, key_tag, signed_data_of, verify_rrset};
use wire::{Name, RrType};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut octets = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.bytes().filter(|&digit| digit != b'=') {
        bits = (bits << 6) | DIGITS.iter().position(|&other| other == digit).unwrap() as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    octets
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn dnskey(flags: u16, algorithm: u8, key: &str) -> Vec<u8> {
    [&flags.to_be_bytes()[..], &[3, algorithm], &base64(key)].concat()
}

#[expect(clippy::too_many_arguments, reason = "the fields as a zone file has them")]
fn rrsig(
    rtype: RrType,
    algorithm: u8,
    labels: u8,
    ttl: u32,
    expiration: u32,
    inception: u32,
    tag: u16,
    signer: &str,
    signature: &str,
) -> Vec<u8> {
    let rrsig = Rrsig {
        type_covered: rtype,
        algorithm,
        labels,
        original_ttl: ttl,
        expiration,
        inception,
        key_tag: tag,
        signer: name(signer),
        signature: &[],
    };
    [rrsig.head(), base64(signature)].concat()
}

#[test]
fn rfc4034_5_4_key_tag_and_ds() {
    let key = dnskey(
        256,
        5,
        "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==",
    );
    assert_eq!(key_tag(&key), 60485);
    let owner = name("DSKEY.example.com");
    assert_eq!(
        ds_rdata(&owner, &key, 1).unwrap(),
        [&60485u16.to_be_bytes()[..], &[5, 1], &hex("2BB183AF5F22588179A53B0A98631FAD1A292118")].concat()
    );
    // RFC 4509 §2.3: the same key with SHA-256.
    assert_eq!(
        ds_digest(&owner, &key, 2).unwrap(),
        hex("D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A")
    );
    assert_eq!(ds_digest(&owner, &key, 3), Err(DnssecError::UnsupportedDigest(3)));
    assert_eq!(ds_rdata(&owner, &key[..4], 2), Err(DnssecError::BadDnskey));
}

#[test]
fn a_key_tag_of_algorithm_1_is_part_of_the_modulus() {
    // RFC 4034 appendix B.1.
    assert_eq!(key_tag(&[1, 0, 3, 1, 0xaa, 0x12, 0x34, 0xbb]), 0x1234);
    assert_eq!(key_tag(&[]), 0);
    assert_eq!(key_tag(&[1]), 256);
}

const P256: &str = "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==";
const P256_SIGNATURE: &str =
    "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==";

#[test]
fn rfc6605_6_1_ecdsa_p256() {
    let key = dnskey(257, 13, P256);
    assert_eq!(key_tag(&key), 55648);
    assert_eq!(
        ds_digest(&name("example.net"), &key, 2).unwrap(),
        hex("b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17")
    );
    let sig =
        rrsig(RrType::A, 13, 3, 3600, 1_284_026_679, 1_281_607_479, 55648, "example.net", P256_SIGNATURE);
    let verify = |owner: &str, rdata: &[u8]| verify_rrset(&name(owner), RrType::A, &[rdata], &sig, &key);
    assert_eq!(verify("WWW.example.net", &[192, 0, 2, 1]), Ok(()));
    assert_eq!(verify("www.example.net", &[192, 0, 2, 2]), Err(DnssecError::BadSignature));
    assert_eq!(verify("wwx.example.net", &[192, 0, 2, 1]), Err(DnssecError::BadSignature));
    // The same record twice is signed once (RFC 4034 §6.3).
    let twice = [[192, 0, 2, 1]; 2];
    assert_eq!(verify_rrset(&name("www.example.net"), RrType::A, &twice, &sig, &key), Ok(()));
}

#[test]
fn what_does_not_belong_together_is_a_mismatch() {
    let key = dnskey(257, 13, P256);
    let sig = |rtype, algorithm, labels, tag, signer| {
        rrsig(rtype, algorithm, labels, 3600, 1_284_026_679, 1_281_607_479, tag, signer, P256_SIGNATURE)
    };
    let verify = |rtype, sig: &[u8], key: &[u8]| {
        verify_rrset(&name("www.example.net"), rtype, &[[192, 0, 2, 1]], sig, key)
    };
    let is_mismatch = |result| matches!(result, Err(DnssecError::Mismatch(_)));
    let good = sig(RrType::A, 13, 3, 55648, "example.net");
    assert_eq!(verify(RrType::A, &good, &key), Ok(()));
    assert!(is_mismatch(verify(RrType::AAAA, &good, &key)));
    assert!(is_mismatch(verify(RrType::A, &sig(RrType::A, 13, 4, 55648, "example.net"), &key)));
    assert!(is_mismatch(verify(RrType::A, &sig(RrType::A, 13, 1, 55648, "example.net"), &key)));
    assert!(is_mismatch(verify(RrType::A, &sig(RrType::A, 13, 3, 55649, "example.net"), &key)));
    assert!(is_mismatch(verify(RrType::A, &sig(RrType::A, 13, 3, 55648, "example.com"), &key)));
    assert!(is_mismatch(verify(RrType::A, &sig(RrType::A, 8, 3, 55648, "example.net"), &key)));
    assert!(is_mismatch(verify(RrType::A, &good, &dnskey(1, 13, P256))));
    let no_records: [&[u8]; 0] = [];
    assert!(is_mismatch(verify_rrset(&name("www.example.net"), RrType::A, &no_records, &good, &key)));
    let own_ds = sig(RrType::DS, 13, 3, 55648, "www.example.net");
    assert!(is_mismatch(verify(RrType::DS, &own_ds, &key)));
    assert_eq!(verify(RrType::A, &good[..30], &key), Err(DnssecError::BadRrsig));
    assert_eq!(verify(RrType::A, &good, &key[..4]), Err(DnssecError::BadDnskey));
    assert_eq!(verify(RrType::A, &good[..good.len() - 1], &key), Err(DnssecError::BadSignature));
}

#[test]
fn an_unsupported_algorithm_is_an_error_of_its_own() {
    for algorithm in [1, 3, 6, 12, 16, 253] {
        let key = dnskey(257, algorithm, P256);
        let sig = rrsig(RrType::A, algorithm, 3, 3600, 2, 1, key_tag(&key), "example.net", P256_SIGNATURE);
        let result = verify_rrset(&name("www.example.net"), RrType::A, &[[192, 0, 2, 1]], &sig, &key);
        assert_eq!(result, Err(DnssecError::UnsupportedAlgorithm(algorithm)));
    }
}

#[test]
fn rfc6605_6_2_ecdsa_p384() {
    let key = dnskey(
        257,
        14,
        "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
    );
    assert_eq!(key_tag(&key), 10771);
    let sig = rrsig(
        RrType::A,
        14,
        3,
        3600,
        1_284_027_625,
        1_281_608_425,
        10771,
        "example.net",
        "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm",
    );
    assert_eq!(verify_rrset(&name("www.example.net"), RrType::A, &[[192, 0, 2, 1]], &sig, &key), Ok(()));
}

#[test]
fn rfc8080_6_1_ed25519() {
    // With the signatures of erratum 4935.
    for (key, tag, ds, signature) in [
        (
            "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
            3613,
            "3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b",
            "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
        ),
        (
            "zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=",
            35217,
            "401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c",
            "zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==",
        ),
    ] {
        let key = dnskey(257, 15, key);
        assert_eq!(key_tag(&key), tag);
        assert_eq!(ds_digest(&name("example.com"), &key, 2).unwrap(), hex(ds));
        let sig = rrsig(RrType::MX, 15, 2, 3600, 1_440_021_600, 1_438_207_200, tag, "example.com", signature);
        // The exchange's case does not matter: canonical form lowers it.
        let mx = b"\x00\x0a\x04MAIL\x07example\x03com\0";
        assert_eq!(verify_rrset(&name("example.com"), RrType::MX, &[mx], &sig, &key), Ok(()));
        let other = b"\x00\x0b\x04mail\x07example\x03com\0";
        let result = verify_rrset(&name("example.com"), RrType::MX, &[other], &sig, &key);
        assert_eq!(result, Err(DnssecError::BadSignature));
    }
}

#[test]
fn rfc5702_6_2_rsa_sha512() {
    let key = dnskey(
        256,
        10,
        "AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL",
    );
    assert_eq!(key_tag(&key), 3740);
    let sig = rrsig(
        RrType::A,
        10,
        3,
        3600,
        1_893_456_000,
        946_684_800,
        3740,
        "example.net",
        "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=",
    );
    assert_eq!(verify_rrset(&name("www.example.net"), RrType::A, &[[192, 0, 2, 91]], &sig, &key), Ok(()));
}

#[test]
fn rfc5702_6_1_rsa_sha256_is_too_small_for_us_but_covers_what_we_think() {
    let key = dnskey(
        256,
        8,
        "AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=",
    );
    assert_eq!(key_tag(&key), 9033);
    let signature =
        "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==";
    let sig = rrsig(RrType::A, 8, 3, 3600, 1_893_456_000, 946_684_800, 9033, "example.net", signature);
    let owner = name("www.example.net");
    let rdatas = [[192, 0, 2, 91]];
    // 512 bits: the library does not verify it, so the check of the signed octets is done here by hand.
    assert_eq!(verify_rrset(&owner, RrType::A, &rdatas, &sig, &key), Err(DnssecError::UnsupportedKey));
    let signed = signed_data_of(&sig[..sig.len() - 64], &owner, RrType::A, &rdatas).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &signed);
    let opened = power_65537(&base64(signature), &key[8..]);
    assert_eq!(&opened[..2], [0, 1]);
    assert_eq!(&opened[32..], digest.as_ref());
}

/// `base` to the power of 65537 modulo `modulus`, big-endian, of equal length: sixteen squarings and one product.
fn power_65537(base: &[u8], modulus: &[u8]) -> Vec<u8> {
    let mut power = base.to_vec();
    for _ in 0..16 {
        power = multiply(&power, &power, modulus);
    }
    multiply(&power, base, modulus)
}

fn multiply(a: &[u8], b: &[u8], modulus: &[u8]) -> Vec<u8> {
    let mut product = vec![0; modulus.len()];
    for bit in a.iter().flat_map(|octet| (0..8).rev().map(move |bit| (octet >> bit) & 1)) {
        product = add(&product, &product, modulus);
        if bit == 1 {
            product = add(&product, b, modulus);
        }
    }
    product
}

fn add(a: &[u8], b: &[u8], modulus: &[u8]) -> Vec<u8> {
    let mut sum = vec![0; a.len()];
    let mut carry = 0;
    for at in (0..a.len()).rev() {
        let digit = u16::from(a[at]) + u16::from(b[at]) + carry;
        sum[at] = digit as u8;
        carry = digit >> 8;
    }
    if carry == 1 || sum.as_slice() >= modulus {
        let mut borrow = 0;
        for at in (0..sum.len()).rev() {
            let digit = i16::from(sum[at]) - i16::from(modulus[at]) - borrow;
            sum[at] = digit as u8;
            borrow = i16::from(digit < 0);
        }
    }
    sum
}

// (algorithm, key tag, DNSKEY RDATA, RRSIG RDATA) by dnspython and `cryptography`, RSA with 2048 bits, over
// mixed.EXAMPLE.org. MX 20 Mail2.Example.ORG. and 10 mail.example.org.
const RSA: &[(u8, u16, &str, &str)] = &[
    (
        8,
        59437,
        "AQEDCAMBAAHAOzCs7b5tu5RAWfk2JpRB26jpUjAKk+DB5R0vfYeAewaJovC7XZo32XW6YVLgd3PsK9DCjERW5tDFyKNTxkzGA36Xx9D75ztuERD+EJwq1AJqNZ9OLGQzpMcmmY1f4zv4iPJscn6MWSyNP1lunwfPtt7Z4O5dfg+a+5sYBoG5bm2dVUzPEzQ+tQH+fMEBK5WyK1ftnqoBnoheQclRwj8/F8HkDhrXgd9c6EbUdW/Asr5ej6WqQKdW7aaA73C4kdfo40qqvGBLXLMYontoodhS+Zb6wZMwuZutNQDkiG6AL6BAqhtGkCO8/tjGKDaPu9itP7FVeGiYu/dPHbWr9PWl",
        "AA8IAwAADhBrSdIAZVPxAOgtB2V4YW1wbGUDb3JnAGSAclP6avctMOatl7UPIzC8SxJIj3TVF/KN1Ra11YJMb3O1RszQAjxFtXraOar+0fKwa0GpWi7Uk9PNjn+PmaivC0NJ7z1Ce9e/XNktWmNdQOu5+/okxHTS3/3/bNjj93TRcZaYHgXO7nH2sz9H5arrvkCejGJe/LJ9T/Js4PPswOczTJx8JBh1KwC2shBog0+AiYJoBt+/R/tOP2aeEGwtRYtQBkwvAfJTnpROhniCx5GJ3opMBvZPEG/4qaS0sqTJBDHdZ7NocKIthF2RQd8gtVrRZx/Tv7FNDq6ZpeQbv8AHUpwgKZl2EQhZDoaJHOW1WIuqes5BhW0bhm1ptUg=",
    ),
    (
        5,
        59434,
        "AQEDBQMBAAHAOzCs7b5tu5RAWfk2JpRB26jpUjAKk+DB5R0vfYeAewaJovC7XZo32XW6YVLgd3PsK9DCjERW5tDFyKNTxkzGA36Xx9D75ztuERD+EJwq1AJqNZ9OLGQzpMcmmY1f4zv4iPJscn6MWSyNP1lunwfPtt7Z4O5dfg+a+5sYBoG5bm2dVUzPEzQ+tQH+fMEBK5WyK1ftnqoBnoheQclRwj8/F8HkDhrXgd9c6EbUdW/Asr5ej6WqQKdW7aaA73C4kdfo40qqvGBLXLMYontoodhS+Zb6wZMwuZutNQDkiG6AL6BAqhtGkCO8/tjGKDaPu9itP7FVeGiYu/dPHbWr9PWl",
        "AA8FAwAADhBrSdIAZVPxAOgqB2V4YW1wbGUDb3JnALdsK4gyB/k9gILBoEExIaPj/ISwHLrQ49e9pe3nKxQcAUsmw22Th7Dbo3IPgGHGLrR9M9IW5/XPvTmaHIey/C8NN+drdVUzLJUN4rDUG3aR+URZpfvV+yWirQLtMmImMQQ7dZVmI/sAV0NtUmwP/WULWqc6/0V47qZwCkB9B+7WNv+R1FeRbWLM5t3IcZm7dTKtueuyzRKeZDfTO8QgD8EBVVNgW68bp2V7GDnsnfdqvkTTadjaEvPA0CusefS4a2pJ6rOciAVT/YIxQJFTdF1/Jtimniav2EDu1bztlqNgnWdtfdnkbWz34JZQyiDw+5wvE40T1unm8YlePnC3wLk=",
    ),
    (
        10,
        59439,
        "AQEDCgMBAAHAOzCs7b5tu5RAWfk2JpRB26jpUjAKk+DB5R0vfYeAewaJovC7XZo32XW6YVLgd3PsK9DCjERW5tDFyKNTxkzGA36Xx9D75ztuERD+EJwq1AJqNZ9OLGQzpMcmmY1f4zv4iPJscn6MWSyNP1lunwfPtt7Z4O5dfg+a+5sYBoG5bm2dVUzPEzQ+tQH+fMEBK5WyK1ftnqoBnoheQclRwj8/F8HkDhrXgd9c6EbUdW/Asr5ej6WqQKdW7aaA73C4kdfo40qqvGBLXLMYontoodhS+Zb6wZMwuZutNQDkiG6AL6BAqhtGkCO8/tjGKDaPu9itP7FVeGiYu/dPHbWr9PWl",
        "AA8KAwAADhBrSdIAZVPxAOgvB2V4YW1wbGUDb3JnAJqs9bRd2ROYtapPg4WYHTLiIFioFuypg4fwUerpCryfa82Jy3k/tP8jxjHrgzPwS050/2aU0CdSozo7h3ySprsNOFTX11Lk3L0HKwAWseGebKvY3i6il93JEv0JvQVucCw6gWzyIhPbxNkiTFrs8puZxAMZsr3KyocJkvx9H2HL7QKKhRcxzhDiHKUECMtegX360EMhcFqYBcnkoRgpokaDAQZM71KmAIvESsmUr2VwPv2jCaNTpcbCnjy+J8jWE8hdEZAkQYF9qYX47cTiaBpcdUMvJojefGZuPCNPirbJQiyTX3n3j5PwDS+6XCfFPoOAh4/tc+Xdt3UKYpVbWZI=",
    ),
];

#[test]
fn rsa_by_an_independent_signer() {
    for &(algorithm, tag, key, sig) in RSA {
        let (key, sig) = (base64(key), base64(sig));
        assert_eq!((key[3], key_tag(&key)), (algorithm, tag));
        let rdatas = [&b"\0\x14\x05Mail2\x07Example\x03ORG\0"[..], b"\0\x0a\x04mail\x07example\x03org\0"];
        let owner = name("mixed.EXAMPLE.org");
        assert_eq!(verify_rrset(&owner, RrType::MX, &rdatas, &sig, &key), Ok(()), "algorithm {algorithm}");
        assert_eq!(
            verify_rrset(&owner, RrType::MX, &rdatas[..1], &sig, &key),
            Err(DnssecError::BadSignature)
        );
        let mut damaged = sig.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(verify_rrset(&owner, RrType::MX, &rdatas, &damaged, &key), Err(DnssecError::BadSignature));
    }
}
