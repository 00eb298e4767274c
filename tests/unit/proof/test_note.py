"""Signed notes and checkpoints against other people's vectors, our frozen ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from ledger.errors import Misuse, Untrusted
from ledger.proof.note import (
    NOTE_SIGNATURES_MAX,
    Checkpoint,
    Ed25519NoteKey,
    MlDsa44NoteKey,
    NoteVerifier,
    open_checkpoint,
    open_note,
    sign_note,
)
from ledger.proof.notekeys import cosigned_message

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "proof"
NOTES = json.loads((VECTORS / "notes.json").read_text("utf-8"))
ORIGIN = "countersign.example/log"
ED25519 = Ed25519NoteKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
MLDSA44 = MlDsa44NoteKey(ORIGIN, MLDSA44PrivateKey.from_seed_bytes(b"\x02" * 32))
BOTH = (ED25519.verifier, MLDSA44.verifier)
FROZEN = (VECTORS / "checkpoint.note").read_bytes()
TEXT = Checkpoint(ORIGIN, 1, bytes(32)).text()


def stranger(number: int) -> Ed25519NoteKey:
    return Ed25519NoteKey(f"stranger.example/{number}", Ed25519PrivateKey.from_private_bytes(b"%032d" % number))


@pytest.mark.parametrize("row", NOTES, ids=lambda row: row["vkeys"][0].split("+")[0])
def test_notes_of_the_specification_and_of_go_open(row: dict[str, str]) -> None:
    verifiers = [NoteVerifier.parse(vkey) for vkey in row["vkeys"]]
    opened = open_note(row["note"].encode(), verifiers)
    assert [signature.name for signature in opened.signatures] == [verifier.name for verifier in verifiers]
    assert row["note"].startswith(opened.text + "\n")


def test_go_s_key_signs_the_same_bytes_here() -> None:
    enoch = Ed25519NoteKey("EnochRoot", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert enoch.verifier.vkey() == NOTES[0]["vkeys"][1]
    text = open_note(NOTES[0]["note"].encode(), [enoch.verifier]).text
    assert NOTES[0]["note"].endswith(sign_note(text, [enoch]).decode().removeprefix(text + "\n"))


def test_mldsa44_checkpoint_made_by_another_implementation_opens() -> None:
    verifier = NoteVerifier.parse((VECTORS / "torchwood-mldsa44.vkey").read_text("ascii").removesuffix("\n"))
    opened = open_checkpoint((VECTORS / "torchwood-mldsa44.checkpoint").read_bytes(), [verifier], strict=True)
    assert (opened.checkpoint.origin, opened.checkpoint.size) == ("example.com/mldsa-log", 1)
    assert [signature.time_s for signature in opened.signatures] == [0]


def test_frozen_checkpoint_opens_under_the_frozen_keys() -> None:
    lines = (VECTORS / "log.vkeys").read_text("ascii").splitlines()
    assert lines == [verifier.vkey() for verifier in BOTH]
    opened = open_checkpoint(FROZEN, map(NoteVerifier.parse, lines), origin=ORIGIN, strict=True)
    assert opened.checkpoint.size == 300
    assert [(signature.type, signature.time_s) for signature in opened.signatures] == [(1, None), (6, 1790000000)]


def test_cosigned_message_has_the_layout_of_tlog_cosignature() -> None:
    message = cosigned_message("name", 258, Checkpoint("origin", 259, b"r" * 32))
    expected = (
        b"subtree/v1\n\0" + b"\4name" + bytes(6) + b"\1\2" + b"\6origin" + bytes(8) + bytes(6) + b"\1\3" + b"r" * 32
    )
    assert message == expected


def test_every_truncation_and_any_addition_is_rejected() -> None:
    for changed in [FROZEN[:length] for length in range(len(FROZEN))] + [FROZEN + b"\n", b"\n" + FROZEN, FROZEN + b" "]:
        with pytest.raises(Untrusted):
            open_checkpoint(changed, BOTH, strict=True)


def test_unused_base64_bits_are_rejected() -> None:
    note = sign_note("text\n", [ED25519])
    assert note.endswith(b"=\n")
    last = note[-3:-2]
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = alphabet[alphabet.index(last) ^ 1 : (alphabet.index(last) ^ 1) + 1]
    with pytest.raises(Untrusted, match="note_malformed"):
        open_note(note[:-3] + twin + note[-2:], [ED25519.verifier])


def test_unknown_signers_are_passed_over_but_not_when_strict() -> None:
    note = sign_note(TEXT, [stranger(1), ED25519, stranger(2)])
    assert open_note(note, [ED25519.verifier]).unknown == 2
    assert open_checkpoint(note, [ED25519.verifier]).unknown == 2
    with pytest.raises(Untrusted, match="note_malformed"):
        open_checkpoint(note, [ED25519.verifier], strict=True)


def test_note_that_only_strangers_signed_is_refused() -> None:
    with pytest.raises(Untrusted, match="note_signature_missing"):
        open_note(sign_note(TEXT, [stranger(1)]), BOTH)


def test_checkpoint_that_one_of_two_keys_signed_is_refused_unless_one_is_enough() -> None:
    note = sign_note(TEXT, [ED25519])
    with pytest.raises(Untrusted, match="note_signature_missing"):
        open_checkpoint(note, BOTH)
    assert open_checkpoint(note, BOTH, require=[ED25519.verifier]).checkpoint.size == 1


def test_bad_signature_by_a_known_key_spoils_the_good_one() -> None:
    other_text = sign_note(Checkpoint(ORIGIN, 2, bytes(32)).text(), [MLDSA44]).split(b"\n\n")[1]
    with pytest.raises(Untrusted, match="note_signature_invalid"):
        open_note(sign_note(TEXT, [ED25519]) + other_text, BOTH)


def test_signature_under_another_name_does_not_count() -> None:
    renamed = Ed25519NoteKey("other.example/log", ED25519.private_key)
    with pytest.raises(Untrusted, match="note_signature_missing"):
        open_note(sign_note(TEXT, [renamed]), [ED25519.verifier])


def test_two_signatures_by_one_key_are_refused() -> None:
    with pytest.raises(Untrusted, match="note_malformed"):
        open_note(sign_note(TEXT, [ED25519, ED25519]), [ED25519.verifier])


def test_a_hundred_signatures_are_read_and_no_more() -> None:
    crowd = [stranger(number) for number in range(NOTE_SIGNATURES_MAX)]
    assert len(open_note(sign_note(TEXT, crowd), [one.verifier for one in crowd]).signatures) == 100
    with pytest.raises(Untrusted, match="note_malformed"):
        open_note(sign_note(TEXT, [*crowd, ED25519]), [ED25519.verifier])


def test_text_may_hold_blank_lines() -> None:
    assert open_note(sign_note("a\n\nb\n", [ED25519]), [ED25519.verifier]).text == "a\n\nb\n"


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "cr\r\n", "nul\0\n"])
def test_text_that_cannot_be_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(Misuse, match="note_text"):
        sign_note(text, [ED25519])


def test_mldsa44_signs_checkpoints_only() -> None:
    with pytest.raises(Untrusted, match="checkpoint_malformed"):
        sign_note("not a checkpoint\n", [MLDSA44])


def test_checkpoint_of_another_log_is_refused() -> None:
    foreign = sign_note(Checkpoint("other.example/log", 1, bytes(32)).text(), [ED25519, MLDSA44])
    with pytest.raises(Untrusted, match="checkpoint_wrong_origin"):
        open_checkpoint(foreign, BOTH)
    with pytest.raises(Untrusted, match="checkpoint_wrong_origin"):
        open_checkpoint(FROZEN, BOTH, origin="other.example/log")
    assert open_checkpoint(foreign, BOTH, origin="other.example/log").checkpoint.origin == "other.example/log"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n1\n" + "A" * 43 + "=\nextension\n",
        "o\n1\n" + "A" * 43 + "=\nunfinished",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n+1\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n١\n" + "A" * 43 + "=\n",
        "o\n9223372036854775808\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n1\nAAAA\n",
        "o" * 256 + "\n1\n" + "A" * 43 + "=\n",
    ],
)
def test_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Untrusted, match="checkpoint_malformed"):
        Checkpoint.parse(text)


def test_vkeys_survive_the_round_trip() -> None:
    for verifier in BOTH:
        assert NoteVerifier.parse(verifier.vkey()) == verifier


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        NOTES[0]["vkeys"][0].replace("c74f20a3", "c74f20a4"),
        NOTES[0]["vkeys"][0].replace("c74f20a3", "C74F20A3"),
        NOTES[0]["vkeys"][0].replace("Peter", "Pe ter"),
        NOTES[0]["vkeys"][0] + "\n",
        NOTES[0]["vkeys"][0][:-4],
        "name+00000000+BRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_malformed_vkey_is_refused(vkey: str) -> None:
    with pytest.raises(Misuse):
        NoteVerifier.parse(vkey)
