"""Files by words: what stands open in the log finds them, what is sealed never does, what is erased no longer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.errors import Misuse
from projections.texts import Texts
from projections.views import Views
from schemas.statements.asset import AssetImported
from schemas.statements.brief import BriefDrafted
from schemas.statements.generation import Cameo, GenerationRequested
from schemas.statements.provider import ProviderRecordImported
from tests.house_of import House, digest
from tests.matching_of import Desk
from tests.unit.erasure.said import begin, request
from tests.unit.projections.material import codes, open_views

NEVER = 2**53 - 1


def found(views: Views, text: str, before: int = NEVER, limit: int = 50) -> list[str]:
    views.catch_up()
    return [one.asset for one in views.texts.files(text, before=before, limit=limit)]


def titled(house: House, title: str, generation: str | None = None) -> str:
    body = AssetImported.example().model_copy(update={"asset": digest(), "generation": generation, "title": title})
    house.say_as("mara", body)
    return body.asset


def story(house: House, title: str = "cup.mp4") -> tuple[str, str, str]:
    """(asset, person, generation) of a brief of its own."""
    consent = house.consent()
    person = house.granted(consent).person
    brief = BriefDrafted.example().model_copy(update={"brief": house.new_id(), "title": "Harbour at dawn"})
    house.say_as("paul", house.approval(house.say_as("mara", brief)))
    prompt = "A tall sailor mends a NET beside the zeppelin. Static camera."
    asked = {"generation": house.new_id(), "brief": brief.brief, "prompt": prompt, "references": ()}
    cameos = (Cameo(person=person, consent=consent),)
    body = GenerationRequested.example().model_copy(update=asked | {"cameos": cameos, "model_snapshot": "veo-9"})
    house.say_as("mara", body)
    return titled(house, title, body.generation), person, body.generation


def test_a_file_is_found_by_every_open_word_behind_it(house: House, views: Views) -> None:
    asset, person, generation = story(house)
    other = titled(house, "Aperçu d’été.mp4")
    for text in ("harbour", "zeppelin", "veo-9", "sora-legacy", person, generation, asset, "cup.mp4", f"{asset[:12]}*"):
        assert found(views, text) == [asset], text
    assert found(views, "HARBOUR net veo*") == [asset]  # each word in another place
    assert found(views, '"mends a net"') == [asset] and found(views, '"net mends"') == []
    assert found(views, "apercu ete") == [other]
    assert found(views, "harbour apercu") == []


def test_it_says_where_the_words_stand(house: House, views: Views) -> None:
    asset, _, _ = story(house)
    views.catch_up()
    (one,) = views.texts.files("harbour zeppelin", before=NEVER, limit=5)
    assert (one.asset, one.title) == (asset, "cup.mp4")
    assert [where for where, _ in one.found_in] == ["brief", "prompt"]
    assert "Harbour at dawn" in one.found_in[0][1] and "zeppelin" in one.found_in[1][1]


def test_what_was_made_from_a_file_is_found_by_its_words(house: House, views: Views) -> None:
    asset, _, _ = story(house)
    twin = house.derived(asset, relation="signed")
    cut = house.derived(twin, titled(house, "overture.mp4"))
    assert found(views, "zeppelin") == [cut, twin, asset]
    assert found(views, "zeppelin overture") == [cut]
    assert found(views, asset) == [asset]  # a digest names one file


def test_the_newest_stand_first_and_pages_follow_each_other(house: House, views: Views) -> None:
    assets = [titled(house, f"lantern {n}") for n in range(5)]
    views.catch_up()
    first = views.texts.files("lantern", before=NEVER, limit=2)
    assert [one.asset for one in first] == assets[:2:-1]
    assert found(views, "lantern", before=first[-1].index) == assets[2::-1]


def test_what_is_sealed_is_not_found(house: House, views: Views) -> None:
    asset, person, _ = story(house)
    record = ProviderRecordImported.example().model_copy(update={"asset": asset, "sealed_under": person})
    house.say_as("mara", record, sealed={"/body/record": '{"prompt": "secretword"}'}, subject=person)
    assert found(views, "Inês") == found(views, "secretword") == []
    assert found(views, "video_68f0a1") == [asset]


def test_with_an_erasure_the_person_and_the_prompts_leave_the_index(house: House, views: Views) -> None:
    asset, person, generation = story(house)
    twin = house.derived(asset)
    other, _, _ = story(house, "other.mp4")
    assert found(views, person) == [twin, asset] and found(views, "sailor") == [other, twin, asset]
    asked = request(house, person)
    begin(house, person, asked)
    late = titled(house, "late.mp4", generation)
    assert found(views, person) == [] and found(views, "sailor") == [other]
    assert found(views, "harbour") == [late, other, twin, asset]
    rebuilt = open_views(house, "rebuilt.sqlite")
    assert found(rebuilt, "sailor") == [other] and found(rebuilt, "harbour") == [late, other, twin, asset]
    rebuilt.close()


def test_reference_works_are_found_and_pictures_of_people_are_not(house: House, views: Views) -> None:
    desk = Desk(house, views)
    work = desk.reference(codes(3))
    desk.likeness(house.person(), codes(3, 1))
    views.catch_up()
    assert [one.reference for one in views.texts.references("lighthouse north", limit=5)] == [work]


def test_a_text_without_a_word_is_misuse(views: Views) -> None:
    views.catch_up()
    with pytest.raises(Misuse) as caught:
        views.texts.files("— …", before=NEVER, limit=5)
    assert caught.value.code == "text_empty"


def test_a_rebuilt_index_leaves_no_table_of_the_old_one(house: House, views: Views, tmp_path: Path) -> None:
    titled(house, "lantern")
    views.catch_up()
    views.rebuild(Texts.name)
    assert len(found(views, "lantern")) == 1
    with sqlite3.connect(views.path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'texts_file%'")]
    assert len(names) == len(set(names)) == 6
