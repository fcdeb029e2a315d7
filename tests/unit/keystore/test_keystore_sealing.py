"""Sealing at rest and the master key: what opens, what does not, and what is said about it."""

import base64
import os
import stat

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from seal53.base.errors import StartFault
from seal53.base.journal import Secret
from seal53.core import generate_zsk
from seal53.keystore import MASTER_KEY_FILE, UnsealFault, load_master_key, seal, unseal

KEK = bytes(range(32))


def test_what_was_sealed_opens_and_has_the_agreed_shape():
    sealed = seal(KEK, b"kms:k1", b"plain")
    assert unseal(KEK, b"kms:k1", sealed) == b"plain"
    assert len(sealed) == 12 + 5 + 16
    assert AESGCM(KEK).decrypt(sealed[:12], sealed[12:], b"kms:k1") == b"plain"
    assert seal(KEK, b"kms:k1", b"plain") != sealed


@pytest.mark.parametrize(
    ("kek", "aad", "change"),
    [
        (bytes(32), b"kms:k1", lambda s: s),
        (KEK, b"kms:k2", lambda s: s),
        (KEK, b"kms:k1", lambda s: s[:-1] + bytes([s[-1] ^ 1])),
        (KEK, b"kms:k1", lambda s: bytes([s[0] ^ 1]) + s[1:]),
        (KEK, b"kms:k1", lambda s: s[:27]),
        (KEK, b"kms:k1", lambda s: b""),
    ],
    ids=["another master key", "another owner", "tag", "nonce", "short", "empty"],
)
def test_nothing_else_opens(kek, aad, change):
    with pytest.raises(UnsealFault) as fault:
        unseal(kek, aad, change(seal(KEK, b"kms:k1", b"plain")))
    assert "\n" not in str(fault.value)
    assert "plain" not in str(fault.value)


def test_rust_and_python_seal_alike():
    sealed, dnskey = generate_zsk(KEK, b"zsk:Z1:1")
    pkcs8 = unseal(KEK, b"zsk:Z1:1", sealed)
    assert dnskey[4:] in pkcs8  # RFC 5915: the public point stands in the private key's encoding


def test_a_master_key_is_made_once(tmp_path):
    first = load_master_key(tmp_path)
    path = tmp_path / MASTER_KEY_FILE
    assert len(first) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_master_key(tmp_path) == first == path.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == [MASTER_KEY_FILE]


def test_a_given_master_key_wins_and_touches_no_file(tmp_path):
    assert load_master_key(tmp_path, given=KEK.hex()) == KEK
    assert load_master_key(tmp_path, given=" " + base64.b64encode(KEK).decode() + "\n") == KEK
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["", "00", KEK.hex()[:-2], KEK.hex() + "00", "z" * 64, "=" * 44])
def test_a_wrong_given_master_key_is_refused_without_showing_it(tmp_path, given):
    with pytest.raises(StartFault) as fault:
        load_master_key(tmp_path, given=given)
    assert "SEAL53_MASTER_KEY" in str(fault.value)
    assert "\n" not in str(fault.value)
    assert not given.strip("=") or given == "00" or given not in str(fault.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_master_key_that_others_may_read_is_refused(tmp_path, mode):
    load_master_key(tmp_path)
    (tmp_path / MASTER_KEY_FILE).chmod(mode)
    with pytest.raises(StartFault, match=f"mode 0{mode:o}.*chmod 600"):
        load_master_key(tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_master_key_of_another_size_is_refused(tmp_path, size):
    path = tmp_path / MASTER_KEY_FILE
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(StartFault, match=f"has {size} octets instead of 32"):
        load_master_key(tmp_path)


def test_a_link_or_directory_in_its_place_is_refused(tmp_path):
    target = tmp_path / "elsewhere"
    target.write_bytes(KEK)
    target.chmod(0o600)
    (tmp_path / MASTER_KEY_FILE).symlink_to(target)
    with pytest.raises(StartFault, match="cannot be read"):
        load_master_key(tmp_path)
    (tmp_path / MASTER_KEY_FILE).unlink()
    (tmp_path / MASTER_KEY_FILE).mkdir()
    with pytest.raises(StartFault):
        load_master_key(tmp_path)


def test_a_missing_directory_is_one_clear_line(tmp_path):
    with pytest.raises(StartFault, match="cannot be created: No such file or directory"):
        load_master_key(tmp_path / "none")


def test_a_leftover_of_a_crash_does_not_matter(tmp_path):
    (tmp_path / f"{MASTER_KEY_FILE}.{os.getpid()}.new").write_bytes(b"half")
    assert isinstance(load_master_key(tmp_path), Secret)
    assert [p.name for p in tmp_path.iterdir()] == [MASTER_KEY_FILE]
