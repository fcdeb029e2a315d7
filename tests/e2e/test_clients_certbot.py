"""certbot's Route 53 plugin, unmodified: its authenticator puts a challenge, and removes it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from e2e_service import Service, environment

# What `certbot certonly --dns-route53` does between the ACME server's challenge and its validation; the
# server is left out. In a process of its own, so that the plugin finds its credentials as users' do.
PLUGIN = """
import json, sys
from unittest import mock
import josepy
from acme import challenges, messages
from certbot import achallenges, configuration
from certbot_dns_route53._internal.dns_route53 import Authenticator
from cryptography.hazmat.primitives.asymmetric import rsa

key = josepy.JWKRSA(key=rsa.generate_private_key(65537, 2048))
challenge = challenges.DNS01(token=b"17817c66b60ce2e4012dfad92657527a")
body = messages.ChallengeBody(chall=challenge, uri="https://acme.test/1", status=messages.STATUS_PENDING)
who = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=sys.argv[1])
asked = achallenges.KeyAuthorizationAnnotatedChallenge(challb=body, identifier=who, account_key=key)
authenticator = Authenticator(mock.MagicMock(dns_route53_propagation_seconds=0), "dns-route53")
authenticator.perform([asked])
print(json.dumps([asked.validation_domain_name(sys.argv[1]), asked.validation(key)]), flush=True)
sys.stdin.readline()
authenticator.cleanup([asked])
"""


@contextmanager
def _authenticator(service: Service, domain: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    key = service.facts["accounts"][0]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PLUGIN, domain],
        env={
            **environment(),
            "AWS_ENDPOINT_URL": service.facts["api"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
            **variables,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def test_the_challenge_comes_and_goes(service: Service) -> None:
    _, addresses = service.zone("certbot.com")
    with _authenticator(service, "www.certbot.com") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        name, value = json.loads(line)
        # The plugin waited for INSYNC, so every name server has it.
        for address in addresses:
            assert service.values(address, name, "TXT") == [f'"{value}"']
        _, errors = process.communicate("\n", timeout=30)
        assert process.returncode == 0, errors
    for address in addresses:
        assert service.values(address, name, "TXT") == []


def test_a_domain_without_a_zone_is_refused_plainly(service: Service) -> None:
    with _authenticator(service, "www.nobody-has-this.com") as process:
        _, errors = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "Unable to find a Route53 hosted zone" in errors
