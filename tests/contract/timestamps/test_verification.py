"""What a kept token still shows, and what it no longer does when anything about it has changed."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.errors import LedgerError, Untrusted
from ledger.log.timestamp import TimeStamp, read_anchors, verify_stamp
from ledger.proof.timetoken import TOKEN_BYTES_MAX
from tests.house_of import raises_code
from tests.log_of import ManyEntries, log_keys
from tests.tsa_of import Authority


@pytest.fixture
def token(log: ManyEntries, authority: Authority) -> bytes:
    return authority.token_over(log.store.head()[1])


def judged(log: ManyEntries, authority: Authority, token: bytes, checkpoint: bytes = b"") -> TimeStamp:
    return verify_stamp(token, checkpoint or log.store.head()[1], log.verifiers, authority.anchors)


def test_a_token_needs_no_request_to_be_checked_later(log: ManyEntries, authority: Authority, token: bytes) -> None:
    found = judged(log, authority, token)
    assert (found.size, found.policy) == (7, "1.2.3.4.1")
    assert set(found.as_json()) == {
        *("origin", "size", "root", "stamped_at", "accuracy_ms", "authority", "policy", "serial")
    }


def test_no_flipped_byte_of_a_token_changes_what_it_says(log: ManyEntries, authority: Authority, token: bytes) -> None:
    """A few bits say nothing (version numbers, the name of the algorithm beside a signature that fits). Every byte, since
    the parsers fail in more ways than they promise.
    """
    told, passed = judged(log, authority, token), 0
    for at in range(len(token)):
        raw = bytearray(token)
        raw[at] ^= 1 << at % 8
        try:
            assert judged(log, authority, bytes(raw)) == told
            passed += 1
        except Untrusted:
            pass
    assert passed < len(token) // 40


def test_a_token_cut_off_anywhere_is_refused(log: ManyEntries, authority: Authority, token: bytes) -> None:
    for end in range(0, len(token), 7):
        with pytest.raises(Untrusted):
            judged(log, authority, token[:end])


def test_a_token_is_for_the_very_bytes_of_a_checkpoint(log: ManyEntries, authority: Authority, token: bytes) -> None:
    again = log.seal(7, bytes(32))
    raises_code("timestamp_wrong_digest", lambda: judged(log, authority, token, again))


def test_a_checkpoint_of_another_log_is_not_taken(log: ManyEntries, authority: Authority, token: bytes) -> None:
    strangers = [key.verifier for key in log_keys("other.example/log", b"\x71" * 32)]
    checkpoint = log.store.head()[1]
    raises_code("note_signature_missing", lambda: verify_stamp(token, checkpoint, strangers, authority.anchors))


def test_another_hash_than_sha256_is_not_taken(log: ManyEntries, authority: Authority) -> None:
    config = authority.folder / "tsa.cnf"
    before = config.read_text()
    config.write_text(before.replace("digests = sha256", "digests = sha512"))
    token = authority.token_over(log.store.head()[1], "-sha512")
    config.write_text(before)
    raises_code("timestamp_wrong_digest", lambda: judged(log, authority, token))


@pytest.mark.parametrize(("signer", "code"), [("expired", "signer_expired"), ("untrusted", "untrusted")])
def test_a_signer_who_does_not_count(log: ManyEntries, authority: Authority, signer: str, code: str) -> None:
    token = authority.token_over(log.store.head()[1], signer=signer)
    raises_code(f"timestamp_{code}", lambda: judged(log, authority, token))


def test_a_signers_certificate_is_no_anchor_for_itself_unless_it_was_put_there(
    log: ManyEntries, authority: Authority, token: bytes
) -> None:
    stranger = read_anchors((authority.folder / "untrusted.pem").read_text())
    raises_code("timestamp_untrusted", lambda: verify_stamp(token, log.store.head()[1], log.verifiers, stranger))


def test_too_long_is_refused_before_it_is_read(log: ManyEntries, authority: Authority) -> None:
    raises_code("timestamp_malformed", lambda: judged(log, authority, b"\x30" * (TOKEN_BYTES_MAX + 1)))


def test_garbage_is_untrusted_and_nothing_else(log: ManyEntries, authority: Authority, token: bytes) -> None:
    drawn = random.Random(12)
    for _ in range(300):
        at = drawn.randrange(len(token))
        raw = token[:at] + drawn.randbytes(drawn.randrange(40)) + token[at + drawn.randrange(40) :]
        with pytest.raises(LedgerError) as raised:
            assert judged(log, authority, raw) != judged(log, authority, token)
        assert isinstance(raised.value, Untrusted)


def test_anchors_are_certificates_and_there_is_one(authority: Authority) -> None:
    raises_code("tsa_anchors_missing", lambda: read_anchors(" \n"))
    raises_code("tsa_anchors_unreadable", lambda: read_anchors("trust me"))
    raises_code("tsa_anchors_unreadable", lambda: read_anchors("trüst me"))
    pem = authority.anchors[0].public_bytes(Encoding.PEM).decode()
    assert len(read_anchors(pem + pem)) == 2
