"""Sound to fingerprints: what edits leave recognisable, what files without sound say, and what is said without the library."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ledger.media import chromaprint as engine
from ledger.media.examine import examine
from ledger.media.extraction import Extraction
from ledger.media.findings import QUERY_VARIANTS, Finding
from ledger.media.sandbox import Examiner
from ledger.media.sound import SPEEDS_PERMILLE, items_of
from ledger.media.soundprint import SoundPrint, SoundVariant
from ledger.media.trust import TrustSettings
from projections.sound_alignment import Items, stretches
from projections.soundpolicy import current
from tests.sounds_of import RATE_HZ, Sound, noisy, quarter_tone, sped, tune, written

pytestmark = pytest.mark.usefixtures("chromaprint")
SOUND = "audio_fingerprint"
SONG = tune(1)


def heard(path: Path, *also: str) -> Extraction:
    """In this process, unfenced: these files are our own."""
    return examine(path, frozenset({SOUND, *also}), TrustSettings(), datetime.now(UTC))


def said(path: Path) -> Finding:
    return heard(path).findings[SOUND]


def items(path: Path) -> Items:
    found = heard(path)
    assert found.sound is not None
    return items_of(found.sound.items)


def runs(path: Path) -> dict[int, Items]:
    """The items at each speed that is searched with, in permille."""
    found = heard(path, QUERY_VARIANTS)
    assert found.sound is not None
    return {1000: items_of(found.sound.items)} | {v.speed_permille: items_of(v.items) for v in found.sound_variants}


def matched(query: dict[int, Items], reference: Items) -> tuple[int, int]:
    """(speed in permille, matched items) of the best variant; (0, 0) where nothing lines up."""
    best = max((sum(one.items for one in stretches(run, reference, current())), speed) for speed, run in query.items())
    return (best[1], best[0]) if best[0] else (0, 0)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Items:
    return items(written(tmp_path_factory.mktemp("song") / "song.wav", SONG))


EDITS: dict[str, tuple[Callable[[], Sound], str, str, int, int]] = {
    "mp3 at 24 kbit/s": (lambda: SONG, "a.mp3", "libmp3lame", 24_000, 1000),
    "aac at 24 kbit/s": (lambda: SONG, "a.m4a", "aac", 24_000, 1000),
    "opus at 12 kbit/s": (lambda: SONG, "a.ogg", "libopus", 12_000, 1000),
    "six seconds of it": (lambda: SONG[50_000 : 50_000 + 6 * RATE_HZ], "a.wav", "pcm_s16le", 0, 1000),
    "5 % faster": (lambda: sped(SONG, 1.05), "a.wav", "pcm_s16le", 0, 1050),
    "5 % slower": (lambda: sped(SONG, 0.95), "a.wav", "pcm_s16le", 0, 950),
    "noise 6 dB under it": (lambda: noisy(SONG, 6), "a.wav", "pcm_s16le", 0, 1000),
    "pitched up 5 %, tempo kept": (lambda: quarter_tone(SONG, 1.05), "a.wav", "pcm_s16le", 0, 1050),
}


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_a_sound_is_found_again_after(edit: str, reference: Items, tmp_path: Path) -> None:
    make, name, codec, bit_rate, speed = EDITS[edit]
    restored_at, together = matched(runs(written(tmp_path / name, make(), codec, bit_rate)), reference)
    assert restored_at == speed
    assert together >= 20


def test_no_two_tunes_are_taken_for_each_other_at_any_speed(tmp_path: Path) -> None:
    assert confused([written(tmp_path / f"{seed}.wav", tune(seed, 10)) for seed in range(2, 6)]) == set()


def test_no_two_sounds_of_the_corpus_are_taken_for_each_other(corpus: Path) -> None:
    """`tts1` and `tts2` are one text read by one synthesiser in two voices: that is heard, and never called a copy."""
    files = sorted((corpus / "media" / "audio").glob("*.ogg"))
    assert len(files) == 9
    assert confused(files) <= {("tts1", "tts2")}


def confused(files: list[Path]) -> set[tuple[str, str]]:
    """Pairs of files that line up with each other at any speed; each pair once."""
    heard_at = {file.stem: runs(file) for file in files}
    pairs = itertools.combinations(sorted(heard_at), 2)
    return {(a, b) for a, b in pairs if matched(heard_at[a], heard_at[b][1000])[1]}


def test_silence_and_a_steady_tone_say_so_and_line_up_with_nothing(tmp_path: Path) -> None:
    silence = written(tmp_path / "silence.wav", np.zeros(10 * RATE_HZ, dtype=np.int16))
    hum = (9_000 * np.sin(2 * np.pi * 50 * np.arange(10 * RATE_HZ) / RATE_HZ)).astype(np.int16)
    assert (said(silence).state, said(silence).detail["code"]) == ("absent", "silent_or_too_short")
    tone = written(tmp_path / "hum.wav", hum)
    assert matched(runs(tone), items(tone)) == (0, 0)


def test_less_sound_than_one_sub_fingerprint_needs_is_absent_and_says_so(tmp_path: Path) -> None:
    brief = written(tmp_path / "brief.wav", SONG[: RATE_HZ // 2])
    assert (said(brief).state, said(brief).detail["items"]) == ("absent", 0)


def test_a_still_and_a_silent_film_have_no_sound(tmp_path: Path, clip_without_sound: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "still.png")
    for path in (tmp_path / "still.png", clip_without_sound):
        assert (said(path).state, said(path).detail) == ("absent", {"code": "no_sound"})


@pytest.fixture
def clip_without_sound(tmp_path: Path) -> Path:
    import av

    with av.open(str(tmp_path / "silent.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), dtype=np.uint8))))
        container.mux(stream.encode(None))
    return tmp_path / "silent.mp4"


def test_a_file_that_breaks_off_is_heard_up_to_there(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.mp3", SONG, "libmp3lame", 64_000)
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert said(cut).state == "found"
    assert 5_000 < int(said(cut).detail["until_ms"]) < 7_000


def test_noise_in_place_of_sound_fails_and_is_no_clean_bill(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.m4a", SONG[: 2 * RATE_HZ], "aac", 64_000).read_bytes()
    broken = tmp_path / "broken.m4a"
    at = whole.index(b"mdat") + 4
    broken.write_bytes(whole[:at] + bytes(len(whole) - at))
    assert said(broken).state in ("failed", "absent")


def test_without_the_library_nothing_is_checked_and_the_finding_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LIBRARIES", ("libchromaprint-of-nowhere.so",))
    engine._library.cache_clear()
    try:
        found = said(written(tmp_path / "song.wav", SONG[:RATE_HZ]))
    finally:
        engine._library.cache_clear()
    assert found.state == "not_checked"
    assert found.detail == {"reason": "not_installed", "do": "apt-get install libchromaprint1"}


def test_the_fenced_child_hears_the_same_and_hands_over_every_speed(tmp_path: Path, reference: Items) -> None:
    path = written(tmp_path / "song.wav", SONG)
    found = Examiner().examine(path, extractors=frozenset({SOUND, QUERY_VARIANTS}))
    assert found.sound is not None
    assert np.array_equal(items_of(found.sound.items), reference)
    assert [v.speed_permille for v in found.sound_variants] == [s for s in SPEEDS_PERMILLE if s != 1000]
    assert "sound_variants" not in found.as_json()
    assert type(found).from_json(found.as_json(whole=True)) == found


@pytest.mark.parametrize("items", ["1", "0123456", "zz" * 4, 7, None])
def test_a_print_that_is_not_whole_items_is_refused(items: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        SoundPrint.from_json({"algorithm": "a", "version": "1", "items": items})
    with pytest.raises((TypeError, ValueError)):
        SoundVariant.from_json([1000, items])
