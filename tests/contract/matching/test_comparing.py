"""Each file meets each reference once, by stored codes, whatever came first and wherever a crash falls."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from api.services import comparing
from api.services.comparing import compare_all, compare_files
from projections.index.memory import MemoryIndex
from projections.matchbook import Recorded
from projections.views import Views
from schemas.statements.erasure import SubjectErased, SubjectErasureBegun, SubjectErasureRequested
from schemas.statements.match import MatchCompared, MatchFound
from schemas.statements.reference import ReferenceSwept
from tests.house_of import House
from tests.matching_of import POLICY, Desk
from tests.unit.projections.material import clip, codes, dump, examine, fingerprints, open_views, turned


def told(found: list[Recorded]) -> list[tuple[str, str, str]]:
    return [(one.asset, one.reference, one.decision) for one in found]


def test_a_file_that_comes_later_is_compared_with_every_reference(desk: Desk) -> None:
    run = codes(8, 1)
    work, _ = desk.reference(run), desk.reference(codes(8, 2))
    asset = clip(desk.house, [turned(code, 20) for code in run])
    done = compare_all(desk.services)
    assert (done.files, done.references, done.matches, done.changed) == (1, 2, 1, 1)
    (match,) = desk.matches()
    assert told([match]) == [(asset, work, "copy")] and (match.distance, match.frames) == (20, 8)
    (said,) = desk.said(MatchFound)
    assert (said.policy, said.index_codes) == (POLICY.sha256, 16)
    assert said.false_per_billion == POLICY.false_per_billion("copy", 16) > 0


def test_a_reference_that_comes_later_is_looked_for_in_what_is_here(desk: Desk) -> None:
    run = codes(8, 1)
    asset, _ = clip(desk.house, run), clip(desk.house, codes(8, 2))
    assert compare_all(desk.services).files == 0  # nothing to compare with, nothing said
    work = desk.reference([turned(code, 45) for code in run])
    compare_all(desk.services)
    assert told(desk.matches()) == [(asset, work, "candidate")]
    (swept,) = desk.said(ReferenceSwept)
    assert (swept.files, swept.found, swept.changed, swept.flooded) == (2, 1, 1, False)


def test_everything_is_said_once_however_often_it_is_asked(desk: Desk) -> None:
    desk.reference(codes(8, 1)), clip(desk.house, codes(8, 1)), clip(desk.house, codes(8, 2))
    compare_all(desk.services)
    size = desk.house.size
    again = compare_all(desk.services)
    assert (again.files, again.references, desk.house.size) == (0, 0, size)
    assert desk.views.matchbook.progress("picture", POLICY.sha256) == {
        "files": 2,
        "compared": 2,
        "references": 1,
        "swept": 1,
    }


@pytest.mark.parametrize("die_at", range(6))
def test_a_job_that_died_anywhere_goes_on_and_says_nothing_twice(
    desk: Desk, die_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2):
        desk.reference(codes(6, seed)), clip(desk.house, codes(6, seed))
    say, calls = comparing._said, []

    def dying(services: object, body: object) -> bool:
        calls.append(body)
        if len(calls) > die_at:
            raise KeyboardInterrupt
        return say(services, body)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "_said", dying)
    with pytest.raises(KeyboardInterrupt):
        compare_all(desk.services)
    monkeypatch.undo()
    compare_all(desk.services)
    assert len(desk.said(MatchFound)) == len(desk.said(MatchCompared)) == len(desk.said(ReferenceSwept)) == 2


def test_two_processes_at_once_say_everything_once(desk: Desk, house: House) -> None:
    for seed in range(4):
        desk.reference(codes(6, seed)), clip(house, codes(6, seed))
    other = Desk(house, open_views(house, "other.sqlite"))
    threads = [threading.Thread(target=compare_all, args=(one.services,)) for one in (desk, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.views.close()
    assert len(desk.said(MatchFound)) == len(desk.said(MatchCompared)) == len(desk.said(ReferenceSwept)) == 4


def test_another_policy_compares_everything_again_and_says_only_what_changed(desk: Desk) -> None:
    near, far = codes(8, 1), codes(8, 2)
    works = desk.reference(near), desk.reference(far)
    assets = clip(desk.house, near), clip(desk.house, [turned(code, 50) for code in far])
    compare_all(desk.services)
    assert told(desk.matches()) == [(assets[0], works[0], "copy"), (assets[1], works[1], "candidate")]
    strict = replace(POLICY, sha256="ab" * 32, version="2099.01", candidate_bits_max=40)
    done = compare_all(desk.services, policy=strict)
    assert (done.files, done.references, done.changed) == (2, 2, 1)
    assert told(desk.matches()) == [(assets[0], works[0], "copy")]
    assert [(one.asset, one.decision) for one in desk.said(MatchFound)][-1] == (assets[1], "none")


def test_codes_in_another_algorithm_are_compared_again_and_only_with_their_like(desk: Desk) -> None:
    run = codes(8, 1)
    desk.reference(run)
    asset = clip(desk.house, codes(8, 3))
    compare_all(desk.services)
    examine(desk.house, asset, fingerprints(run, algorithm="pdq256@64px/other"))
    compare_all(desk.services)
    assert desk.matches() == []


def test_a_mirrored_copy_is_found_by_the_references_own_variants(desk: Desk) -> None:
    plain, mirrored = codes(8, 1), codes(8, 2)
    work = desk.reference(plain, mirrored=mirrored)
    asset = examine(desk.house, desk.house.asset(), fingerprints(codes(8, 7)), [[code] for code in mirrored])
    compare_all(desk.services)
    assert told(desk.matches()) == [(asset, work, "copy")] and desk.said(MatchFound)[0].transform == "mirrored"


def test_files_are_compared_ahead_of_their_turn(desk: Desk) -> None:
    desk.reference(codes(8, 1))
    first, second = clip(desk.house, codes(8, 1)), clip(desk.house, codes(8, 1))
    compare_files(desk.services, [second])
    assert [one.asset for one in desk.matches()] == [second]
    compare_all(desk.services)
    assert {one.asset for one in desk.matches()} == {first, second}


# -- floods ------------------------------------------------------------------------------------------------------------


def test_a_file_near_very_many_references_is_set_apart_and_names_none(desk: Desk) -> None:
    small = replace(POLICY, sha256="cd" * 32, flood_matches_max=3)
    card = codes(1, 9)
    for _ in range(5):
        desk.reference(card)
    asset = clip(desk.house, card)
    desk.views.catch_up()
    compare_all(desk.services, policy=small)
    (said,) = desk.said(MatchCompared)
    assert (said.flooded, said.found) == (True, 5)
    assert desk.matches() == [] and desk.views.matchbook.flooded() == [asset]


def test_a_reference_near_very_many_files_is_set_apart(desk: Desk) -> None:
    small = replace(POLICY, sha256="cd" * 32, flood_matches_max=3)
    card = codes(1, 9)
    for _ in range(5):
        clip(desk.house, card)
    work = desk.reference(card)
    compare_all(desk.services, policy=small)
    assert desk.said(ReferenceSwept)[0].flooded and desk.views.matchbook.flooded() == [work]
    assert desk.matches() == []
    desk.withdraw(work)
    desk.views.catch_up()
    assert desk.views.matchbook.flooded() == []


# -- withdrawn and erased ----------------------------------------------------------------------------------------------


def everywhere(views: Views, code: bytes) -> list[str]:
    """Files in which the code can be read, whichever page it is on."""
    return [place.name for place in views.path.parent.glob("views.sqlite*") if code in place.read_bytes()]


@pytest.mark.parametrize("packed", [1, 2, 1_000])
def test_a_withdrawn_references_codes_are_gone_from_memory_and_tables(
    desk: Desk, packed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.matchcodes.RUNS_PACKED", packed)
    run, kept = codes(8, 1), codes(8, 2)
    work, _ = desk.reference(run), desk.reference(kept)
    clip(desk.house, codes(8, 3))
    compare_all(desk.services)
    assert everywhere(desk.views, run[0]) and everywhere(desk.views, kept[0])
    index = desk.views.matches._held._held[fingerprints(run).algorithm, "reference"]
    assert isinstance(index, MemoryIndex)
    desk.withdraw(work)
    desk.views.catch_up()
    assert everywhere(desk.views, run[0]) == [] and everywhere(desk.views, kept[0])
    assert index.held == index.count == 8
    clip(desk.house, run)
    compare_all(desk.services)
    assert desk.matches() == []


def test_a_work_registered_twice_is_compared_until_both_are_withdrawn(desk: Desk) -> None:
    run, media = codes(8, 1), "ee" * 32
    first = desk.reference(run, media=media)
    desk.reference(run, media=media)
    desk.withdraw(first)
    asset = clip(desk.house, run)
    compare_all(desk.services)
    assert [one.asset for one in desk.matches()] == [asset] and desk.matches()[0].reference != first


def test_rebuilt_views_equal_live_ones_after_a_withdrawal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.matchcodes.RUNS_PACKED", 2)
    work = desk.reference(codes(8, 1))
    clip(desk.house, codes(8, 1))
    compare_all(desk.services)
    desk.withdraw(work)
    desk.reference(codes(8, 4))
    clip(desk.house, codes(8, 4))
    compare_all(desk.services)
    before, rows = told(desk.matches()), dump(desk.views.path)
    desk.views.rebuild()
    assert told(desk.matches()) == before and compare_all(desk.services).files == 0
    assert dump(desk.views.path) == rows


def test_a_persons_picture_is_compared_from_the_vault_and_leaves_nothing_in_views(desk: Desk) -> None:
    run, person = codes(4, 1), desk.house.person()
    reference = desk.likeness(person, run)
    asset = clip(desk.house, run)
    compare_all(desk.services)
    assert told(desk.matches()) == [(asset, reference, "copy")]
    other = clip(desk.house, codes(4, 5))
    assert everywhere(desk.views, run[0]) and desk.views.matches.size(fingerprints(run).algorithm, "reference") == 0
    erase(desk.house, person)
    later = clip(desk.house, run)
    compare_all(desk.services)
    assert [one.asset for one in desk.matches()] == [asset] and later != other


def erase(house: House, person: str) -> None:
    asked = house.say_as("ines", SubjectErasureRequested(person=person, ground="objection"))
    digest = next(
        one.payload_sha256
        for one in house.ledger.read(types=[SubjectErasureRequested.TYPE])
        if one.index == asked.index
    )
    house.ledger.say(SubjectErasureBegun(person=person, request_sha256=digest))
    erased = house.ledger.vault.erase(person, house.now())
    del erased
    body = SubjectErased(person=person, request_sha256=digest, erased_at=house.now(), keys=1, values=2, statements=2)
    house.ledger.say(body)


def test_a_file_examined_again_by_another_version_is_compared_again_and_what_changed_is_said(desk: Desk) -> None:
    run, other = codes(8, 1), codes(8, 2)
    near, far = desk.reference(run), desk.reference(other)
    asset = clip(desk.house, run)
    compare_all(desk.services)
    examine(desk.house, asset, fingerprints(other, version="2"), version="2")
    done = compare_all(desk.services)
    assert (done.files, done.changed) == (1, 2)
    words = [(one.reference, one.decision, one.index_codes) for one in desk.said(MatchFound)]
    assert words[0] == (near, "copy", 16)
    assert sorted(words[1:]) == sorted([(near, "none", 16), (far, "copy", 16)])
    size = desk.house.size
    assert (compare_all(desk.services).files, desk.house.size) == (0, size)
