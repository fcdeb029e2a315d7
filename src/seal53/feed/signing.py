"""From what travels to what signs: a `SigningState` of the feed as the core's `Signing`."""

from seal53.core import Signing
from seal53.feed.messages import SigningState


def to_core(state: SigningState) -> Signing:
    """Keys stay sealed until the data plane opens them (I6)."""
    return Signing(
        state.dnskey_ttl,
        state.dnskeys,
        [(w.since, w.inception, w.expiration, w.rrsigs) for w in state.windows],
        [(key.sealed, key.aad, key.dnskey) for key in state.keys],
    )
