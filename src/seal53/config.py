"""The one declaration of every setting.

Sources, a later one wins: the defaults here, `--config FILE` (TOML), the environment (`SEAL53_` and the
name in capitals), flags. Unknown keys are refused. Read by `app`, `supervise` and `cli` alone; other rooms
get what they need. Not for: what is found out at start (the port that the system allowed, the free block):
that is a `Place`.
"""

import difflib
import ipaddress
import re
import socket
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from seal53.base.errors import StartFault
from seal53.base.journal import Secret

PREFIX = "SEAL53_"
DEFAULT_BLOCK = "127.53.0.0/24"
DEFAULT_API = "127.0.0.1:8053"
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # a label of a host name


class SettingsFault(StartFault):
    """A setting that is unknown, malformed, or forbidden together with another."""


def _doc(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting, with its default and what it is for."""

    data: Annotated[
        str | None, _doc("Keeps everything. Default: /var/lib/seal53 for root, else ~/.local/share/seal53.")
    ] = None
    ephemeral: Annotated[
        bool, _doc("Keep nothing: a private directory that is removed at the end, and a free address block.")
    ] = False
    ready_file: Annotated[
        str | None, _doc("JSON file (mode 0600) with keys, addresses and pids, while everything answers.")
    ] = None
    address_block: Annotated[
        str | None, _doc("The /24 of all DNS addresses. Default: 127.53.0.0/24; ephemeral: a free one.")
    ] = None
    dns_port: Annotated[int, _doc("Port of every name server and resolver.")] = 53
    fallback_port: Annotated[
        int, _doc("Port that is used instead when the system does not allow dns_port (EACCES).")
    ] = 5300
    api_listen: Annotated[
        str | None,
        _doc("ADDRESS:PORT of the API. Default: 127.0.0.1:8053; ephemeral: a free port on loopback."),
    ] = None
    api_tls: Annotated[
        Literal["off", "own"] | None,
        _doc("own: HTTPS, certified by a CA in DATA/tls. Off loopback HTTPS is a must. Default: off."),
    ] = None
    api_certificate: Annotated[
        str | None, _doc("PEM file with the API's certificate and those that issued it, for HTTPS.")
    ] = None
    api_key: Annotated[str | None, _doc("PEM file with the key of api_certificate.")] = None
    limits: Annotated[
        Literal["open", "aws"], _doc("aws: AWS's quotas, and 5 calls a second for each account.")
    ] = "open"
    accounts: Annotated[
        tuple[str, ...], _doc("Accounts with known keys: ID:ACCESS_KEY_ID:SECRET, or @FILE with one a line.")
    ] = ()
    master_key: Annotated[
        str | None, _doc("Seals all keys at rest: 32 octets in base64 or hex. Default: DATA/master.key.")
    ] = None
    tlds: Annotated[tuple[str, ...], _doc("Top-level domains of our registry, besides seal53.")] = (
        "com.",
        "net.",
        "org.",
        "test.",
    )
    tld_ns_ttl: Annotated[
        int, _doc("TTL in seconds of NS records and glue in the TLD zones and the root.")
    ] = 3600
    tld_ds_ttl: Annotated[int, _doc("TTL in seconds of DS records in the TLD zones and the root.")] = 300
    tld_negative_ttl: Annotated[int, _doc("Negative TTL in seconds of the TLD zones and the root.")] = 60
    name_server_pattern: Annotated[
        str, _doc("Hosts of a delegation set: {n} is 0 to 3, {set} its number; ends in seal53.")
    ] = "ns-{n}.set-{set}.seal53."
    allow_public_registry: Annotated[bool, _doc("Serve the root and the TLDs off loopback too.")] = False
    resolver_roots: Annotated[
        Literal["own", "internet"], _doc("Whether resolvers start from our own root or the Internet's.")
    ] = "own"
    root_hints_file: Annotated[
        str | None, _doc("Zone file with the root hints, for resolver_roots=internet.")
    ] = None
    trust_anchors_file: Annotated[str | None, _doc("DS or DNSKEY lines, for resolver_roots=internet.")] = None
    resolver_profile: Annotated[
        Literal["standard", "aws"], _doc("aws: DO and CD are ignored and AD is never set.")
    ] = "standard"
    upstream_maps: Annotated[
        str | None, _doc('Directory of VPC_ID.json files, {"address": "host:port"}: upstream redirects.')
    ] = None
    workers: Annotated[int, _doc("UDP threads of each name-server process; 0: one for each processor.")] = 0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _doc("Journal lines on standard error.")
    ] = "warning"

    def __repr__(self) -> str:
        # I6: seeded secrets and the master key are settings
        hidden = {"accounts", "master_key"}
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={'***' if name in hidden and value else repr(value)}" for name, value in values)
        return f"Settings({', '.join(shown)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeed:
    """An account with a known key."""

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The files that the API is served with. `ca` and `names` (whom it certifies) with api_tls=own alone."""

    certificate: Path
    key: Path
    ca: Path | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the supervisor found out at start; the roles get it through the fork.

    `block` is the /24 of all DNS addresses, `port` theirs, `api` the address that `api_socket` is bound to,
    `tls` what it is served with (None: plain HTTP),
    `feed_path` the Unix socket of the feed and `token` what opens it; `kek` seals all keys at rest (I6). Both
    sockets listen already: what knocks while the control process is being restarted waits in their queues.
    """

    data: Path
    block: ipaddress.IPv4Network
    port: int
    api: tuple[str, int]
    api_socket: socket.socket
    feed_path: Path
    feed_socket: socket.socket
    token: Secret = field(repr=False)
    kek: Secret = field(repr=False)
    tls: Tls | None = None

    @property
    def api_url(self) -> str:
        """For clients on this machine: a certificate names localhost, and no address that stands for all."""
        host, port = self.api
        address = ipaddress.ip_address(host)
        name = "localhost" if address.is_unspecified else f"[{host}]" if address.version == 6 else host
        return f"{'http' if self.tls is None else 'https'}://{name}:{port}"


def load(*, file: Path | None, environ: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """Settings from all sources. Raises SettingsFault with one clear line."""
    merged: dict[str, Any] = {}
    if file is not None:
        merged |= _from_file(file)
    merged |= _from_environment(environ)
    merged |= {name: value for name, value in flags.items() if value is not None and value != []}
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as e:
        raise SettingsFault(f"settings: {e}") from None
    _check(settings)
    return settings


def seeds(settings: Settings) -> list[AccountSeed]:
    """The accounts to seed, with @FILE read."""
    lines: list[str] = []
    for entry in settings.accounts:
        if entry.startswith("@"):
            try:
                text = Path(entry[1:]).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as e:
                raise SettingsFault(f"the accounts file {entry[1:]} cannot be read: {_why(e)}") from None
            lines += [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        else:
            lines.append(entry)
    return [_seed(line) for line in lines]


def block_of(settings: Settings) -> ipaddress.IPv4Network | None:
    """The configured block; None: one that is free (ephemeral)."""
    if settings.address_block is None:
        return None if settings.ephemeral else ipaddress.IPv4Network(DEFAULT_BLOCK)
    return ipaddress.IPv4Network(settings.address_block)


def api_of(settings: Settings) -> tuple[str, int]:
    """Address and port to bind; port 0: a free one."""
    text = settings.api_listen or ("127.0.0.1:0" if settings.ephemeral else DEFAULT_API)
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def described() -> list[tuple[str, str, object]]:
    """(name, what it is for, default) of each setting, for --help and the books."""
    hints = get_type_hints(Settings, include_extras=True)
    rows: list[tuple[str, str, object]] = []
    for info in msgspec.structs.fields(Settings):
        meta = next(m for m in get_args(hints[info.name]) if isinstance(m, msgspec.Meta))
        rows.append((info.name, meta.description or "", info.default))
    return rows


def doc(name: str) -> str:
    """What the setting is for."""
    return next(text for setting, text, _ in described() if setting == name)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        raise SettingsFault(f"the settings file {file} cannot be read: {_why(e)}") from None
    for key in found:
        _known(key, f"in {file}")
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    hints = get_type_hints(Settings)
    found: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        _known(name, f"in the environment ({variable})")
        parts = [part for part in text.replace("\n", ",").split(",") if part]
        found[name] = parts if _is_tuple(hints[name]) else text
    return found


def _is_tuple(hint: object) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return any(_is_tuple(part) for part in get_args(hint))
    return get_origin(hint) is tuple


def _known(key: str, where: str) -> None:
    names = Settings.__struct_fields__
    if key not in names:
        near = difflib.get_close_matches(key, names, 1)
        hint = f"did you mean {near[0]}?" if near else "`seal53 serve --help` lists them"
        raise SettingsFault(f"unknown setting {key!r} {where}", hint=hint)


def _check(settings: Settings) -> None:
    if settings.address_block is not None:
        try:
            block = ipaddress.IPv4Network(settings.address_block)
        except ValueError as e:
            raise SettingsFault(f"address_block: {e}") from None
        if block.prefixlen != 24:
            raise SettingsFault(f"address_block: {block} is not a /24")
    try:
        host, port = api_of(settings)
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise SettingsFault(f"api_listen: {settings.api_listen!r} is not ADDRESS:PORT") from None
    if not 0 <= port <= 65535:
        raise SettingsFault(f"api_listen: {port} is not a port")
    _check_tls(settings, host, loopback=loopback)
    for name in ("dns_port", "fallback_port"):
        if not 1 <= getattr(settings, name) <= 65535:
            raise SettingsFault(f"{name}: {getattr(settings, name)} is not a port")
    for name in ("tld_ns_ttl", "tld_ds_ttl", "tld_negative_ttl"):
        if not 0 <= getattr(settings, name) <= 2**31 - 1:
            raise SettingsFault(f"{name}: {getattr(settings, name)} is not a TTL (0 to 2147483647)")
    if settings.ephemeral and settings.data is not None:
        raise SettingsFault(
            "--ephemeral keeps nothing and --data keeps everything", hint="give one of the two"
        )
    if settings.resolver_roots == "internet" and not (
        settings.root_hints_file and settings.trust_anchors_file
    ):
        raise SettingsFault("resolver_roots=internet needs root_hints_file and trust_anchors_file")
    if not 0 <= settings.workers <= 256:
        raise SettingsFault(f"workers: {settings.workers} is not between 0 and 256")
    for tld in settings.tlds:
        if not _LABEL.fullmatch(tld.removesuffix(".")):
            raise SettingsFault(f"tlds: {tld!r} is not one label of letters, digits and hyphens")
    pattern = settings.name_server_pattern
    host = pattern.replace("{n}", "0").replace("{set}", "01").removesuffix(".")
    if (
        "{n}" not in pattern
        or "{set}" not in pattern
        or not host.endswith(".seal53")
        or not all(map(_LABEL.fullmatch, host.split(".")))
    ):
        raise SettingsFault(
            f"name_server_pattern: {pattern!r} must be a host name that holds {{n}} and {{set}}"
            " and ends in .seal53."
        )
    seeds(settings)


def _check_tls(settings: Settings, host: str, *, loopback: bool) -> None:
    given = settings.api_certificate is not None
    if given != (settings.api_key is not None):
        raise SettingsFault("api_certificate and api_key: one is given without the other")
    if given and settings.api_tls is not None:
        raise SettingsFault(
            f"api_tls={settings.api_tls} and a certificate that is given exclude one another",
            hint="leave api_tls out, or api_certificate and api_key",
        )
    if not loopback and not given and settings.api_tls != "own":
        raise SettingsFault(
            f"api_listen: {host} is not a loopback address, and off loopback the API is served with TLS only",
            hint="--api-tls own, or --api-certificate FILE and --api-key FILE",
        )


def _seed(line: str) -> AccountSeed:
    parts = line.split(":", 2)
    # The line is not shown: it holds a secret (I6).
    if len(parts) != 3 or not all(parts):
        raise SettingsFault("accounts: an entry is not ID:ACCESS_KEY_ID:SECRET")
    account_id, access_key_id, secret = parts
    if len(account_id) != 12 or not account_id.isascii() or not account_id.isdigit():
        raise SettingsFault(f"accounts: {account_id!r} is not an account id (12 digits)")
    if not (16 <= len(access_key_id) <= 128 and access_key_id.isascii() and access_key_id.isalnum()):
        raise SettingsFault(
            f"accounts: the access key id of {account_id} is not 16 to 128 letters and digits"
        )
    return AccountSeed(account_id=account_id, access_key_id=access_key_id, secret_access_key=secret)


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
