"""What a stranger is given of an erasure: the certificate, and every way in which that lies (SPEC S6.9)."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.services.erasure import erase
from api.services.erasure_certificate import erasure_certificate
from api.services.services import Services
from ledger.errors import LedgerError
from ledger.log.published import WITNESSED
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
from schemas.statements.erasure import SubjectErasureBegun, SubjectErasureRequested
from schemas.statements.guardrail import GuardrailLifted
from schemas.statements.person import PersonSpeakerChanged
from tests.contract.erasure.documents import NAME, ROOT, certified, changed, fails, flipped
from tests.house_of import ADMIN, House, new_signing_key, raises_code, spki
from tests.rights_of import listed_person
from tests.unit.erasure.said import request


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
