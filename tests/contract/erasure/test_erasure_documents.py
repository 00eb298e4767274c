"""What strangers are given: a disclosed field, a certificate of erasure, and every way in which these lie (SPEC S6.9)."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.services.disclosing import disclose
from api.services.erasure import erase
from api.services.erasure_certificate import erasure_certificate
from api.services.services import Services
from ledger.errors import Forbidden, LedgerError, Untrusted
from ledger.log.published import WITNESSED
from ledger.proof import standalone
from ledger.proof.cosignature import cosignature_lines
from ledger.proof.disclosure import verify_disclosure
from ledger.proof.erasureproof import NOT_COVERED, verify_erasure
from ledger.proof.note import open_checkpoint
from ledger.proof.notekeys import CosignatureKey
from ledger.rules.book import RULES
from ledger.rules.permissions import PERMISSIONS
from ledger.statement import Opening
from ledger.vault import Erased
from schemas.statements.actor import ActorKeyRotated
from schemas.statements.erasure import FieldDisclosed, SubjectErasureBegun, SubjectErasureRequested
from schemas.statements.guardrail import GuardrailLifted
from schemas.statements.person import PersonRegistered, PersonSpeakerChanged
from tests.house_of import ADMIN, House, new_signing_key, raises_code, spki
from tests.rights_of import listed_person
from tests.unit.erasure.said import hold, request

NAME, CONTACT = "Zephyrine Quellwasser", "z@quellwasser.example"
ROOT = Path(__file__).resolve().parents[3]
FLIPS = 250  # bytes of a document that are changed, one at a time, spread over all of it


@pytest.fixture
def statement(house: House) -> str:
    """The id of the registration of p-zeph, who has a name and a contact."""
    body = PersonRegistered.model_validate({"person": "p-zeph", "person_class": "performer", "speaks_as": "ines"})
    house.say_as("ivy", body, sealed={"/body/name": NAME, "/body/contact": CONTACT}, subject="p-zeph")
    house.person()
    return next(house.ledger.read("person:p-zeph")).statement.id


def shown(house: House, services: Services, statement: str, pointer: str = "/body/name") -> bytes:
    return disclose(services, statement, pointer, "auditor-3", lambda body: house.say_as("lena", body)).document


def changed(document: bytes, **members: Any) -> bytes:
    return rfc8785.dumps({**json.loads(document), **members})


def flipped(document: bytes) -> list[bytes]:
    draw = random.Random(7)
    places = sorted(draw.sample(range(len(document)), FLIPS))
    return [document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :] for at in places]


def fails(call: Callable[[], object]) -> str:
    try:
        call()
    except Untrusted as error:
        return error.code
    return ""


# -- one field -----------------------------------------------------------------------------------------------------


def test_a_disclosed_field_verifies_against_the_log(house: House, services: Services, statement: str) -> None:
    field = verify_disclosure(shown(house, services, statement), house.verifiers)
    assert (field.value, field.pointer, field.subject, field.statement_id) == (NAME, "/body/name", "p-zeph", statement)
    assert field.type == "person.registered.v2" and field.size == house.size


def test_whoever_reads_the_specification_can_check_it_without_our_code(
    house: House, services: Services, statement: str
) -> None:
    document = json.loads(shown(house, services, statement))
    entry = b64decode(document["entry"])
    payload = json.loads(b64decode(json.loads(entry)["envelope"]["payload"]))
    message = rfc8785.dumps(document["value"])
    commitment = hmac.new(bytes.fromhex(document["salt"]), message, hashlib.sha256).hexdigest()
    assert payload["sealed"][document["pointer"]]["commitment"] == commitment and payload["id"] == statement
    _, index, *hashes = document["proof"].partition("\n\n")[0].split("\n")
    fn, sn, root = document["index"], house.size - 1, hashlib.sha256(b"\0" + entry).digest()
    assert index == f"index {fn}"
    for sibling in map(b64decode, hashes):
        if fn % 2 or fn == sn:
            root = hashlib.sha256(b"\1" + sibling + root).digest()
            while fn and not fn % 2:
                fn, sn = fn // 2, sn // 2
        else:
            root = hashlib.sha256(b"\1" + root + sibling).digest()
        fn, sn = fn // 2, sn // 2
    assert sn == 0 and b64encode(root).decode() == document["proof"].partition("\n\n")[2].split("\n")[2]


def test_the_check_stands_alone(house: House, services: Services, statement: str, tmp_path: Path) -> None:
    """The proof modules joined into one file, in a Python that knows nothing of this package."""
    joined: dict[str, str] = {}
    for module in ("ledger.proof.disclosure", "ledger.proof.erasureproof"):
        standalone._collect(module, joined)
    imports = ["from __future__ import annotations", *standalone._foreign_imports(joined.values())]
    bodies = [standalone._without_imports(source) for source in joined.values()]
    vkeys = [key.vkey() for key in house.verifiers]
    asks = f"""
keys = [NoteVerifier.parse(vkey) for vkey in {vkeys!r}]
print(verify_disclosure(open("shown.json", "rb").read(), keys).value)
print(verify_erasure(open("erased.json", "rb").read(), keys).destroyed)
"""
    (tmp_path / "alone.py").write_text("\n".join([*imports, *bodies, asks]), encoding="utf-8")
    (tmp_path / "shown.json").write_bytes(shown(house, services, statement))
    (tmp_path / "erased.json").write_bytes(certified(house, services))
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", "alone.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [NAME, "{'keys': 1, 'statements': 1, 'values': 2}"], done.stderr


def test_it_shows_no_other_field(house: House, services: Services, statement: str) -> None:
    document = shown(house, services, statement)
    other = house.ledger.vault.open(statement, "/body/contact")
    assert CONTACT.encode() not in document and b64encode(CONTACT.encode()) not in document
    assert other.salt.hex().encode() not in document  # type: ignore[union-attr]


def test_the_log_says_to_whom_before_and_never_what(house: House, services: Services, statement: str) -> None:
    shown(house, services, statement)
    said = list(house.ledger.read(types=[FieldDisclosed.TYPE]))
    assert [(one.actor, one.body.to, one.body.pointer) for one in said] == [("lena", "auditor-3", "/body/name")]
    assert all(NAME.encode() not in one.entry for one in said)


def test_what_may_not_be_recorded_is_not_shown(house: House, services: Services, statement: str) -> None:
    with pytest.raises(Forbidden, match="role_not_permitted"):
        disclose(services, statement, "/body/name", "auditor-3", lambda body: house.say_as("mara", body))
    assert list(house.ledger.read(types=[FieldDisclosed.TYPE])) == []


def test_a_hold_does_not_stop_a_disclosure(house: House, services: Services, statement: str) -> None:
    hold(house, person="p-zeph")
    assert verify_disclosure(shown(house, services, statement), house.verifiers).value == NAME


def test_no_byte_of_it_can_change(house: House, services: Services, statement: str) -> None:
    document = shown(house, services, statement)
    assert [
        raw for raw in flipped(document) if not fails(lambda raw=raw: verify_disclosure(raw, house.verifiers))
    ] == []


def test_every_member_of_it_is_held_to_the_entry(house: House, services: Services, statement: str) -> None:
    document, contact = shown(house, services, statement), shown(house, services, statement, "/body/contact")
    other = json.loads(shown(house, services, other_statement(house)))
    own = json.loads(document)["salt"]
    lies = {
        "commitment_differs": {"value": "Somebody Else"},
        "disclosure_not_sealed": {"pointer": "/body/reference_image"},
        "disclosure_statement_differs": {"statement_id": other["statement_id"]},
        "disclosure_salt": {"salt": own[:32]},
        "proof_of_another_entry": {"index": other["index"]},
        "inclusion_proof_invalid": {"entry": other["entry"]},
        "document_malformed": {"note": "more"},
    }
    for code, lie in lies.items():
        assert fails(lambda lie=lie: verify_disclosure(changed(document, **lie), house.verifiers)) == code
    for lie in ({"salt": json.loads(contact)["salt"]}, {"pointer": "/body/contact"}, {"value": 7}, {"salt": "00" * 32}):
        assert (
            fails(lambda lie=lie: verify_disclosure(changed(document, **lie), house.verifiers)) == "commitment_differs"
        )
    for salt in (own.upper(), "zz", None, " " + own):
        assert (
            fails(lambda salt=salt: verify_disclosure(changed(document, salt=salt), house.verifiers))
            == "disclosure_salt"
        )
    spaced = json.dumps(json.loads(document)).encode()
    for raw in (b"", b"[]", b"{}", b"\xff", spaced, document + b"\n", b"x" * 5_000_000):
        assert fails(lambda raw=raw: verify_disclosure(raw, house.verifiers)) == "document_malformed"


def other_statement(house: House) -> str:
    return next(
        one.statement.id for one in house.ledger.read(types=["person.registered.v2"]) if one.body.person != "p-zeph"
    )


def test_under_the_keys_of_another_log_it_is_nothing(house: House, services: Services, statement: str) -> None:
    from ledger.proof.notekeys import Ed25519NoteKey

    document = shown(house, services, statement)
    stranger = Ed25519NoteKey("log.example/other", Ed25519PrivateKey.generate()).verifier
    assert fails(lambda: verify_disclosure(document, [stranger])) == "note_signature_missing"


def test_a_vault_that_has_another_value_discloses_nothing(house: House, services: Services, statement: str) -> None:
    vault = house.ledger.vault
    other = house.draft("ivy", PersonRegistered.example(), sealed={"/body/name": "Else"}, subject="p-zeph").openings
    vault._db.execute("DELETE FROM sealed WHERE statement_id = ?", (statement,))
    vault.keep(statement, "p-zeph", other)
    size = house.size
    raises_code("commitment_differs", lambda: shown(house, services, statement))
    assert house.size == size


# -- the certificate -----------------------------------------------------------------------------------------------


def certified(house: House, services: Services, actor: str = "ines") -> bytes:
    request(house, "p-zeph", actor)
    erase(services, "p-zeph")
    return erasure_certificate(services, "p-zeph")


@pytest.mark.parametrize("actor", ["ines", "lena"])
def test_a_certificate_shows_who_asked_and_what_was_destroyed(
    house: House, services: Services, statement: str, actor: str
) -> None:
    proven = verify_erasure(certified(house, services, actor), house.verifiers)
    assert (proven.person, proven.requested_by) == ("p-zeph", actor)
    assert proven.destroyed == {"keys": 1, "values": 2, "statements": 1} and proven.not_covered == NOT_COVERED


def test_somebody_who_was_only_listed_is_certified_and_lifting_alone_destroys_nothing(
    house: House, services: Services
) -> None:
    number = listed_person(house, "p-listed", NAME, "Zeph")
    house.say_as("lena", GuardrailLifted(guardrail=number, reason="settled"))
    entry = next(house.ledger.read("person:p-listed"))
    kept = house.ledger.vault.open(entry.statement.id, "/body/names")
    assert isinstance(kept, Opening) and kept.value == [NAME, "Zeph"]
    request(house, "p-listed", "lena")
    erase(services, "p-listed")
    assert isinstance(house.ledger.vault.open(entry.statement.id, "/body/names"), Erased)
    proven = verify_erasure(erasure_certificate(services, "p-listed"), house.verifiers)
    assert (proven.requested_by, proven.entries[0]) == ("lena", entry.index)
    assert proven.destroyed == {"keys": 1, "values": 1, "statements": 1}


@pytest.mark.parametrize("entry", ["without the listing", "by talent"])
def test_nobody_who_is_only_listed_is_certified_otherwise(
    house: House, services: Services, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed_person(house, "p-listed", NAME)
    if entry == "by talent":
        monkeypatch.setitem(RULES, SubjectErasureRequested.TYPE, lambda *_: None)
    request(house, "p-listed", "ines" if entry == "by talent" else "lena")
    erase(services, "p-listed")
    document = json.loads(erasure_certificate(services, "p-listed"))
    code = "erasure_requester"
    if entry == "without the listing":
        listing = next(house.ledger.read("person:p-listed")).index
        document["entries"] = [one for one in document["entries"] if one["index"] != listing]
        code = "erasure_entries"
    assert fails(lambda: verify_erasure(rfc8785.dumps(document), house.verifiers)) == code


def test_it_says_what_it_does_not_cover_in_the_words_of_the_specification(
    house: House, services: Services, statement: str
) -> None:
    document = json.loads(certified(house, services))
    specification = " ".join((ROOT / "schemas/SPEC.md").read_text(encoding="utf-8").split())
    assert "backups" in document["not_covered"][0]
    assert all(f"`{words}`" in specification for words in document["not_covered"])
    assert fails(lambda: verify_erasure(changed(rfc8785.dumps(document), not_covered=[]), house.verifiers))


def test_it_holds_no_value(house: House, services: Services, statement: str) -> None:
    document = certified(house, services)
    assert NAME.encode() not in document
    for one in json.loads(document)["entries"]:
        entry = json.loads(b64decode(one["entry"]))
        assert NAME.encode() not in b64decode(entry["envelope"]["payload"])


def test_nobody_who_is_kept_gets_one(house: House, services: Services, statement: str) -> None:
    raises_code("erasure_unfinished", lambda: erasure_certificate(services, "p-zeph"))
    request(house, "p-zeph")
    raises_code("erasure_unfinished", lambda: erasure_certificate(services, "p-zeph"))
    raises_code("person_unknown", lambda: erasure_certificate(services, "p-nobody"))


def test_keys_that_were_turned_before_and_after_leave_it_good(house: House, services: Services, statement: str) -> None:
    def turn(actor: str) -> None:
        fresh, old = new_signing_key(), house.keys[actor]
        house.say_as(actor, ActorKeyRotated(actor=actor, old_keyid=old.keyid, spki=spki(fresh)))
        house.keys[actor] = fresh

    turn("ines")
    before = certified(house, services)
    turn("ines"), turn("ivy"), turn(ADMIN)
    for document in (before, erasure_certificate(services, "p-zeph")):
        verify_erasure(document, house.verifiers)


def test_no_byte_of_the_certificate_can_change(house: House, services: Services, statement: str) -> None:
    document = certified(house, services)
    assert [raw for raw in flipped(document) if not fails(lambda raw=raw: verify_erasure(raw, house.verifiers))] == []


def test_a_certificate_that_says_more_than_the_log_fails(house: House, services: Services, statement: str) -> None:
    document = certified(house, services)
    entries = json.loads(document)["entries"]
    kinds = [
        json.loads(b64decode(json.loads(b64decode(one["entry"]))["envelope"]["payload"]))["type"] for one in entries
    ]

    def without(kind: str) -> list[Any]:
        return [one for one, its in zip(entries, kinds, strict=True) if its != kind]

    lies: list[tuple[str, dict[str, Any]]] = [
        ("erasure_differs", {"erased_at": "2026-10-01T09:00:00.000000Z"}),
        ("erasure_differs", {"destroyed": {"keys": 1, "values": 200, "statements": 1}}),
        ("erasure_of_another", {"person": "p-other"}),
        ("erasure_entries", {"entries": []}),
        ("erasure_entries", {"entries": entries[1:]}),
        ("erasure_entries", {"entries": entries[::-1]}),
        ("erasure_entries", {"entries": [*entries, entries[-1]]}),
        ("erasure_entries", {"entries": without("subject.erased.v1")}),
        ("erasure_entries", {"entries": without("subject.erasure-requested.v1")}),
        ("erasure_entries", {"entries": without("person.registered.v2")}),
        ("signature_unknown_key", {"entries": without("actor.enrolled.v1")}),
        ("logged_malformed", {"entries": [7]}),
        ("logged_malformed", {"entries": [{**entries[0], "index": "0"}]}),
        ("logged_malformed", {"entries": [{**entries[0], "more": 1}]}),
    ]
    for code, lie in lies:
        assert fails(lambda lie=lie: verify_erasure(changed(document, **lie), house.verifiers)) == code, lie


@pytest.mark.parametrize(
    ("actor", "on_behalf", "code"),
    [("mara", False, "erasure_requester"), ("ines", True, "erasure_requester"), ("ines", False, "")],
)
def test_what_a_crooked_operator_let_in_is_not_certified(
    house: House,
    services: Services,
    statement: str,
    monkeypatch: pytest.MonkeyPatch,
    actor: str,
    on_behalf: bool,
    code: str,
) -> None:
    """A log whose door was taken off: everything is included and signed, by people who may not."""
    kind = SubjectErasureRequested.TYPE
    monkeypatch.setitem(RULES, kind, lambda *_: None)
    monkeypatch.setitem(PERMISSIONS, kind, frozenset({"producer", "talent"}))
    body = SubjectErasureRequested(person="p-zeph", ground="objection")
    house.ledger.say(body, actor=actor, method="bearer") if on_behalf else house.say_as(actor, body)
    erase(services, "p-zeph")
    document = erasure_certificate(services, "p-zeph")
    assert fails(lambda: verify_erasure(document, house.verifiers)) == code


def test_whoever_speaks_for_the_person_by_then_asks_and_nobody_who_did_before(
    house: House, services: Services, statement: str
) -> None:
    house.enrol("joao", "talent")
    words = {"person": "p-zeph", "life": "adult", "speaks_as": "joao", "authority": "self", "reason": "came of age"}
    house.say_as("ivy", PersonSpeakerChanged.model_validate(words))
    raises_code("not_the_person", lambda: request(house, "p-zeph", "ines"))
    proven = verify_erasure(certified(house, services, "joao"), house.verifiers)
    assert proven.requested_by == "joao"


def test_an_end_that_carries_out_another_request_is_not_certified(
    house: House, services: Services, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, SubjectErasureBegun.TYPE, lambda *_: None)
    request(house, "p-zeph")
    house.ledger.say(SubjectErasureBegun(person="p-zeph", request_sha256="66" * 32))
    monkeypatch.setitem(RULES, "subject.erased.v1", lambda *_: None)
    erase(services, "p-zeph")
    assert fails(lambda: verify_erasure(erasure_certificate(services, "p-zeph"), house.verifiers)) == "erasure_order"


def test_two_certificates_are_not_one(house: House, services: Services, statement: str) -> None:
    """An entry under a later checkpoint, or of another person's erasure, in the place of its own."""
    early = json.loads(certified(house, services))
    house.brief()
    late = json.loads(erasure_certificate(services, "p-zeph"))
    mixed = changed(rfc8785.dumps(early), entries=[*early["entries"][:-1], late["entries"][-1]])
    assert fails(lambda: verify_erasure(mixed, house.verifiers)) == "erasure_checkpoints"


def test_the_keys_have_to_be_those_that_the_log_opened_with(house: House, services: Services, statement: str) -> None:
    document = certified(house, services)
    assert fails(lambda: verify_erasure(document, house.verifiers[:1])) == "vkeys_not_yours"


def test_a_witnessed_checkpoint_goes_into_the_certificate(house: House, services: Services, statement: str) -> None:
    request(house, "p-zeph")
    erase(services, "p-zeph")
    size, note = house.ledger.head()
    witness = CosignatureKey("witness.example/union", Ed25519PrivateKey.generate())
    head = open_checkpoint(note, house.verifiers).checkpoint
    services.published.replace(WITNESSED, None, note + cosignature_lines(head, [witness], 1_790_000_000))
    house.brief()
    document = erasure_certificate(services, "p-zeph")
    proven = verify_erasure(document, house.verifiers, [witness.verifier])
    assert proven.size == size and "witness.example/union" in {one.name for one in proven.signatures}
    assert verify_erasure(document, house.verifiers).size == size, "who knows no witness can still check the rest"


def test_a_witnessed_checkpoint_from_before_the_erasure_is_of_no_use(
    house: House, services: Services, statement: str
) -> None:
    _, note = house.ledger.head()
    services.published.replace(WITNESSED, None, note)
    document = certified(house, services)
    assert verify_erasure(document, house.verifiers).size == house.size


def test_every_verifier_raises_one_of_our_errors_for_any_json(house: House) -> None:
    for raw in (b"null", b"[1]", b'"x"', b'{"format":1}', b'{"format":"countersign.disclosure/1"}', b"{" * 100):
        for verify in (verify_disclosure, verify_erasure):
            with pytest.raises(LedgerError):
                verify(raw, house.verifiers)
