"""A proof of completeness says what the log holds about a tag, and nothing in it can be changed or left out (SPEC S7.17)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.services.completeness import completeness, name_root
from ledger.errors import LedgerError, Untrusted
from ledger.keys import new_signing_key
from ledger.proof.canonical import canonical
from ledger.proof.completeness import TagStory, format_completeness, verify_completeness
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.logged import logged_json
from ledger.proof.tagproof import TagProof
from ledger.statement import compose, finish_entry
from ledger.store.contract import EntryEvent, Pending
from projections.tag_index import TagIndex
from schemas.base import format_instant
from schemas.statements.actor import ActorKeyRotated
from schemas.statements.consent import ConsentWithdrawn
from schemas.statements.index import LogIndexed
from tests.house_of import ADMIN, SERVICE, House, raises_code, spki
from tests.turned_of import turn


@pytest.fixture
def index(house: House, tmp_path: Path) -> Iterator[TagIndex]:
    opened = TagIndex(tmp_path / "tagindex.sqlite", house.ledger.store)
    yield opened
    opened.close()


def verified(house: House, raw: bytes) -> TagStory:
    return verify_completeness(raw, house.verifiers)


def withdraw(house: House, consent: str) -> int:
    body = {"consent": consent, "person": house.granted(consent).person, "reason": "changed my mind"}
    return house.say_as("ines", ConsentWithdrawn.model_validate(body)).index


def test_that_a_consent_was_never_withdrawn_is_proved(house: House, index: TagIndex) -> None:
    tag = f"consent:{house.consent()}"
    story = verified(house, completeness(house.ledger, index, tag, "consent.withdrawn.v1"))
    assert (story.count, story.entries) == (0, ())
    assert story.sentence == (
        f"The log's first {story.size} entries hold 2 entries about {tag}, none of type consent.withdrawn.v1"
    )


def test_once_it_is_withdrawn_the_same_question_shows_the_withdrawal(house: House, index: TagIndex) -> None:
    consent = house.consent()
    completeness(house.ledger, index, f"consent:{consent}")
    at = withdraw(house, consent)
    story = verified(house, completeness(house.ledger, index, f"consent:{consent}", "consent.withdrawn.v1"))
    assert story.entries is not None
    assert [entry.index for entry in story.entries] == [at]
    assert story.types["consent.withdrawn.v1"].last == at  # so up to size `at` there was none


def test_what_nobody_ever_said_is_proved_absent(house: House, index: TagIndex) -> None:
    story = verified(house, completeness(house.ledger, index, "consent:nobody"))
    assert (story.types, story.entries, story.count) == ({}, (), 0)
    assert story.sentence.endswith("hold no entry about consent:nobody")


def test_without_entries_only_their_number_is_shown(house: House, index: TagIndex) -> None:
    consent = house.consent()
    story = verified(house, completeness(house.ledger, index, f"consent:{consent}", entries=False))
    assert story.entries is None and story.count == 2


def test_an_entry_left_out_is_named_by_tag_and_type(house: House, index: TagIndex) -> None:
    consent = house.consent()
    withdraw(house, consent)
    shown = json.loads(completeness(house.ledger, index, f"consent:{consent}"))
    shown["entries"].pop()
    error = raises_code("completeness_missing", lambda: verified(house, canonical(shown)))
    assert f"consent:{consent}: of consent.withdrawn.v1 the log holds 1 entry, and no entry are here" in error.what


def test_an_entry_about_something_else_is_no_entry_about_this(house: House, index: TagIndex) -> None:
    one, other = house.consent(), house.consent()
    shown, foreign = (json.loads(completeness(house.ledger, index, f"consent:{it}")) for it in (one, other))
    shown["entries"] = foreign["entries"]
    raises_code("completeness_extra", lambda: verified(house, canonical(shown)))


def test_every_changed_byte_is_refused(house: House, index: TagIndex) -> None:
    raw = completeness(house.ledger, index, f"consent:{house.consent()}")
    for at in range(0, len(raw), 97):
        changed = bytearray(raw)
        changed[at] ^= 1
        with pytest.raises(LedgerError):
            verified(house, bytes(changed))


def test_a_root_that_the_log_does_not_name_proves_nothing(house: House, index: TagIndex) -> None:
    raw = json.loads(completeness(house.ledger, index, "consent:nobody"))
    other = house.ledger.receipt(0)
    raw["indexed"] = logged_json(0, other.entry, other.proof())
    raises_code("index_malformed", lambda: verified(house, canonical(raw)))


def test_another_logs_keys_do_not_verify_it(house: House, index: TagIndex) -> None:
    raw = completeness(house.ledger, index, "consent:nobody")
    with pytest.raises(Untrusted):
        verify_completeness(raw, tuple(reversed(house.verifiers))[:0])


@pytest.mark.parametrize("entries", ["x", [{}], [{"index": True, "entry": ""}], [{"index": 1, "entry": "e30="}], [[]]])
def test_entries_that_are_none_are_malformed(house: House, index: TagIndex, entries: Any) -> None:
    raw = json.loads(completeness(house.ledger, index, "log:opened"))
    with pytest.raises(Untrusted, match="completeness_malformed"):
        verified(house, canonical({**raw, "entries": entries}))


def test_bad_questions_are_misuse(house: House, index: TagIndex) -> None:
    raises_code("tag_malformed", lambda: completeness(house.ledger, index, "Consent"))
    raises_code("type_unknown", lambda: completeness(house.ledger, index, "log:opened", "no.such.v1"))
    bad = format_completeness("No.Type", {}, [], TagProof("log:opened", None, None, ()), None)
    raises_code("document_malformed", lambda: verified(house, bad))


# -- naming roots --------------------------------------------------------------------------------------------------


def test_an_idle_log_does_not_talk_to_itself(house: House, index: TagIndex) -> None:
    first, size = name_root(house.ledger, index), house.size
    assert name_root(house.ledger, index).index == first.index and house.size == size
    house.brief()
    assert name_root(house.ledger, index).index == house.size - 1 > first.index


def test_a_root_that_was_computed_and_not_named_is_named_by_whoever_comes_next(house: House, index: TagIndex) -> None:
    index.catch_up()  # and the process dies
    said = name_root(house.ledger, index)
    assert isinstance(said.body, LogIndexed) and said.body.size == said.index


def test_a_false_root_in_the_log_is_never_proved_with(house: House, index: TagIndex) -> None:
    index.catch_up()
    house.ledger.say(LogIndexed(size=house.size, root="11" * 32))
    story = verified(house, completeness(house.ledger, index, "log:indexed"))
    assert story.count == 1 and story.size > story.types["log.indexed.v1"].last


def test_a_damaged_file_is_built_anew_for_the_next_question(house: House, index: TagIndex, monkeypatch: Any) -> None:
    name_root(house.ledger, index)
    with index._database.writing() as db:
        db.execute("UPDATE tag_index_tag SET record = replace(record, ':1', ':2')")
    raises_code("tag_index_damaged", lambda: completeness(house.ledger, index, "log:opened"))
    assert verified(house, completeness(house.ledger, index, "log:opened")).count == 1


# -- who named the root --------------------------------------------------------------------------------------------


def test_a_root_is_named_by_the_service_with_a_key_that_the_log_brought_to_it(house: House, index: TagIndex) -> None:
    assert verified(house, completeness(house.ledger, index, "log:opened")).named_by == SERVICE


def test_after_the_services_key_was_turned_the_document_brings_the_new_one(house: House, index: TagIndex) -> None:
    old, new = house.keys[SERVICE], new_signing_key()
    rotated = house.say_as(ADMIN, ActorKeyRotated(actor=SERVICE, old_keyid=old.keyid, spki=spki(new))).index
    house.keys[SERVICE] = new
    house.reopen()
    fresh = TagIndex(house.folder / "fresh.sqlite", house.ledger.store)
    raw = completeness(house.ledger, fresh, "log:opened")
    fresh.close()
    assert verified(house, raw).named_by == SERVICE
    shown = json.loads(raw)
    shown["keys"] = [one for one in shown["keys"] if one["index"] != rotated]
    raises_code("signature_unknown_key", lambda: verified(house, canonical(shown)))


def test_a_root_that_somebody_else_named_proves_nothing(house: House, index: TagIndex) -> None:
    """Past the door: an administrator says, truly and with their own key, what only the service may."""
    index.catch_up()
    with index.look() as look:
        body, at = LogIndexed(size=look.size, root=look.root.hex()), house.now()
    draft = compose(body, actor=ADMIN, at=at)
    entry = finish_entry(sign(draft.payload, PAYLOAD_TYPE, house.keys[ADMIN].private).to_bytes(), format_instant(at))
    house.ledger.store.append_batch([Pending((EntryEvent(LogIndexed.TYPE, entry, list(body.tags()), None),))])
    raw = completeness(house.ledger, index, "log:opened")
    raises_code("service_not_signer", lambda: verified(house, raw))


def test_without_the_entries_about_keys_nothing_is_believed(house: House, index: TagIndex) -> None:
    shown = json.loads(completeness(house.ledger, index, "log:opened"))
    assert shown["keys"][0]["index"] == 0 and len(shown["keys"]) < 5
    for keys in ([], shown["keys"][1:], "x", [{}]):
        with pytest.raises(Untrusted):
            verified(house, canonical({**shown, "keys": keys}))
    twice = canonical({**shown, "keys": [shown["keys"][0], *shown["keys"]]})
    raises_code("service_entries", lambda: verified(house, twice))


def test_who_holds_the_keys_of_an_earlier_link_reads_a_document_under_new_ones(house: House, tmp_path: Path) -> None:
    old = house.verifiers
    turn(house)
    house.brief()
    fresh = TagIndex(tmp_path / "turned.sqlite", house.ledger.store)
    raw = completeness(house.ledger, fresh, "log:opened")
    fresh.close()
    assert verify_completeness(raw, old).named_by == verified(house, raw).named_by == SERVICE


def test_proofs_under_two_checkpoints_are_refused(house: House, index: TagIndex) -> None:
    shown = json.loads(completeness(house.ledger, index, "log:opened"))
    house.brief()
    entry = house.ledger.store.entry(0).entry
    shown["keys"][0] = logged_json(0, entry, house.ledger.receipt(0).proof())
    raises_code("service_checkpoints", lambda: verified(house, canonical(shown)))
