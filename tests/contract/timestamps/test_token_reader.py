"""The reader of tokens that verify.py brings: as openssl writes them, and nothing else; next to the library's word."""

from __future__ import annotations

import random

import pytest

from ledger.errors import LedgerError
from ledger.log.timestamp import verify_stamp
from ledger.proof.timetoken import TOKEN_BYTES_MAX, read_token, require_over
from schemas.base import format_instant, parse_instant
from tests.house_of import raises_code
from tests.log_of import ManyEntries
from tests.tsa_of import Authority


def test_it_reads_what_the_library_reads(log: ManyEntries, authority: Authority) -> None:
    note = log.store.head()[1]
    token = authority.token_over(note)
    claim = read_token(token)
    require_over(claim, note)
    told = verify_stamp(token, note, log.verifiers, authority.anchors).stamped_at
    assert format_instant(parse_instant(claim.stamped_at)) == format_instant(told)


def test_over_other_bytes_or_another_digest_it_is_not_taken(authority: Authority) -> None:
    raises_code("timestamp_wrong_digest", lambda: require_over(read_token(authority.token_over(b"a")), b"b"))
    config = authority.folder / "tsa.cnf"
    before = config.read_text()
    config.write_text(before.replace("digests = sha256", "digests = sha512"))
    token = authority.token_over(b"a", "-sha512")
    config.write_text(before)
    raises_code("timestamp_wrong_digest", lambda: read_token(token))


def test_what_was_not_granted_is_no_token(authority: Authority) -> None:
    raises_code("timestamp_not_granted", lambda: read_token(authority.token_over(b"a", "-sha512")))


@pytest.mark.parametrize(
    "raw", [b"", b"\x30", b"\x30\x80", b"\x30\x81\x03\x30\x01\x00", b"\x30" * (TOKEN_BYTES_MAX + 1)]
)
def test_what_is_no_der_is_named(raw: bytes) -> None:
    raises_code("timestamp_malformed", lambda: read_token(raw))


def test_garbage_gives_a_claim_or_an_error_of_ours(authority: Authority) -> None:
    token, drawn = authority.token_over(b"a"), random.Random(12)
    for end in range(0, len(token), 7):
        raises_code("timestamp_malformed", lambda end=end: read_token(token[:end]))  # type: ignore[misc]
    for _ in range(2_000):
        at = drawn.randrange(len(token))
        raw = token[:at] + drawn.randbytes(drawn.randrange(9)) + token[at + drawn.randrange(9) :]
        try:
            read_token(raw)
        except LedgerError:
            continue
