"""Bad input at the door: each kind has its own stable code, and leaves log and vault as they were (SPEC S2, S3)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import rfc8785

from ledger.errors import Forbidden, LedgerError, Misuse, TooLarge, Untrusted
from ledger.keys import new_signing_key
from ledger.proof.dsse import PAYLOAD_TYPE, Envelope, pae, sign
from ledger.rules.proposal import CLOCK_SKEW_MAX
from schemas.base import PAYLOAD_BYTES_MAX
from schemas.statements.actor import ActorEnrolled
from schemas.statements.generation import GenerationRequested
from tests.house_of import ADMIN, SERVICE, House, raises_code
from tests.unit.ledger.knocks import brief, payload_of, signed, vault_rows

Make = Callable[[House], bytes]


def changed(**changes: Any) -> Make:
    return lambda house: signed(house, {**payload_of(house), **changes})


def in_body(**changes: Any) -> Make:
    def make(house: House) -> bytes:
        payload = payload_of(house)
        return signed(house, {**payload, "body": {**payload["body"], **changes}})

    return make


def without(name: str) -> Make:
    return lambda house: signed(house, {key: value for key, value in payload_of(house).items() if key != name})


def spaced(house: House) -> bytes:
    return signed(house, json.dumps(payload_of(house)).encode())


def unsorted(house: House) -> bytes:
    items = reversed(payload_of(house).items())
    return signed(house, json.dumps(dict(items), separators=(",", ":"), ensure_ascii=False).encode())


def doubled_key(house: House) -> bytes:
    raw = rfc8785.dumps(payload_of(house))
    return signed(house, raw.replace(b'{"actor":"mara"', b'{"actor":"mara","actor":"mara"', 1))


def unsigned(house: House) -> bytes:
    return json.dumps({**json.loads(brief(house)), "signatures": []}).encode()


def flipped_signature(house: House) -> bytes:
    envelope = Envelope.parse(brief(house))
    sig = bytearray(envelope.signatures[0].sig)
    sig[7] ^= 1
    return with_signature(envelope, bytes(sig), envelope.signatures[0].keyid)


def flipped_payload(house: House) -> bytes:
    envelope = Envelope.parse(brief(house))
    other = envelope.payload.replace(b"Morning", b"Evening")
    return Envelope(envelope.payload_type, other, envelope.signatures).to_bytes()


def with_signature(envelope: Envelope, sig: bytes, keyid: str) -> bytes:
    document = envelope.to_json()
    document["signatures"] = [{"keyid": keyid, "sig": b64encode(sig).decode()}]
    return json.dumps(document).encode()


def other_payload_type(house: House) -> bytes:
    payload = Envelope.parse(brief(house)).payload
    return sign(payload, "application/json", house.keys["mara"].private).to_bytes()


def signed_for_other_type(house: House) -> bytes:
    envelope, key = Envelope.parse(brief(house)), house.keys["mara"]
    return with_signature(envelope, key.private.sign(pae("text/plain", envelope.payload)), key.keyid)


def by_strange_key(house: House) -> bytes:
    payload = Envelope.parse(brief(house)).payload
    return sign(payload, PAYLOAD_TYPE, new_signing_key().private).to_bytes()


def under_mallorys_keyid(house: House) -> bytes:
    envelope, stranger = Envelope.parse(brief(house)), new_signing_key()
    return with_signature(
        envelope, stranger.private.sign(pae(PAYLOAD_TYPE, envelope.payload)), house.keys["mara"].keyid
    )


def by_a_colleague(house: House) -> bytes:
    return signed(house, payload_of(house), "paul")


def signed_twice_once_by_a_stranger(house: House) -> bytes:
    envelope, stranger = Envelope.parse(brief(house)), new_signing_key()
    extra = sign(envelope.payload, PAYLOAD_TYPE, stranger.private).signatures
    return Envelope(envelope.payload_type, envelope.payload, (*envelope.signatures, *extra)).to_bytes()


def by_nobody_we_know(house: House) -> bytes:
    return signed(house, {**payload_of(house), "actor": "mallory"})


def as_the_service(house: House) -> bytes:
    return signed(house, {**payload_of(house), "actor": SERVICE})


def for_mara_by_mara(house: House) -> bytes:
    auth = {"by": "service", "subject": "mara", "method": "token"}
    return signed(house, {**payload_of(house), "auth": auth})


def for_mara_by_a_stranger(house: House) -> bytes:
    payload = {**payload_of(house), "auth": {"by": "service", "subject": "mara", "method": "token"}}
    return sign(rfc8785.dumps(payload), PAYLOAD_TYPE, new_signing_key().private).to_bytes()


def for_somebody_else_by_the_service(house: House) -> bytes:
    payload = {**payload_of(house), "auth": {"by": "service", "subject": "paul", "method": "token"}}
    return signed(house, payload, SERVICE)


def by_the_service_without_saying_so(house: House) -> bytes:
    return signed(house, payload_of(house), SERVICE)


def for_nobody_we_know(house: House) -> bytes:
    auth = {"by": "service", "subject": "mallory", "method": "token"}
    return signed(house, {**payload_of(house), "actor": "mallory", "auth": auth}, SERVICE)


def wrong_role(house: House) -> bytes:
    return signed(house, {**payload_of(house), "actor": "finn"}, "finn")


def oversized_payload(house: House) -> bytes:
    return signed_raw(house, b'{"a":"' + b"x" * 60_000 + b'"}')


def signed_raw(house: House, payload: bytes) -> bytes:
    sig = house.keys["mara"].private.sign(pae(PAYLOAD_TYPE, payload))
    signatures = [{"keyid": house.keys["mara"].keyid, "sig": b64encode(sig).decode()}]
    document = {"payload": b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    return json.dumps(document).encode()


def future(house: House) -> bytes:
    return brief(house, at=house.now() + CLOCK_SKEW_MAX + timedelta(seconds=1))


def sealed_pointer_unknown(house: House) -> bytes:
    return changed(sealed={"/body/title": {"subject": "mara", "commitment": "00" * 32}})(house)


def one_tag_more(house: House) -> bytes:
    payload = payload_of(house)
    return signed(house, {**payload, "tags": [*payload["tags"], "asset:1"]})


def enrolment(spki_text: str) -> Make:
    def make(house: House) -> bytes:
        payload = json.loads(
            Envelope.parse(house.signed(ADMIN, ActorEnrolled.example())[0]).payload,
        )
        payload["body"]["spki"] = spki_text
        return signed(house, payload, ADMIN)

    return make


BAD: dict[str, tuple[Make, str, type[LedgerError]]] = {
    "nothing": (lambda house: b"", "json_invalid", Misuse),
    "text": (lambda house: b"hello", "json_invalid", Misuse),
    "not UTF-8": (lambda house: b'{"payload":"\xff"}', "json_invalid", Misuse),
    "a number": (lambda house: b"1", "envelope_malformed", Misuse),
    "truncated": (lambda house: brief(house)[:-20], "json_invalid", Misuse),
    "no members": (lambda house: b"{}", "envelope_malformed", Misuse),
    "a member too many": (
        lambda house: json.dumps({**json.loads(brief(house)), "note": 1}).encode(),
        "envelope_malformed",
        Misuse,
    ),
    "oversized envelope": (lambda house: b" " * 200_000 + brief(house), "envelope_too_large", TooLarge),
    "oversized payload": (oversized_payload, "envelope_too_large", TooLarge),
    "a member twice in the envelope": (
        lambda house: brief(house).replace(b'{"payload":', b'{"payload":"","payload":', 1),
        "json_duplicate_key",
        Misuse,
    ),
    "nested too deep": (lambda house: signed(house, b"[" * 40 + b"]" * 40), "json_too_deep", Misuse),
    "another payload type": (other_payload_type, "envelope_payload_type", Misuse),
    "a member twice in the payload": (doubled_key, "json_duplicate_key", Misuse),
    "payload with spaces": (spaced, "payload_not_canonical", Misuse),
    "payload in another order": (unsorted, "payload_not_canonical", Misuse),
    "payload not an object": (lambda house: signed(house, []), "statement_malformed", Misuse),
    "payload with a float": (changed(note=1.5), "canonical_float", Misuse),
    "no type": (without("type"), "statement_malformed", Misuse),
    "no actor": (without("actor"), "statement_malformed", Misuse),
    "no id": (without("id"), "statement_malformed", Misuse),
    "no time": (without("occurred_at"), "statement_malformed", Misuse),
    "no body": (without("body"), "statement_malformed", Misuse),
    "no tags": (without("tags"), "statement_malformed", Misuse),
    "an unknown member": (changed(note="x"), "statement_malformed", Misuse),
    "an id of another version": (changed(id="b0f5a0a4-7c1b-4f6e-9c3e-0a6c7f9f3b11"), "statement_malformed", Misuse),
    "an id in capitals": (changed(id="019A9B00-0000-7000-8000-000000000002"), "statement_malformed", Misuse),
    "a time without zone": (changed(occurred_at="2026-10-01T09:00:00"), "statement_malformed", Misuse),
    "a time in another zone": (changed(occurred_at="2026-10-01T09:00:00+02:00"), "statement_malformed", Misuse),
    "a time in other digits": (changed(occurred_at="٢٠٢٦-١٠-٠١T٠٩:٠٠:٠٠Z"), "statement_malformed", Misuse),
    "a day that is none": (changed(occurred_at="2026-02-30T09:00:00Z"), "statement_malformed", Misuse),
    "an actor with a line break": (changed(actor="mara\n"), "statement_malformed", Misuse),
    "unknown type": (changed(type="brief.sung.v1"), "type_unknown", Misuse),
    "unknown version": (changed(type="brief.drafted.v2"), "type_unknown", Misuse),
    "a type that is a path": (changed(type="../../etc/passwd"), "statement_malformed", Misuse),
    "body without a member": (changed(body={}), "body_invalid", Misuse),
    "body with a member too many": (in_body(mood="blue"), "body_invalid", Misuse),
    "a number written as text": (in_body(version="1"), "body_invalid", Misuse),
    "a number written as true": (in_body(version=True), "body_invalid", Misuse),
    "two beats": (in_body(narrative_beats=["One.", "Two."]), "body_invalid", Misuse),
    "an empty tag list": (changed(tags=[]), "tags_differ", Misuse),
    "somebody else's tag": (changed(tags=["brief:019a9b00-0000-7000-8000-000000000009"]), "tags_differ", Misuse),
    "a tag too many": (
        one_tag_more,
        "tags_differ",
        Misuse,
    ),
    "future-dated": (future, "future_dated", Misuse),
    "sealed where nothing is sealed": (sealed_pointer_unknown, "sealed_mismatch", Misuse),
    "a key that is no base64": (enrolment("A"), "body_invalid", Misuse),
    "a key with odd padding": (enrolment("AAA"), "body_invalid", Misuse),
    "unsigned": (unsigned, "envelope_malformed", Misuse),
    "signature flipped": (flipped_signature, "signature_invalid", Untrusted),
    "payload flipped": (flipped_payload, "signature_invalid", Untrusted),
    "signed as another type": (signed_for_other_type, "signature_invalid", Untrusted),
    "by a strange key": (by_strange_key, "signature_unknown_key", Untrusted),
    "by a strange key under a known id": (under_mallorys_keyid, "signature_invalid", Untrusted),
    "by a colleague": (by_a_colleague, "signature_unknown_key", Untrusted),
    "signed twice, once by a stranger": (signed_twice_once_by_a_stranger, "signature_unknown_key", Untrusted),
    "by nobody we know": (by_nobody_we_know, "actor_unknown", Forbidden),
    "as the service": (as_the_service, "signature_unknown_key", Untrusted),
    "for mara, by mara": (for_mara_by_mara, "signature_unknown_key", Untrusted),
    "for mara, by a stranger": (for_mara_by_a_stranger, "signature_unknown_key", Untrusted),
    "for somebody else, by the service": (for_somebody_else_by_the_service, "auth_subject_differs", Forbidden),
    "by the service without saying so": (by_the_service_without_saying_so, "signature_unknown_key", Untrusted),
    "for nobody we know": (for_nobody_we_know, "actor_unknown", Forbidden),
    "wrong role": (wrong_role, "role_not_permitted", Forbidden),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_has_its_own_code_and_changes_nothing(house: House, name: str) -> None:
    make, code, branch = BAD[name]
    raw, before, kept = make(house), house.ledger.head(), vault_rows(house)
    error = raises_code(code, lambda: house.ledger.append(raw))
    assert type(error) is branch
    assert (house.ledger.head(), vault_rows(house)) == (before, kept)


def test_bad_input_in_a_batch_spoils_nothing_beside_it(house: House) -> None:
    size = house.size
    batch = [(brief(house), {}), *((make(house), {}) for make, _, _ in BAD.values()), (brief(house), {})]
    outcomes = house.ledger.append_many(batch)
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [
        None,
        *(code for _, code, _ in BAD.values()),
        None,
    ]
    assert (outcomes[0].index, outcomes[-1].index, house.size) == (size, size + 1, size + 2)


def test_a_batch_over_the_bound_is_refused_whole(house: House) -> None:
    size = house.size
    raises_code("batch_too_large", lambda: house.ledger.append_many([(b"", {})] * 1_001))
    assert house.size == size


def test_a_clock_within_the_skew_is_fine(house: House) -> None:
    envelope = brief(house, at=house.now() + CLOCK_SKEW_MAX)
    assert house.ledger.append(envelope).index == house.size - 1


def test_the_largest_payload_makes_an_entry_that_fits_a_bundle(house: House) -> None:
    """c2sp.org/tlog-tiles: an entry's length is a uint16."""
    brief_id, small = house.brief(), len(Envelope.parse(generation(house, house.brief(), "")).payload)
    receipt = house.ledger.append(generation(house, brief_id, "x" * (PAYLOAD_BYTES_MAX - small)))
    assert PAYLOAD_BYTES_MAX < len(receipt.entry) <= 65_535
    over = generation(house, brief_id, "x" * (PAYLOAD_BYTES_MAX - small + 1))
    error = raises_code("payload_too_large", lambda: house.ledger.append(over))
    assert isinstance(error, TooLarge)
    assert house.size == receipt.index + 1


def generation(house: House, brief_id: str, padding: str) -> bytes:
    changes = {"generation": house.new_id(), "brief": brief_id, "cameos": (), "parameters": {"pad": padding}}
    return house.signed("mara", GenerationRequested.example().model_copy(update=changes))[0]
