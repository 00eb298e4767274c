"""Which known asset is this? Votes, order in time, stills, held pictures, and what must not match."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace

import pytest

from ledger.media.findings import Fingerprints, FrameCode, VariantCode
from projections.matches import Match
from projections.views import Views
from tests.house_of import House, raises_code
from tests.unit.projections.material import clip, codes, dump, examine, fingerprints, open_views, turned


def search(views: Views, found: Fingerprints, **options: object) -> list[Match]:
    views.catch_up()
    return views.matches.search(found, **options)  # type: ignore[arg-type]


def test_a_recoded_clip_is_a_copy_with_its_frames_named(house: House, views: Views) -> None:
    run = codes(12, 1)
    asset, _ = clip(house, run), clip(house, codes(12, 2))
    (match,) = search(views, fingerprints([turned(code, 20) for code in run]))
    assert (match.asset_sha256, match.decision, match.distance_median) == (asset, "copy", 20)
    assert (match.frames_matched, match.frames_compared, match.transform) == (12, 12, "plain")
    assert match.offsets == tuple((n * 500, n * 500) for n in range(12))
    assert match.score == pytest.approx(1 - 20 / 128)
    assert match.as_json()["offsets"][1] == [500, 500]


def test_the_same_frames_score_one_and_a_stranger_finds_nothing(house: House, views: Views) -> None:
    run = codes(5, 1)
    clip(house, run)
    assert search(views, fingerprints(run))[0].score == 1.0
    assert search(views, fingerprints(codes(5, 2))) == []


@pytest.mark.parametrize(("bits", "decision"), [(31, "copy"), (32, "candidate"), (60, "candidate"), (61, None)])
def test_the_distance_decides_between_copy_candidate_and_nothing(
    house: House, views: Views, bits: int, decision: str | None
) -> None:
    run = codes(6, 1)
    clip(house, run)
    found = search(views, fingerprints([turned(code, bits, n) for n, code in enumerate(run)]))
    assert [match.decision for match in found] == ([decision] if decision else [])


def test_one_frame_in_common_is_not_a_clip(house: House, views: Views) -> None:
    run = codes(10, 1)
    clip(house, run)
    assert search(views, fingerprints([*codes(9, 2), run[4]])) == []


def test_one_frame_in_three_is_not_a_clip_either(house: House, views: Views) -> None:
    run = codes(3, 1)
    clip(house, run)
    assert search(views, fingerprints([run[0], *codes(2, 2)])) == []
    assert [match.frames_matched for match in search(views, fingerprints([*run[:2], *codes(1, 2)]))] == [2]


def test_fewer_than_three_frames_in_ten_of_either_side_are_not_a_clip(house: House, views: Views) -> None:
    run = codes(10, 1)
    clip(house, run)
    assert search(views, fingerprints([*run[:2], *codes(8, 2)])) == []
    assert [match.frames_matched for match in search(views, fingerprints([*run[:3], *codes(7, 2)]))] == [3]


def test_an_excerpt_is_found_at_its_place(house: House, views: Views) -> None:
    run = codes(30, 1)
    asset = clip(house, run)
    (match,) = search(views, fingerprints(run[20:24]))
    assert (match.asset_sha256, match.query_ms, match.reference_ms, match.frames_matched) == (asset, 0, 10_000, 4)


def test_a_clip_inside_a_longer_one_is_found_at_its_place(house: House, views: Views) -> None:
    run = codes(4, 1)
    clip(house, run)
    (match,) = search(views, fingerprints([*codes(20, 2), *run, *codes(20, 3)]))
    assert (match.query_ms, match.reference_ms, match.frames_matched) == (10_000, 0, 4)


def test_frames_in_another_order_are_not_the_same_clip(house: House, views: Views) -> None:
    run = codes(20, 1)
    clip(house, run)
    assert search(views, fingerprints(run[::-1])) == []


def test_a_slower_copy_with_another_frame_rate_is_still_in_order(house: House, views: Views) -> None:
    run = codes(12, 1)
    clip(house, run)
    (match,) = search(views, fingerprints([code for code in run for _ in range(2)], step_ms=300))
    assert match.frames_matched == 12 and match.decision == "copy"


@pytest.mark.parametrize(("every_ms", "speed"), [(500, 1000), (400, 1250), (625, 800)])
def test_a_faster_or_slower_copy_says_how_fast_it_runs(house: House, views: Views, every_ms: int, speed: int) -> None:
    run = codes(8, 1)
    clip(house, run)
    frames = tuple(FrameCode(n * every_ms, code.hex(), 100, code.hex()) for n, code in enumerate(run))
    (match,) = search(views, replace(fingerprints(run), frames=frames))
    assert match.as_json()["speed_permille"] == match.speed_permille == speed
    (excerpt,) = search(views, fingerprints(run[:3]))
    assert excerpt.speed_permille is None  # too few instants to tell


def test_a_clip_that_hardly_moves_names_its_half_seconds_and_not_the_nearest_one(house: House, views: Views) -> None:
    (picture,) = codes(1, 3)
    clip(house, [turned(picture, 4, n) for n in range(8)])
    query = [turned(picture, 40 if n else 26, 1) for n in range(8)]
    (match,) = search(views, fingerprints(query))
    assert (match.decision, match.query_ms, match.reference_ms) == ("candidate", 0, 0) and match.frames_matched == 8


def test_plain_frames_never_vote(house: House, views: Views) -> None:
    run = codes(6, 1)
    clip(house, run, quality=49)
    assert search(views, fingerprints(run)) == []
    assert search(views, fingerprints(run, quality=49)) == []
    assert len(dump(views.path)["matches_run"]) == 1
    clip(house, codes(6, 2), quality=50)
    assert search(views, fingerprints(codes(6, 2), quality=49)) == []
    assert len(search(views, fingerprints(codes(6, 2), quality=50))) == 1


def test_a_still_is_known_by_its_one_frame(house: House, views: Views) -> None:
    (picture,) = codes(1, 1)
    asset = clip(house, [picture])
    (match,) = search(views, fingerprints([turned(picture, 31)]))
    assert (match.asset_sha256, match.decision, match.frames_matched) == (asset, "copy", 1)
    assert search(views, fingerprints([picture], quality=49)) == []


def test_a_screenshot_finds_the_clip_and_the_instant(house: House, views: Views) -> None:
    run = codes(20, 1)
    asset = clip(house, run)
    (match,) = search(views, fingerprints([run[13]]))
    assert (match.asset_sha256, match.reference_ms) == (asset, 6_500)


def test_a_picture_held_for_long_does_not_explode(house: House, views: Views) -> None:
    (card, other) = codes(2, 1)
    held = clip(house, [card] * 1_000)
    brief = clip(house, [*codes(30, 2), card, *codes(30, 3)])
    views.catch_up()
    found = search(views, fingerprints([turned(card, 5)] * 1_000 + [other] * 10))
    assert [match.asset_sha256 for match in found] == [held]
    assert found[0].frames_matched == 1_000 and len(found[0].offsets) == 100
    assert brief not in [match.asset_sha256 for match in found]


def test_one_frame_of_a_clip_held_for_long_is_found_like_a_still(house: House, views: Views) -> None:
    run = codes(20, 1)
    asset = clip(house, run)
    (match,) = search(views, fingerprints([turned(turned(run[13], 40), n % 3, n) for n in range(8)]))
    assert (match.asset_sha256, match.decision, match.reference_ms) == (asset, "candidate", 6_500)


def test_a_clip_in_a_held_picture_of_ours_is_found_and_one_that_merely_shows_one_frame_of_a_clip_is_not(
    house: House, views: Views
) -> None:
    run = codes(20, 1)
    held = clip(house, [run[7]] * 12)
    assert [match.asset_sha256 for match in search(views, fingerprints(run))] == [held]
    (card,) = codes(1, 5)
    clip(house, [*codes(10, 6), card])
    plain = tuple(FrameCode(n * 500, code.hex(), 10, code.hex()) for n, code in enumerate(codes(9, 8), 1))
    mostly_plain = replace(fingerprints([card]), frames=(*fingerprints([card]).frames, *plain))
    assert search(views, mostly_plain) == []  # its other frames are too plain to vote, and yet not this one


def test_a_card_in_many_clips_names_no_clip(house: House, views: Views) -> None:
    (card,) = codes(1, 99)
    for n in range(20):
        clip(house, [card, *codes(9, n)])
    assert search(views, fingerprints([card, *codes(9, 50)])) == []


def test_the_clip_and_its_signed_twin_both_match_best_first(house: House, views: Views) -> None:
    run = codes(8, 1)
    original = clip(house, run)
    twin = examine(house, house.derived(original, relation="signed"), fingerprints(run))
    worse = examine(house, house.derived(original), fingerprints([turned(code, 25) for code in run]))
    found = search(views, fingerprints(run))
    assert {match.asset_sha256 for match in found[:2]} == {original, twin} and found[2].asset_sha256 == worse
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert [m.asset_sha256 for m in search(views, fingerprints(run), exclude=frozenset({original, twin}))] == [worse]
    assert search(views, fingerprints(run), limit=2) == found[:2]


def variants(name: str, run: list[bytes]) -> list[VariantCode]:
    return [VariantCode(name, FrameCode(n * 500, code.hex(), 90, "")) for n, code in enumerate(run)]


def test_a_mirrored_copy_is_found_through_its_variant(house: House, views: Views) -> None:
    run = codes(6, 1)
    clip(house, codes(6, 6), framings=[[code] for code in run])
    seen = fingerprints(codes(6, 7))
    assert search(views, seen) == []
    (match,) = search(views, seen, variants=variants("mirrored/whole", run))
    assert (match.transform, match.decision, match.frames_compared) == ("mirrored", "copy", 6)


def test_framings_are_rows_of_one_file_and_shares_are_of_its_half_seconds(house: House, views: Views) -> None:
    """Twelve codes of each of twenty half-seconds; five of these in one framing are an excerpt of a quarter: too little."""
    framings = [codes(12, n) for n in range(20)]
    clip(house, codes(20, 99), framings=framings)
    seen = fingerprints(codes(20, 98))
    inside = [framing[3] for framing in framings[4:9]]
    assert search(views, seen, variants=variants("upright/crop87", codes(15, 97) + inside)) == []
    (match,) = search(
        views, seen, variants=variants("upright/crop87", [framing[n] for n, framing in enumerate(framings[:8])])
    )
    assert (match.frames_matched, match.frames_compared, match.offsets[-1]) == (8, 8, (3_500, 3_500))


def test_frames_are_never_matched_half_mirrored_and_half_not(house: House, views: Views) -> None:
    run = codes(2, 1)
    clip(house, codes(6, 6), framings=[[code] for code in [*run, *codes(4, 2)]])
    either = variants("mirrored/whole", [run[0], *codes(5, 3)]) + variants(
        "upright/whole", [codes(1, 4)[0], run[1], *codes(4, 5)]
    )
    assert search(views, fingerprints(codes(6, 7)), variants=either) == []


def test_codes_of_different_algorithms_are_never_compared(house: House, views: Views) -> None:
    run = codes(6, 1)
    clip(house, run, algorithm="pdq256@64px/nonref-2fps")
    assert search(views, fingerprints(run)) == []
    assert views.matches.algorithms() == ["pdq256@64px/nonref-2fps"]
    assert len(search(views, fingerprints(run, algorithm="pdq256@64px/nonref-2fps"))) == 1


def test_a_second_examination_adds_nothing_and_a_new_version_does(house: House, views: Views) -> None:
    run = codes(6, 1)
    asset = clip(house, run)
    examine(house, asset, fingerprints(run))
    (match,) = search(views, fingerprints(run))
    assert len(dump(views.path)["matches_run"]) == 1
    examine(house, asset, replace(fingerprints(run), version="2"))
    assert search(views, fingerprints(run)) == [match]


def test_a_file_without_a_picture_is_no_entry_in_the_index(house: House, views: Views) -> None:
    clip(house)
    views.catch_up()
    assert dump(views.path)["matches_asset"] == []


def test_assets_that_come_later_are_found_without_a_restart(house: House, views: Views) -> None:
    for n in range(4):
        asset = clip(house, codes(5, n))
        assert [match.asset_sha256 for match in search(views, fingerprints(codes(5, n)))] == [asset]


def test_a_rebuilt_index_answers_like_the_live_one(house: House, views: Views) -> None:
    for n in range(6):
        clip(house, codes(5, n))
    before = [search(views, fingerprints(codes(5, n))) for n in range(6)]
    views.rebuild("matches")
    assert [search(views, fingerprints(codes(5, n))) for n in range(6)] == before
    fresh = open_views(house, "fresh.sqlite")
    assert [search(fresh, fingerprints(codes(5, n))) for n in range(6)] == before
    fresh.close()


def test_what_memory_held_before_a_rebuild_is_forgotten(house: House, views: Views) -> None:
    first, second = clip(house, codes(5, 1)), clip(house, codes(5, 2))
    views.catch_up()
    with sqlite3.connect(views.path) as db:
        db.execute("UPDATE matches_asset SET asset = 'x' || number")
        db.execute("UPDATE matches_asset SET asset = CASE number WHEN 1 THEN ? ELSE ? END", (second, first))
        db.execute("UPDATE matches_run SET number = number + 10")
        db.execute("UPDATE matches_run SET number = 13 - number")
    db.close()
    assert [match.asset_sha256 for match in search(views, fingerprints(codes(5, 1)))] == [first]
    views.rebuild("matches")
    assert [match.asset_sha256 for match in search(views, fingerprints(codes(5, 1)))] == [first]
    assert [match.asset_sha256 for match in search(views, fingerprints(codes(5, 2)))] == [second]


def test_a_missing_examination_stops_the_index_instead_of_leaving_a_hole(house: House, views: Views) -> None:
    clip(house, codes(5, 1))
    house.examined(house.asset())
    clip(house, codes(5, 2))
    views.catch_up()
    error = raises_code("view_stopped", lambda: views.matches.search(fingerprints(codes(5, 1))))
    assert "blob_missing" in error.what
    assert views.rights.consents_of("nobody", house.now()) == []


def test_searching_while_assets_arrive(house: House, views: Views) -> None:
    asset = clip(house, codes(5, 0))
    views.catch_up()
    wrong: list[object] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            found = [match.asset_sha256 for match in views.matches.search(fingerprints(codes(5, 0)))]
            if found != [asset]:
                wrong.append(found)

    searchers = [threading.Thread(target=look) for _ in range(3)]
    for thread in searchers:
        thread.start()
    views.start()
    for n in range(1, 25):
        clip(house, codes(5, n))
    views.wait_for(house.size, 20)
    done.set()
    for thread in searchers:
        thread.join()
    assert not wrong
    assert len(views.matches.search(fingerprints(codes(5, 24)))) == 1
