"""log.keys-rotated.v1 at the door, and the chain that it makes (SPEC S7.20 to S7.22)."""

from __future__ import annotations

import pytest

from ledger.clock import SteppedClock
from ledger.errors import Untrusted
from ledger.log.logkeys import LogSeal, stored_log_keys
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.logentry import LogEntry
from ledger.proof.logkeys import LogKeys, check_rotation_root
from ledger.proof.merkle import inclusion_proof, root_before, tree_root
from ledger.proof.note import sign_note
from tests.house_of import ADMIN, ORIGIN, START, House, raises_code
from tests.turned_of import Pair, new_pair, rotation, turn, vkeys_of
from tests.unit.ledger import knocks

pytestmark = pytest.mark.usefixtures("both_keys")


def chain(house: House) -> LogKeys:
    return stored_log_keys(house.ledger.store)


def entry(house: House, index: int) -> LogEntry:
    return LogEntry.parse(index, house.ledger.store.entry(index).entry)


def test_the_first_checkpoint_over_a_rotation_is_signed_by_old_and_new_and_the_next_by_new_alone(house: House) -> None:
    old = house.log_keys
    at = turn(house)
    first = chain(house).open(at.checkpoint)
    assert len(first.signatures) == 4
    assert LogKeys.single([key.verifier for key in old]).open(at.checkpoint, strict=False).checkpoint.size == at.size
    house.asset()
    assert len(chain(house).open(house.ledger.head()[1]).signatures) == 2
    assert house.ledger.receipt(at.index).proof().endswith(house.ledger.head()[1])


def test_checkpoints_from_before_stay_good_under_the_keys_of_their_time(house: House) -> None:
    before = house.ledger.head()[1]
    turn(house)
    turn(house)
    assert chain(house).open(before).checkpoint.origin == ORIGIN
    assert [link.number for link in chain(house).links] == [0, 1, 2]


def test_who_holds_the_keys_of_any_link_can_rely_on_the_chain(house: House) -> None:
    held = [vkeys_of(house.log_keys)]
    for _ in range(2):
        turn(house)
        held.append(vkeys_of(house.log_keys))
    assert [chain(house).trusted_by(vkeys) for vkeys in held] == ["yes"] * 3
    assert chain(house).trusted_by(held[0] + held[1]) == "no"
    assert chain(house).trusted_by(held[0][:1]) == "no"
    assert chain(house).trusted_by(vkeys_of(new_pair())) == "no"


def test_keys_that_were_perhaps_stolen_carry_no_further_and_those_after_them_do(house: House) -> None:
    first = vkeys_of(house.log_keys)
    turn(house, reason="suspected-theft")
    second = vkeys_of(house.log_keys)
    turn(house)
    assert [chain(house).trusted_by(vkeys) for vkeys in (first, second)] == ["stolen", "yes"]


def test_the_old_keys_alone_sign_nothing_more(house: House) -> None:
    old = house.log_keys
    turn(house)
    house.asset()
    size, root = house.size, tree_root(house.size, house.ledger.store)
    rolled_back = sign_note(Checkpoint(ORIGIN, size, root).text(), old, 1_790_000_000)
    raises_code("log_keys_retired", lambda: chain(house).open(rolled_back))


@pytest.mark.parametrize("missing", range(4))
def test_the_checkpoint_by_both_carries_all_four_signatures_or_the_new_two(house: House, missing: int) -> None:
    old, new = house.log_keys, new_pair()
    at = turn(house, new=new)
    four = [*new, *old]
    some = [key for n, key in enumerate(four) if n != missing]
    head = chain(house).open(at.checkpoint).checkpoint
    raises_code("note_signature_missing", lambda: chain(house).open(sign_note(head.text(), some, 1_790_000_000)))
    assert chain(house).open(sign_note(head.text(), new, 1_790_000_000)).checkpoint == head


def test_new_keys_do_not_sign_the_past(house: House) -> None:
    past = Checkpoint(ORIGIN, house.size, tree_root(house.size, house.ledger.store))
    turn(house)
    raises_code(
        "note_signature_missing", lambda: chain(house).open(sign_note(past.text(), house.log_keys, 1_790_000_000))
    )


# -- what the door refuses -----------------------------------------------------------------------------------------


def refused(house: House, code: str, **options: object) -> None:
    size = house.size
    raises_code(code, lambda: turn(house, **options))  # type: ignore[arg-type]
    assert house.size == size


def test_endorsements_by_other_keys_are_refused(house: House) -> None:
    refused(house, "log_rotation_not_endorsed", endorsed_by=new_pair())


@pytest.mark.parametrize("number", [0, 1])
def test_each_old_key_has_to_endorse(house: House, number: int) -> None:
    pair: list[object] = list(house.log_keys)
    pair[number] = new_pair()[number]
    refused(house, "log_rotation_not_endorsed", endorsed_by=tuple(pair))


def test_a_rotation_endorsed_for_another_tree_is_refused(house: House) -> None:
    refused(house, "log_rotation_root", root="x7nBfHsqPRzHrCD6GDiEHsHBKoPSaW43zgOvtxW7rYY=")


def test_a_rotation_for_another_place_or_log_is_refused(house: House) -> None:
    refused(house, "log_rotation_misplaced", size=house.size + 1)
    refused(house, "log_rotation_misplaced", size=house.size - 1)
    refused(house, "log_rotation_wrong_log", origin="countersign.example/other")


def test_a_rotation_from_keys_that_are_not_in_force_is_refused(house: House) -> None:
    first, second = house.log_keys, new_pair()
    turn(house, new=second)
    refused(house, "log_rotation_unlinked", body=rotation(house, first, new_pair()))


def test_keys_that_the_log_once_had_do_not_come_back(house: House) -> None:
    first = house.log_keys
    turn(house)
    refused(house, "log_rotation_keys", new=first)


def test_keys_of_another_name_or_in_another_order_are_refused(house: House) -> None:
    refused(house, "log_rotation_keys", new=new_pair("countersign.example/other"))
    refused(house, "log_rotation_keys", new=tuple(reversed(new_pair())))


@pytest.mark.parametrize("actor", ["mara", "lena"])
def test_only_an_administrator_turns_the_logs_keys(house: House, actor: str) -> None:
    refused(house, "role_not_permitted", actor=actor)


def test_not_even_the_service_says_it_for_an_administrator(house: House) -> None:
    body = rotation(house, house.log_keys, new_pair())
    house.ledger.log_vkeys_ready = body.new_vkeys
    raises_code("own_key_needed", lambda: house.ledger.say(body, actor=ADMIN, method="token"))


def test_a_ledger_that_does_not_hold_the_new_keys_takes_no_rotation_in(house: House) -> None:
    body = rotation(house, house.log_keys, new_pair())
    raises_code("rotation_not_here", lambda: house.say_as(ADMIN, body))


def test_an_entry_that_came_in_between_is_a_conflict(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    other, append = house.open(), house.ledger.store.append_batch

    def late(pending: object) -> object:
        monkeypatch.undo()
        other.append(knocks.brief(house))
        return append(pending)  # type: ignore[arg-type]

    monkeypatch.setattr(house.ledger.store, "append_batch", late)
    try:
        raises_code("boundary_moved", lambda: turn(house))
    finally:
        other.close()
    assert len(chain(house).links) == 1


# -- the chain, read by strangers ----------------------------------------------------------------------------------


def test_a_missing_link_is_named(house: House) -> None:
    turn(house)
    second = turn(house)
    entries = [entry(house, 0), entry(house, second.index)]
    raises_code("log_rotation_unlinked", lambda: LogKeys.of(entries))


def test_links_in_another_order_are_named(house: House) -> None:
    first, second = turn(house).index, turn(house).index
    raises_code("log_rotation_unlinked", lambda: LogKeys.of(entry(house, n) for n in (0, second, first)))


def test_without_the_first_entry_there_is_no_chain(house: House) -> None:
    raises_code("log_not_opened", lambda: LogKeys.of([entry(house, turn(house).index)]))


@pytest.mark.parametrize("member", ["origin", "size", "root", "old_vkeys", "new_vkeys", "reason", "endorsements"])
def test_a_rotation_that_lacks_a_member_is_malformed(house: House, member: str) -> None:
    body = dict(entry(house, turn(house).index).body)
    del body[member]
    raises_code("log_rotation_malformed", lambda: LogKeys.of([entry(house, 0)]).extended(house.size - 1, body))


@pytest.mark.parametrize("before", range(1, 10))
def test_the_proof_of_an_entry_holds_the_root_before_it(house: House, before: int) -> None:
    size = house.size
    for index in range(before, size, 3):
        proof = inclusion_proof(index, size, house.ledger.store)
        assert root_before(index, size, proof) == tree_root(index, house.ledger.store)


def test_a_rotation_after_another_tree_than_was_endorsed_is_named(house: House) -> None:
    at = turn(house)
    said, size = entry(house, at.index), house.size
    proof = inclusion_proof(at.index, size, house.ledger.store)
    check_rotation_root(said, size, proof)
    said.body["root"] = "x7nBfHsqPRzHrCD6GDiEHsHBKoPSaW43zgOvtxW7rYY="
    raises_code("log_rotation_root", lambda: check_rotation_root(said, size, proof))


# -- the seal ------------------------------------------------------------------------------------------------------


class Keys:
    """What a home's key files would be."""

    def __init__(self) -> None:
        self.now: Pair = new_pair()
        self.read = 0

    def renew(self) -> Pair:
        self.read += 1
        return self.now


def test_a_seal_follows_when_another_process_turned_the_log() -> None:
    keys = Keys()
    seal = LogSeal(ORIGIN, SteppedClock(START), keys.renew)
    one = seal(1, bytes(32), b"")
    two = seal(2, bytes(32), one)
    assert keys.read == 1
    old, keys.now = keys.now, new_pair()
    both = sign_note(Checkpoint(ORIGIN, 3, bytes(32)).text(), (*keys.now, *old), 1)
    signed = LogKeys.single([key.verifier for key in keys.now]).open(seal(4, bytes(32), both))
    assert (signed.checkpoint.size, keys.read) == (4, 2)
    assert LogKeys.single([key.verifier for key in old]).open(two).checkpoint.size == 2


def test_a_seal_whose_home_has_not_the_new_keys_signs_nothing() -> None:
    keys = Keys()
    seal = LogSeal(ORIGIN, SteppedClock(START), keys.renew)
    seal(1, bytes(32), b"")
    foreign = sign_note(Checkpoint(ORIGIN, 2, bytes(32)).text(), new_pair(), 1)
    with pytest.raises(Untrusted, match="log_key_differs"):
        seal(3, bytes(32), foreign)
