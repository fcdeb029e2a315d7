"""The command `seal53`: one file for each noun.

A Fault becomes one line on standard error and exit code 1; anything else is a bug and shows its traceback.
A file here either runs something (`serve`, `demo`, `resolver`) or talks to a running service through its
API.
"""

import sys

import typer

from seal53 import __version__
from seal53.base.errors import Fault
from seal53.cli import account, audit, demo, health, reset, resolver, serve, status, vpc, zone

app = typer.Typer(
    name="seal53",
    help="A self-hosted DNS service that speaks the Amazon Route 53 API and does DNSSEC for real.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("status")(status.status)
app.command("reset")(reset.reset)
app.command("audit")(audit.audit)
app.add_typer(vpc.app, name="vpc")
app.add_typer(account.app, name="account")
app.add_typer(zone.app, name="zone")
app.add_typer(health.app, name="health")
app.add_typer(resolver.app, name="resolver")
app.add_typer(resolver.app, name="resolver")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"seal53 {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version."
    ),
) -> None:
    pass


def main() -> None:
    try:
        app()
    except Fault as fault:
        typer.echo(f"seal53: {fault}", err=True)
        sys.exit(1)
