"""Where resolution starts: for the resolvers, and for the probe that looks at a parent."""

from pathlib import Path

from seal53 import registry
from seal53.base.errors import StartFault
from seal53.config import Place, Settings
from seal53.feed.messages import ResolverBoot
from seal53.registry import contents
from seal53.resolver.anchors import Anchors, parse_hints
from seal53.store import Tx

DNS_PORT = 53


def boot_of(tx: Tx, settings: Settings, place: Place) -> ResolverBoot:
    """Root hints, trust anchors and the port of all name servers. Raises StartFault."""
    if settings.resolver_roots == "internet":
        anchors = _read(settings.trust_anchors_file).splitlines()
        Anchors.parse(anchors)  # a line that is no anchor is refused here, at start
        return ResolverBoot(
            hints=parse_hints(_read(settings.root_hints_file)), anchors=anchors, upstream_port=DNS_PORT
        )
    return ResolverBoot(
        hints=[(str(contents.ROOT_SERVER), str(place.block[1]))],
        anchors=[registry.trust_anchor(tx).ds],
        upstream_port=place.port,
    )


def _read(file: str | None) -> str:
    assert file is not None  # config refuses resolver_roots=internet without both files
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise StartFault(f"the file {file} cannot be read: {e}") from None
