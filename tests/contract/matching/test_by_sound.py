"""Works are compared by their sound too, each way by itself: at the door, in the job and in a decision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from api.services.comparing import compare_all
from api.services.match_answers import matches_answer, matching_answer, reference_answer, replay
from ledger.errors import NotFound
from ledger.rules.decision import decide
from projections import soundpolicy
from projections.sound_alignment import Items
from schemas.base import new_id
from schemas.statements.match import MatchCompared, MatchFound, MatchReviewed
from schemas.statements.reference import HEARD_TAG, LIST_TAG, ReferenceRegistered, ReferenceSwept
from tests.house_of import raises_code
from tests.matching_of import SOUND_ALGORITHM, Desk
from tests.unit.projections.material import clip, codes, dump, fingerprints, open_views, turned
from tests.unit.projections.test_sound_alignment import flipped, items

POLICY = soundpolicy.current()


def song(seed: int = 1, seconds: int = 30) -> Items:
    return items(seconds * 8, seed)


def whole_word(desk: Desk, asset: str, verdict: str) -> None:
    body = MatchReviewed.model_validate({"asset": asset, "verdict": verdict, "comment": "heard all of it"})
    desk.house.say_as("rob", body)


def test_a_file_that_comes_later_is_compared_with_every_sound(desk: Desk) -> None:
    work, _ = desk.sound_work(song(1)), desk.sound_work(song(2))
    asset = desk.heard(np.concatenate([song(7, 10), flipped(song(1), 60)[16:]]))
    done = compare_all(desk.services)
    assert (done.files, done.references, done.matches, done.changed) == (1, 2, 1, 1)
    (match,) = desk.matches()
    assert (match.asset, match.reference, match.way, match.decision) == (asset, work, "sound", "copy")
    assert abs(match.asset_ms - 9_905) < 1_000 and abs((match.asset_ms - match.reference_ms) - 7_924) < 150
    (said,) = desk.said(MatchFound)
    assert (said.policy, said.algorithm, said.transform) == (POLICY.sha256, SOUND_ALGORITHM, "plain")
    assert 10 <= said.distance_median <= 20 and 200 < said.frames_matched <= said.frames_compared == 304
    assert (said.index_codes, said.false_per_billion) == (2, POLICY.false_per_billion("copy", 2))
    (compared,) = desk.said(MatchCompared)
    assert (compared.algorithm, compared.references, compared.found) == (SOUND_ALGORITHM, 2, 1)


def test_a_sound_that_comes_later_is_looked_for_in_what_is_here(desk: Desk) -> None:
    asset, _ = desk.heard(flipped(song(1), 200)), desk.heard(song(2))
    assert compare_all(desk.services).files == 0
    work = desk.sound_work(song(1)[40:])
    compare_all(desk.services)
    assert [(one.asset, one.reference, one.decision) for one in desk.matches()] == [(asset, work, "candidate")]
    (swept,) = desk.said(ReferenceSwept)
    assert (swept.policy, swept.files, swept.found, swept.flooded) == (POLICY.sha256, 2, 1, False)
    answer = reference_answer(desk.services, work)
    assert answer.reference.ways == ("sound",) and answer.used_by[0].match.way == "sound"


def test_a_faster_copy_is_near_the_work_as_it_runs_at_that_speed(desk: Desk) -> None:
    """The print of the reference slowed down to 970 thousandths is that of a copy that runs 3 % too fast."""
    fast = song(3)
    desk.sound_work(song(1), {970: fast})
    asset = desk.heard(np.concatenate([song(8, 5), fast]))
    compare_all(desk.services)
    (said,) = desk.said(MatchFound)
    assert (said.asset, said.transform) == (asset, "speed-1031")
    assert abs(said.asset_ms - 4_952) < 150 and said.reference_ms < 150


def test_the_very_bytes_are_exact_and_the_same_bytes_under_two_references_are_both_named(desk: Desk) -> None:
    work = desk.sound_work(song(1))
    (registered,) = desk.said(ReferenceRegistered)
    second = ReferenceRegistered.model_validate({**registered.as_json(), "reference": desk.house.new_id()})
    desk.house.say_as("ivy", second)
    asset = desk.heard(song(1))
    compare_all(desk.services)
    assert {(one.reference, one.decision) for one in desk.matches(asset=asset)} == {
        (work, "copy"),
        (second.reference, "copy"),
    }


def test_picture_and_sound_of_one_clip_are_compared_apart_and_reviewed_apart(desk: Desk) -> None:
    """A clip of one work's pictures over another's song: leave for the one is no leave for the other."""
    run = codes(8, 1)
    asset = clip(desk.house, run)
    desk.views.catch_up()  # a file that was never filmed: its print are its frames' codes, told as sound
    ((algorithm, prints),) = desk.views.sounds.runs(asset, "own").items()
    seen = desk.reference([turned(code, 10) for code in run])
    heard = desk.sound_work(prints[1000], algorithm=algorithm)
    compare_all(desk.services)
    by = {one.way: one for one in desk.matches(asset=asset)}
    assert {way: one.reference for way, one in by.items()} == {"picture": seen, "sound": heard}
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}
    desk.review(by["picture"], "innocent")
    assert [one.match for one in desk.matches(waiting=True)] == [by["sound"].match]
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}
    desk.review(by["sound"], "innocent")
    assert desk.against(asset) == set()


def test_one_work_may_be_near_in_both_ways_and_each_has_its_word(desk: Desk) -> None:
    run = codes(8, 1)
    asset = clip(desk.house, run)
    desk.views.catch_up()
    ((algorithm, prints),) = desk.views.sounds.runs(asset, "own").items()
    work = desk.sound_work(prints[1000], algorithm=algorithm, run=run)
    compare_all(desk.services)
    assert {(one.reference, one.way) for one in desk.matches(asset=asset)} == {(work, "picture"), (work, "sound")}
    assert {body.algorithm for body in desk.said(ReferenceSwept)} == {algorithm, fingerprints(run).algorithm}
    first, second = desk.matches(asset=asset)
    desk.review(first, "different")
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}
    desk.review(second, "same")
    assert desk.against(asset) == {("fail", "match_confirmed")}


def test_a_word_on_the_picture_is_none_on_the_sound(desk: Desk) -> None:
    work = desk.sound_work(song(1))
    asset = desk.heard(song(1))
    compare_all(desk.services)
    (match,) = desk.matches(asset=asset)
    assert desk.against(asset) == {("not_checked", "match_not_reviewed")}
    (row,) = [one for one in desk.house.decision(asset).against if one.rule == "match"]
    assert "may hold the sound of" in row.detail and "A Song" in row.detail
    desk.review(match, "innocent")
    assert desk.against(asset) == set()
    desk.review(match, "same")
    assert desk.against(asset) == {("fail", "match_confirmed")}
    rates = matching_answer(desk.services)
    assert rates.sound.reviewed == {"copy": {"reviewed": 1, "false": 0}} and rates.reviewed == {}
    assert rates.sound.progress == {"files": 1, "compared": 1, "references": 1, "swept": 1}
    assert 0 < rates.sound.false_per_search["copy"] <= rates.sound.false_per_search["candidate"] < 0.01
    assert matches_answer(desk.services, reference=work).matches[0].verdict == "same"


def test_a_copy_of_a_sound_that_may_not_be_used_is_a_no_at_once(desk: Desk) -> None:
    listed = desk.forbidden(codes(8, 1))
    guardrail = next(one.guardrail for one in desk.said(ReferenceRegistered) if one.reference == listed)
    desk.sound_work(song(1), kind="do-not-generate", guardrail=guardrail, title=None)
    asset = desk.heard(song(1))
    compare_all(desk.services)
    assert ("fail", "match_may_not_be_generated") in desk.against(asset)


@pytest.mark.parametrize(
    ("state", "detail", "against"),
    [
        ("absent", {"code": "no_sound"}, set()),
        ("absent", {"code": "silent_or_too_short", "items": 80}, set()),
        ("absent", {"code": "silent_or_too_short", "items": 2}, {("not_checked", "sound_not_fingerprinted")}),
        ("absent", {"items": 80, "ended_early": "x"}, {("not_checked", "sound_not_fingerprinted")}),
        ("not_checked", {"reason": "not_installed"}, {("not_checked", "sound_not_fingerprinted")}),
        ("failed", {"code": "x"}, {("not_checked", "sound_not_fingerprinted")}),
    ],
)
def test_silence_needs_no_comparison_and_a_sound_that_nobody_could_hear_is_no_yes(
    desk: Desk, state: str, detail: dict[str, Any], against: set[Any]
) -> None:
    desk.sound_work(song(1))
    asset = desk.heard(None, detail, state)
    compare_all(desk.services)
    assert desk.against(asset) == against


@pytest.mark.parametrize("detail", [{"ended_early": "over_bound"}, {"streams_not_heard": 1}])
@pytest.mark.parametrize(("verdict", "after"), [("different", set()), ("same", {("fail", "match_confirmed")})])
def test_what_was_heard_in_part_waits_for_a_person_who_heard_all_of_it(
    desk: Desk, detail: dict[str, Any], verdict: str, after: set[Any]
) -> None:
    desk.sound_work(song(1))
    asset = desk.heard(song(2), detail)
    compare_all(desk.services)
    assert desk.against(asset) == {("not_checked", "sound_heard_in_part")}
    whole_word(desk, asset, verdict)
    assert desk.against(asset) == after


def test_a_picture_seen_in_part_waits_likewise(desk: Desk) -> None:
    desk.reference(codes(8, 1))
    asset = clip(desk.house, codes(8, 2), ended_early="cut_short")
    compare_all(desk.services)
    assert desk.against(asset) == {("not_checked", "picture_seen_in_part")}
    assert "match" not in {row.rule for row in decide_by(desk, asset, "6").against}, "as rules 6 had it"
    whole_word(desk, asset, "innocent")
    assert desk.against(asset) == set()
    whole = desk.heard(song(2))
    raises_code("flood_unknown", lambda: whole_word(desk, whole, "innocent"))


def decide_by(desk: Desk, asset: str, rules: str) -> Any:
    now = desk.house.decision(asset)
    return decide(desk.house.ledger.history(), now.question, now.decided_at, rules)


def test_older_rules_know_no_sound(desk: Desk) -> None:
    desk.sound_work(song(1))
    asset = desk.heard(song(1))
    compare_all(desk.services)
    for rules in ("5", "6"):
        decision = decide_by(desk, asset, rules)
        assert [row for row in decision.weighed if row.rule == "match"] == []


def test_a_sound_that_came_later_is_no_yes_before_it_was_looked_for(desk: Desk) -> None:
    desk.sound_work(song(1))
    asset = desk.heard(song(2))
    assert desk.against(asset) == {("not_checked", "references_not_compared")}
    compare_all(desk.services)
    later = desk.sound_work(song(3))
    desk.reference(codes(4, 1))  # a picture that nobody looked for is nothing to a file of sound
    assert desk.against(asset) == {("not_checked", "reference_not_looked_for")}
    desk.withdraw(later)
    assert desk.against(asset) == set()


def test_a_recorded_match_by_sound_is_decided_again(desk: Desk) -> None:
    work = desk.sound_work(song(1))
    desk.heard(flipped(song(1), 100))
    compare_all(desk.services)
    (match,) = desk.matches()
    assert replay(desk.services, match.match).outcome == "same"
    invented = MatchFound.example().model_copy(
        update={
            "match": new_id(desk.house.clock.now()),
            "asset": desk.heard(song(5)),
            "reference": work,
            "algorithm": SOUND_ALGORITHM,
            "policy": POLICY.sha256,
        }
    )
    desk.house.ledger.say(invented)
    desk.views.catch_up()
    again = replay(desk.services, invented.match)
    assert (again.outcome, again.again) == ("differs", "none")
    desk.withdraw(work)
    with pytest.raises(NotFound, match="withdrawn"):
        replay(desk.services, match.match)


def test_a_withdrawn_sound_leaves_rows_index_and_file(desk: Desk) -> None:
    work, other = desk.sound_work(song(1)), desk.sound_work(song(2))
    desk.heard(song(1)), compare_all(desk.services)
    runs = desk.views.sounds.runs(next(one.media for one in desk.said(ReferenceRegistered)), "reference")
    assert desk.views.sounds.near(runs, "reference", POLICY) != []
    before = desk.views.sounds.count("reference")
    desk.withdraw(work)
    desk.views.catch_up()
    assert desk.views.sounds.count("reference") == before - 1 == 1
    assert desk.views.sounds.near(runs, "reference", POLICY) == []
    secret = song(1).astype(">u4").tobytes()[:64]
    files = [path for path in desk.house.folder.glob("views.sqlite*") if secret in path.read_bytes()]
    assert not [path for path in files if path.suffix != ".sqlite"], "the file still has it as the file's own print"
    assert desk.heard(song(2)) and compare_all(desk.services).matches == 1 and other


def test_views_built_anew_know_the_same_sounds(desk: Desk) -> None:
    withdrawn = desk.sound_work(song(3))
    desk.sound_work(song(1), {970: song(4)}), desk.heard(song(1)), desk.heard(song(2))
    compare_all(desk.services)
    desk.withdraw(withdrawn)
    desk.views.catch_up()
    again = open_views(desk.house, "again.sqlite")
    again.catch_up()
    mine, theirs = dump(desk.views.path), dump(again.path)
    again.close()
    for name in ("sounds_asset", "sounds_reference", "sounds_removed", "matchbook_match", "matchbook_file"):
        assert mine[name] == theirs[name] != []


def test_the_door_hears_no_comparison_by_a_way_that_the_reference_has_not(desk: Desk) -> None:
    work, asset = desk.sound_work(song(1)), desk.heard(song(1))
    index = next(one.index for one in desk.house.ledger.read(types=["reference.registered.v2"]))
    picture = {"reference": work, "algorithm": "pdq256@512px/nonref-2fps"}
    swept = ReferenceSwept.example().model_copy(update={**picture, "as_of": index})
    raises_code("sweep_of_another_way", lambda: desk.house.ledger.say(swept))
    found = MatchFound.example().model_copy(update={**picture, "asset": asset})
    raises_code("match_of_another_way", lambda: desk.house.ledger.say(found))


@pytest.mark.parametrize(
    ("ways", "tags"),
    [(("picture",), {LIST_TAG}), (("sound",), {HEARD_TAG}), (("picture", "sound"), {LIST_TAG, HEARD_TAG})],
)
def test_a_work_is_listed_for_each_of_its_ways(ways: tuple[str, ...], tags: set[str]) -> None:
    body = ReferenceRegistered.model_validate({**ReferenceRegistered.example().as_json(), "ways": ways})
    assert {LIST_TAG, HEARD_TAG} & set(body.tags()) == tags


def test_a_sound_near_very_many_others_is_set_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    low = soundpolicy.SoundPolicy(**{**vars(POLICY), "flood_matches_max": 2})
    monkeypatch.setattr(soundpolicy, "current", lambda: low)
    works = [desk.sound_work(song(1)) for _ in range(4)]
    asset = desk.heard(song(1))
    compare_all(desk.services)
    (compared,) = desk.said(MatchCompared)
    assert compared.flooded and compared.found == 4 and desk.matches() == []
    assert desk.against(asset) == {("not_checked", "match_flood_not_reviewed")}
    whole_word(desk, asset, "innocent")
    assert desk.against(asset) == set() and len(works) == 4
