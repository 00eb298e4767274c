"""Key files: written once, readable by their owner only, and nothing of a key in any error."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from ledger.errors import Misuse, NotFound
from ledger.keys import new_signing_key, read_mldsa_key, read_signing_key, write_private_key, write_secret


def test_a_key_comes_back_and_its_file_is_its_owners_only(tmp_path: Path) -> None:
    key, path = new_signing_key(), tmp_path / "service.pem"
    write_private_key(path, key.private)
    assert read_signing_key(path).keyid == key.keyid
    assert path.stat().st_mode & 0o777 == 0o600
    log_key, log_path = MLDSA44PrivateKey.generate(), tmp_path / "log.pem"
    write_private_key(log_path, log_key)
    assert read_mldsa_key(log_path).private_bytes_raw() == log_key.private_bytes_raw()


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "service.pem"
    write_secret(path, b"first")
    with pytest.raises(Misuse, match="key_exists"):
        write_secret(path, b"second")
    assert path.read_bytes() == b"first"


def test_one_kind_of_key_is_not_taken_for_another(tmp_path: Path) -> None:
    write_private_key(tmp_path / "a.pem", new_signing_key().private)
    write_private_key(tmp_path / "b.pem", MLDSA44PrivateKey.generate())
    for read, name in ((read_mldsa_key, "a.pem"), (read_signing_key, "b.pem")):
        with pytest.raises(Misuse, match="key_unreadable"):
            read(tmp_path / name)


def test_what_is_no_key_says_so_without_repeating_it(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    wrong = {
        "text.pem": b"SECRET-LOOKING-TEXT",
        "empty.pem": b"",
        "ec.pem": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "locked.pem": other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")),
    }
    (tmp_path / "folder.pem").mkdir()
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
    for name in (*wrong, "folder.pem"):
        with pytest.raises(Misuse, match="key_unreadable") as caught:
            read_signing_key(tmp_path / name)
        assert "SECRET" not in str(caught.value)
    with pytest.raises(NotFound, match="key_missing"):
        read_signing_key(tmp_path / "nowhere.pem")
