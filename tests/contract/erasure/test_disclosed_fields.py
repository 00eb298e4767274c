"""What a stranger is given of one sealed field, and every way in which that lies (SPEC S6.9)."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.services.disclosing import disclose
from api.services.services import Services
from ledger.errors import Forbidden
from ledger.proof import standalone
from ledger.proof.disclosure import verify_disclosure
from schemas.statements.erasure import FieldDisclosed
from schemas.statements.person import PersonRegistered
from tests.contract.erasure.documents import CONTACT, NAME, certified, changed, fails, flipped, shown
from tests.house_of import House, raises_code
from tests.unit.erasure.said import hold


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
