"""The numbers by which keys are published and DNSKEY signatures are made, each with its source. All in
seconds unless named otherwise."""

from typing import Final

DNSKEY_TTL_S: Final = 3600  # seen in Route 53's answers

WINDOW_COUNT: Final = 15  # Route 53 guide: 15 RRSIGs for the following days at each refresh
WINDOW_ALIGN_S: Final = 3600  # seen: inception and expiration are whole hours
WINDOW_LENGTH_S: Final = 39600  # seen: exactly 11 h between inception and expiration
WINDOW_STEP_S: Final = 28800  # inferred from two samples: starts at 07, 15 and 23 o'clock UTC
WINDOW_LEAD_S: Final = 3600  # Route 53 guide: resolvers' clocks may be an hour off

REFRESH_S: Final = 86400  # Route 53 guide: "every 1 to 7 days"; the price list counts daily

KSKS_MOST: Final = 2  # Route 53 quota "KSKs per zone", hard
KSK_FLAGS: Final = 257  # RFC 4034 §2.1.1: zone key and secure entry point
ZSK_FLAGS: Final = 256  # RFC 4034 §2.1.1: zone key
ALGORITHM: Final = 13  # RFC 6605 §4: ECDSAP256SHA256, the only one that Route 53 signs with
PROTOCOL: Final = 3  # RFC 4034 §2.1.2 MUST
DIGEST_TYPE: Final = 2  # RFC 4509 §2: SHA-256, the only one that GetDNSSEC shows
REVOKE_BIT: Final = 0x0080  # RFC 5011 §2.1

STATUS_MESSAGE_MOST: Final = 512  # characters; route53 model, SigningKeyStatusMessage
