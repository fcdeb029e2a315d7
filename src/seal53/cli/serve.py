"""`seal53 serve`: runs the service in the foreground until it is told to end."""

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from seal53 import config


def _option(setting: str, *flags: str) -> Any:
    return typer.Option(None, *flags, help=config.doc(setting), show_default=_default(setting))


def _default(setting: str) -> str | bool:
    default = next(value for name, _, value in config.described() if name == setting)
    return False if default in (None, (), False) else str(default)


def serve(
    data: str | None = _option("data"),
    ephemeral: bool | None = _option("ephemeral", "--ephemeral"),
    ready_file: str | None = _option("ready_file"),
    address_block: str | None = _option("address_block"),
    api_listen: str | None = _option("api_listen"),
    dns_port: int | None = _option("dns_port"),
    fallback_port: int | None = _option("fallback_port"),
    account: list[str] | None = _option("accounts", "--account"),
    tld: list[str] | None = _option("tlds", "--tld"),
    tld_ns_ttl: int | None = _option("tld_ns_ttl"),
    tld_ds_ttl: int | None = _option("tld_ds_ttl"),
    tld_negative_ttl: int | None = _option("tld_negative_ttl"),
    name_server_pattern: str | None = _option("name_server_pattern"),
    allow_public_registry: bool | None = _option("allow_public_registry", "--allow-public-registry"),
    resolver_roots: str | None = _option("resolver_roots"),
    root_hints_file: str | None = _option("root_hints_file"),
    trust_anchors_file: str | None = _option("trust_anchors_file"),
    resolver_profile: str | None = _option("resolver_profile"),
    upstream_maps: str | None = _option("upstream_maps"),
    workers: int | None = _option("workers"),
    log_level: str | None = _option("log_level"),
    config_file: Path | None = typer.Option(None, "--config", help="A TOML file with settings."),
) -> None:
    """Run the service: API, name servers and resolvers, on loopback.

    Every setting is also a key of the --config file and an environment variable (SEAL53_ and the name in
    capitals); flags win over the environment, the environment over the file.
    """
    flags: dict[str, object] = {
        "data": data,
        "ephemeral": ephemeral,
        "ready_file": ready_file,
        "address_block": address_block,
        "api_listen": api_listen,
        "dns_port": dns_port,
        "fallback_port": fallback_port,
        "accounts": account,
        "tlds": tld,
        "tld_ns_ttl": tld_ns_ttl,
        "tld_ds_ttl": tld_ds_ttl,
        "tld_negative_ttl": tld_negative_ttl,
        "name_server_pattern": name_server_pattern,
        "allow_public_registry": allow_public_registry,
        "resolver_roots": resolver_roots,
        "root_hints_file": root_hints_file,
        "trust_anchors_file": trust_anchors_file,
        "resolver_profile": resolver_profile,
        "upstream_maps": upstream_maps,
        "workers": workers,
        "log_level": log_level,
    }
    settings = config.load(file=config_file, environ=os.environ, flags=flags)
    logging.basicConfig(stream=sys.stderr, level=settings.log_level.upper(), format="%(message)s")
    # Here and not above: the other commands need none of the service's rooms.
    from seal53 import app, supervise

    supervise.serve(settings, lambda place: app.roles(settings, place), _announce)


def _announce(facts: Mapping[str, Any]) -> None:
    root, first = facts["root"], facts["accounts"][0]
    port = root["port"]
    lines = [
        "Seal53 answers.",
        f"  API          {facts['api']}",
        f"  root server  {root['address']} port {port}"
        + ("" if port == 53 else "  (this user may not use port 53)"),
        *(
            f"  resolver     {r['address']} port {port}  {r['vpc_id']}, account {r['account']}"
            for r in facts["resolvers"]
        ),
        f"  first key    {first['access_key_id']}, account {first['id']}; secrets are in the ready file",
    ]
    typer.echo("\n".join(lines))
    sys.stdout.flush()
