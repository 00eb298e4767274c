"""What everything that signs statements has to do, wherever its key lies (ADR 016)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ledger.errors import Unavailable, Untrusted
from ledger.keys import new_signing_key, read_signing_key, write_private_key
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, signed_by, verify
from ledger.proof.keys import verify_signature
from ledger.signers import StatementSigner, UriSigner, public_key_behind, scheme_of
from tests.house_of import raises_code
from tests.softhsm_of import PIN, SoftHsm

Make = Callable[[], StatementSigner]


def no_secret(name: str) -> str:
    raise AssertionError(f"nobody should have asked for {name}")


def pin(name: str) -> str:
    assert name == "pin"
    return PIN


def _file2(folder: Path, private: object) -> UriSigner:
    path = folder / "key.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # type: ignore[attr-defined]
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return UriSigner(f"file2:{path}", spki, no_secret)


@pytest.fixture(params=["file", "file2 Ed25519", "file2 P-256", "hsm P-256"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Opens the same key each time."""
    if request.param == "file":
        write_private_key(tmp_path / "key.pem", new_signing_key().private)
        return lambda: read_signing_key(tmp_path / "key.pem")
    if request.param == "hsm P-256":
        uri = request.getfixturevalue("softhsm").fresh()
        return lambda: UriSigner(uri, public_key_behind(uri, pin), pin)
    private = Ed25519PrivateKey.generate() if "Ed25519" in request.param else generate_private_key(SECP256R1())
    return lambda: _file2(tmp_path, private)


def test_a_signature_verifies_under_the_public_key_that_it_names(make: Make) -> None:
    signer = make()
    for message in (b"", b"a statement", bytes(70_000)):
        verify_signature(signer.spki, signer.sign(message), message)


def test_a_signature_is_of_one_message(make: Make) -> None:
    signer = make()
    with pytest.raises(Untrusted):
        verify_signature(signer.spki, signer.sign(b"one"), b"other")


def test_the_keyid_is_that_of_the_specification_and_stays(make: Make) -> None:
    signer = make()
    assert signer.keyid == hashlib.sha256(signer.spki).hexdigest() == make().keyid


def test_an_envelope_by_it_is_like_any_other(make: Make) -> None:
    signer = make()
    envelope = signed_by(b'{"a":1}', PAYLOAD_TYPE, signer.keyid, signer.sign)
    assert verify(Envelope.parse(envelope.to_bytes()), {signer.keyid: signer.spki}) == (signer.keyid,)


def test_it_does_not_show_its_secrets(make: Make) -> None:
    assert PIN not in repr(make()) and "PRIVATE" not in repr(make())


# -- keys that lie elsewhere ---------------------------------------------------------------------------------------


def test_another_key_behind_the_uri_is_found_at_the_first_signature(softhsm: SoftHsm) -> None:
    uri, other = softhsm.fresh(), public_key_behind(softhsm.fresh(), pin)
    raises_code("signer_key_differs", lambda: UriSigner(uri, other, pin).sign(b"x"))


@pytest.mark.parametrize("uri", ["hsm:60000?label=countersign-test", "hsm:1?label=nobody", "hsm:x"])
def test_a_key_that_is_not_there_is_unavailable_and_named_by_its_scheme_only(softhsm: SoftHsm, uri: str) -> None:
    spki = public_key_behind(softhsm.fresh(), pin)

    def sign() -> bytes:
        return UriSigner(uri, spki, pin).sign(b"x")

    code = "signer_uri" if uri == "hsm:x" else "signer_unavailable"
    assert "nobody" not in str(raises_code(code, sign))


def test_a_wrong_pin_signs_nothing_and_stands_in_no_error(softhsm: SoftHsm) -> None:
    wrong = "0815-also-none"
    uri = softhsm.fresh()
    signer = UriSigner(uri, public_key_behind(uri, pin), lambda name: wrong)
    error = raises_code("signer_unavailable", lambda: signer.sign(b"x"))
    assert isinstance(error, Unavailable) and error.__cause__ is None and error.__suppress_context__
    assert wrong not in str(error) and PIN not in str(error)


@pytest.mark.parametrize("uri", ["", "hsm", "pkcs11:token=x", "gnupg:me", "https://keys.example", "file:key.pem"])
def test_other_uris_are_refused(uri: str) -> None:
    raises_code("signer_uri", lambda: scheme_of(uri))


@pytest.mark.parametrize(
    "uri", ["gcpkms:projects/p", "awskms:alias/x", "azurekms://v.vault.azure.net/keys/k/1", "hv:key/1"]
)
def test_a_key_store_is_not_asked_for_its_public_key(uri: str) -> None:
    raises_code("public_key_needed", lambda: public_key_behind(uri, no_secret))


@pytest.mark.parametrize(
    "uri", ["gcpkms:projects/p", "awskms:alias/x", "azurekms://v.vault.azure.net/keys/k/1", "hv:key/1"]
)
def test_a_key_store_without_its_vendors_client_says_what_to_install(uri: str) -> None:
    spki = generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    error = raises_code("extra_missing", lambda: UriSigner(uri, spki, no_secret))
    assert "pip install" in error.do


def test_a_missing_file_is_refused_without_its_path(tmp_path: Path) -> None:
    spki = new_signing_key().spki
    error = raises_code("signer_uri", lambda: UriSigner(f"file2:{tmp_path}/none.pem", spki, no_secret))
    assert str(tmp_path) not in str(error)
