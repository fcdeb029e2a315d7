"""Settings: which source wins, what is refused, and that secrets do not show."""

from pathlib import Path

import pytest

from seal53.config import Settings, SettingsFault, api_of, block_of, described, load, seeds

SEED = "123456789012:AKIASEEDEDSEEDED0001:secret-of-the-seed"


def given(tmp_path: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: object) -> Settings:
    file = tmp_path / "seal53.toml"
    file.write_text(toml)
    return load(file=file, environ=environ or {}, flags=flags)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    toml = "tld_ns_ttl = 1\ntld_ds_ttl = 1\ntld_negative_ttl = 1\n"
    environ = {"SEAL53_TLD_DS_TTL": "2", "SEAL53_TLD_NEGATIVE_TTL": "2"}
    settings = given(tmp_path, toml, environ, tld_negative_ttl=3, tld_ns_ttl=None)
    assert (settings.tld_ns_ttl, settings.tld_ds_ttl, settings.tld_negative_ttl) == (1, 2, 3)
    assert settings.tlds == ("com.", "net.", "org.", "test.")


def test_the_environment_gives_lists_and_switches(tmp_path: Path) -> None:
    settings = given(tmp_path, environ={"SEAL53_TLDS": "com.,shop.", "SEAL53_EPHEMERAL": "1", "HOME": "/"})
    assert settings.tlds == ("com.", "shop.")
    assert settings.ephemeral


@pytest.mark.parametrize(
    ("toml", "environ", "says"),
    [
        ("wrokers = 2", {}, "did you mean workers?"),
        ("", {"SEAL53_WROKERS": "2"}, "SEAL53_WROKERS"),
        ("workers = 'many'", {}, "workers"),
        ("workers = -1", {}, "workers"),
        ("dns_port = 0", {}, "dns_port"),
        ("tld_ns_ttl = -1", {}, "tld_ns_ttl"),
        ("address_block = '127.53.0.0/16'", {}, "not a /24"),
        ("address_block = 'here'", {}, "address_block"),
        ("api_listen = '0.0.0.0:80'", {}, "with TLS only"),
        ("api_listen = '[::]:80'", {}, "with TLS only"),
        ("api_listen = '0.0.0.0:80'\napi_tls = 'off'", {}, "with TLS only"),
        ("api_tls = 'on'", {}, "api_tls"),
        ("api_certificate = 'c.pem'", {}, "one is given without the other"),
        ("api_key = 'k.pem'", {}, "one is given without the other"),
        ("api_tls = 'own'\napi_certificate = 'c'\napi_key = 'k'", {}, "exclude one another"),
        ("api_tls = 'off'\napi_certificate = 'c'\napi_key = 'k'", {}, "exclude one another"),
        ("limits = 'none'", {}, "limits"),
        ("api_listen = 'localhost:80'", {}, "not ADDRESS:PORT"),
        ("api_listen = '127.0.0.1:90000'", {}, "not a port"),
        ("ephemeral = true\ndata = '/x'", {}, "give one of the two"),
        ("resolver_roots = 'internet'", {}, "root_hints_file"),
        ("resolver_profile = 'other'", {}, "resolver_profile"),
        ("name_server_pattern = 'ns.example.'", {}, "name_server_pattern"),
        ("name_server_pattern = '{n}.{set}.{other}.seal53.'", {}, "name_server_pattern"),
        ("name_server_pattern = '{n}..{set}.seal53.'", {}, "name_server_pattern"),
        ("tlds = ['..']", {}, "tlds"),
        ("tlds = ['']", {}, "tlds"),
        ("tlds = ['com.', 'a.com.']", {}, "one label"),
        ("tlds = ['*']", {}, "tlds"),
        ("accounts = ['12:AKIASEEDEDSEEDED0001:s']", {}, "account id"),
        ("accounts = ['123456789012:short:s']", {}, "access key id"),
        ("accounts = ['@/nowhere']", {}, "cannot be read"),
        ("a = [", {}, "cannot be read"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(
    tmp_path: Path, toml: str, environ: dict[str, str], says: str
) -> None:
    with pytest.raises(SettingsFault, match=says.replace("?", r"\?")) as refused:
        given(tmp_path, toml, environ)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "toml",
    [
        "api_listen = '0.0.0.0:80'\napi_tls = 'own'",
        "api_listen = '192.0.2.1:80'\napi_certificate = 'c'\napi_key = 'k'",
        "api_tls = 'own'",
        "api_tls = 'off'",
    ],
)
def test_tls_is_a_choice_on_loopback_alone(tmp_path: Path, toml: str) -> None:
    settings = given(tmp_path, toml)
    encrypted = settings.api_tls == "own" or settings.api_certificate is not None
    assert encrypted == ("own" in toml or "api_certificate" in toml)


def test_accounts_come_from_flags_and_files(tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text(f"# known keys\n{SEED}\n\n")
    settings = given(tmp_path, accounts=[f"@{tmp_path / 'accounts'}", SEED.replace("0001", "0002")])
    assert [(s.account_id, s.access_key_id) for s in seeds(settings)] == [
        ("123456789012", "AKIASEEDEDSEEDED0001"),
        ("123456789012", "AKIASEEDEDSEEDED0002"),
    ]
    assert seeds(settings)[0].secret_access_key == "secret-of-the-seed"


def test_no_secret_shows(tmp_path: Path) -> None:
    settings = given(tmp_path, accounts=[SEED], master_key="00" * 32)
    for shown in (repr(settings), str(settings), repr(seeds(settings))):
        assert "secret-of-the-seed" not in shown
        assert "00" * 32 not in shown
    with pytest.raises(SettingsFault) as refused:
        given(tmp_path, accounts=["12345678901x:AKIASEEDEDSEEDED0001:secret-of-the-seed"])
    assert "secret-of-the-seed" not in str(refused.value)


def test_an_ephemeral_service_takes_what_is_free(tmp_path: Path) -> None:
    assert block_of(given(tmp_path, ephemeral=True)) is None
    assert api_of(given(tmp_path, ephemeral=True)) == ("127.0.0.1", 0)
    assert str(block_of(given(tmp_path))) == "127.53.0.0/24"
    assert api_of(given(tmp_path, api_listen="[::1]:8080")) == ("::1", 8080)


def test_every_setting_says_what_it_is_for() -> None:
    assert all(text.endswith(".") for _, text, _ in described())
