"""The auditor's own fold of who held which key, against a log in which keys were turned and revoked."""

from __future__ import annotations

import pytest

from ledger.errors import Forbidden, LedgerError, Untrusted
from ledger.keys import new_signing_key
from ledger.proof.canonical import canonical
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.logentry import LogEntry
from ops.auditing.speakers import Speakers
from schemas.base import format_instant
from schemas.statements.actor import ActorKeyRevoked, ActorKeyRotated
from schemas.statements.brief import BriefDrafted
from tests.authenticator_of import Authenticator
from tests.house_of import House, spki


def entries(house: House) -> list[LogEntry]:
    return [LogEntry.parse(one.index, one.entry) for one in house.ledger.store.read_entries()]


def judged(found: list[LogEntry]) -> dict[int, str]:
    """Why each entry is not believed, by index."""
    speakers, faults = Speakers(), {}
    for entry in found:
        try:
            speakers.judge(entry)
        except LedgerError as error:
            faults[entry.index] = error.code
        speakers.take(entry)
    return faults


def rotate(house: House) -> None:
    old, new = house.keys["mara"], new_signing_key()
    house.say_as("mara", ActorKeyRotated(actor="mara", old_keyid=old.keyid, spki=spki(new)))
    house.keys["mara"] = new


def revoke(house: House, actor: str) -> None:
    body = {
        "actor": actor,
        "keyid": house.keys[actor].keyid,
        "effective_at": format_instant(house.now()),
        "reason": "laptop lost on a train",
    }
    house.say_as("operator", ActorKeyRevoked.model_validate(body))


def test_everything_that_the_door_accepted_is_believed(house: House) -> None:
    house.clip()
    rotate(house)
    house.brief()
    revoke(house, "paul")
    house.ledger.say(BriefDrafted.example(), actor="mara", method="token")
    assert judged(entries(house)) == {}


def test_a_key_does_not_speak_before_it_was_enrolled_nor_after_it_ended(house: House) -> None:
    house.brief()
    rotate(house)
    early, late = entries(house), house.size
    draft = next(entry for entry in early if entry.type == "brief.drafted.v1")
    assert judged([*early, LogEntry(late, draft.envelope, house.now(), draft.statement)]) == {late: "key_revoked"}
    opening, *rest = early
    moved = LogEntry(1, draft.envelope, draft.recorded_at, draft.statement)
    assert judged([opening, moved, *rest])[1] == "signature_unknown_key"


def test_a_statement_that_its_actor_may_not_say_is_not_believed(house: House) -> None:
    house.brief()
    found = entries(house)
    draft = next(entry for entry in found if entry.type == "brief.drafted.v1")
    speakers = Speakers()
    for entry in found:
        speakers.take(entry)
    speakers.judge(draft)
    speakers.roles["mara"] = frozenset({"finance"})
    with pytest.raises(Forbidden, match="role_not_permitted"):
        speakers.judge(draft)


def test_somebody_elses_key_is_not_the_actors(house: House) -> None:
    house.brief()
    found = entries(house)
    draft = next(entry for entry in found if entry.type == "brief.drafted.v1")
    stolen = LogEntry(draft.index, draft.envelope, draft.recorded_at, {**draft.statement, "actor": "paul"})
    speakers = Speakers()
    for entry in found:
        speakers.take(entry)
    with pytest.raises(Untrusted, match="signature_unknown_key"):
        speakers.judge(stolen)


def test_a_passkey_is_judged_as_one_and_its_counter_going_back_is_remarked(house: House) -> None:
    key = Authenticator(counter=6)
    house.say_as("operator", key.added("mara"))
    for counter in (6, 2, 20):
        key.counter = counter
        draft = house.draft("mara", BriefDrafted.example().model_copy(update={"brief": house.new_id()}))
        house.ledger.append(key.envelope(draft.payload).to_bytes())
    found = entries(house)
    assert judged(found) == {}
    speakers = Speakers()
    for entry in found:
        speakers.judge(entry)
        speakers.take(entry)
    assert [remark.partition(":")[0] for remark in speakers.remarks] == [f"entry {house.size - 2}"]
    assert "from 7 to 3" in speakers.remarks[0]


def test_a_passkey_that_the_service_added_for_somebody_is_not_believed(house: House) -> None:
    house.say_as("operator", Authenticator().added("mara"))
    found = entries(house)
    said = found[-1]
    assert said.type == "actor.passkey-added.v1"
    key = house.keys["countersign"]
    statement = {**said.statement, "auth": {"by": "service", "subject": "operator", "method": "bearer"}}
    envelope = sign(canonical(statement), PAYLOAD_TYPE, key.private)
    found[-1] = LogEntry(said.index, envelope, said.recorded_at, statement)
    assert judged(found) == {said.index: "own_key_required"}
