"""A DNSKEY as a domain's holder gives it to the registrar, and the DS that the registrar derives from it.

The registrar checks length and base64, as AWS does, and nothing more: whether the key is the zone's own is
for the holder to get right, so that a wrong DS can be published and its effect be seen. Not for: what should
be at the parent, which is the holder's.
Source: AWS Route 53 Domains API, AssociateDelegationSignerToDomain; RFC 4034 §5.1.
"""

import base64
import binascii
from dataclasses import dataclass

from seal53.base.errors import Fault
from seal53.core import Name, ds_rdata, key_tag

DIGEST_SHA256 = 2

_OCTETS = {
    # algorithm: (least, most) octets of the public key field
    5: (67, 515),  # RFC 3110 §2: exponent length, exponent, a modulus of 512 to 4096 bits
    7: (67, 515),
    8: (67, 515),
    10: (131, 515),  # RFC 5702 §2.2: a modulus of 1024 bits at the least
    13: (64, 64),  # RFC 6605 §4
    14: (96, 96),  # RFC 6605 §4
    15: (32, 32),  # RFC 8080 §3
    16: (57, 57),  # RFC 8080 §3
}

MOST_KEYS = {"com.": 13, "net.": 13}
"""DS keys of one domain, by TLD; others have 4 (AWS Route 53 Domains guide, "Maximum number of keys")."""


class SignerFault(Fault):
    """The key is not one that the registrar takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationSigner:
    """A key and its DS RDATA; `id` is `DS:<tag>-<algorithm>-<digest type>-<digest>` as Amazon Registrar forms
    it."""

    id: str
    flags: int
    algorithm: int
    public_key: str
    key_tag: int
    digest: str
    ds: bytes


def derive_signer(domain: Name, *, flags: int, algorithm: int, public_key: str) -> DelegationSigner:
    """The DS that follows from a key.

    Shape:  public_key is base64 of the DNSKEY's public key field, white space allowed.
    Raises: SignerFault, for flags other than 256 and 257, an unknown algorithm, bad base64 or a wrong length.
    Source: RFC 4034 §5.1.4; the digest is SHA-256 (RFC 4509).
    """
    if flags not in (256, 257):
        raise SignerFault(f"Flags must be 256 or 257, not {flags}")
    if algorithm not in _OCTETS:
        raise SignerFault(f"Algorithm {algorithm} is not supported")
    text = "".join(public_key.split())
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignerFault("PublicKey is not valid base64") from None
    least, most = _OCTETS[algorithm]
    if not least <= len(key) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise SignerFault(f"PublicKey has {len(key)} octets; algorithm {algorithm} has {wanted}")
    dnskey = flags.to_bytes(2) + bytes((3, algorithm)) + key
    ds = ds_rdata(domain, dnskey, DIGEST_SHA256)
    tag, digest = key_tag(dnskey), ds[4:].hex().upper()
    return DelegationSigner(
        id=f"DS:{tag}-{algorithm}-{DIGEST_SHA256}-{digest}",
        flags=flags,
        algorithm=algorithm,
        public_key=text,
        key_tag=tag,
        digest=digest,
        ds=ds,
    )


def most_keys(tld: Name) -> int:
    """How many keys a domain of this TLD may have."""
    return MOST_KEYS.get(str(tld).lower(), 4)
