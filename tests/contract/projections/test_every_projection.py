"""What holds for every view: it lists the whole catalogue, owns its tables, and a rebuilt one equals the live one."""

from __future__ import annotations

import inspect
import sqlite3

import pytest

from ledger.rules.consents import consent_state
from ledger.rules.lineage import ancestors, descendants
from ledger.statement import Reading, Said
from projections import matchcodes, pages
from projections.summaries import summary
from projections.views import PROJECTIONS, Views
from schemas.base import Body, Statement
from schemas.catalogue import BODIES, TYPES, newest
from schemas.statements.clearance import ClearanceIssued
from tests.house_of import START, House
from tests.unit.projections.material import Story, dump, open_views

NAMES = (
    "audit_trail", "clearance", "descriptors", "disputes", "due", "examinations", "holders", "licensed",
    "likeness", "lineage", "matchbook", "matches", "notices", "rights", "sounds", "status", "texts",
)  # fmt: skip


def test_the_views_are_these_and_their_names_do_not_begin_each_other(views: Views) -> None:
    names = sorted(projection.name for projection in views.projections)
    assert names == sorted(NAMES) == sorted(projection.name for projection in PROJECTIONS)
    assert not [(a, b) for a in names for b in names if a != b and b.startswith(f"{a}_")]


@pytest.mark.parametrize("name", NAMES)
def test_every_type_is_handled_or_ignored_and_never_both(views: Views, name: str) -> None:
    (projection,) = [one for one in views.projections if one.name == name]
    assert projection.handled | projection.ignored == TYPES
    assert not projection.handled & projection.ignored
    assert "TYPES" not in inspect.getsource(type(projection))  # a new type has to be thought about in every view


@pytest.mark.parametrize("name", NAMES)
def test_a_view_owns_only_tables_under_its_name(views: Views, name: str) -> None:
    (projection,) = [one for one in views.projections if one.name == name]
    db = sqlite3.connect(":memory:")
    db.executescript(projection.schema)
    tables = [table for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    db.close()
    assert tables and all(table.startswith(f"{name}_") for table in tables)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.TYPE)
def test_every_statement_has_a_sentence(body: type[Body]) -> None:
    example = body.example()
    statement = Statement(
        type=body.TYPE,
        id="019a9b00-0000-7000-8000-000000000009",
        occurred_at=START,
        actor="mara",
        tags=example.tags(),
        body=example.as_json(),
    )
    sentence = summary(Said(1, body.TYPE, b"", Reading(START, statement, newest(example), "00" * 32, ())))
    assert sentence.startswith("mara ") and "{" not in sentence and "None" not in sentence
    assert "Inês" not in sentence  # no free description of a person


@pytest.mark.parametrize("seed", range(6))
def test_rebuilt_equals_live_whatever_the_story(house: House, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matchcodes, "RUNS_PACKED", 3)  # blocks are rows like others
    story, live = Story(house, seed), open_views(house, "live.sqlite")
    story.tell(25, live.catch_up)
    assert [one.condition for one in live.health()] == ["ready"] * len(NAMES)
    before = dump(live.path)
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 7)
    rebuilt = open_views(house, "rebuilt.sqlite")
    rebuilt.catch_up()
    assert dump(rebuilt.path) == before
    for name in NAMES:
        live.rebuild(name)
    assert dump(live.path) == before
    live.rebuild()
    assert dump(live.path) == before
    _agrees_with_the_rules(house, story, live)
    live.close()
    rebuilt.close()


def _agrees_with_the_rules(house: House, story: Story, views: Views) -> None:
    instants = [said.recorded_at for said in house.ledger.read()][:: max(1, house.size // 8)]
    for at in (*instants, house.now(), house.now().replace(year=2028)):
        for consent in story.consents:
            known = consent_state(house.ledger.history(as_of=at), consent, at)
            if known.state != "unknown":
                assert views.rights.consent(consent, at).state == known.state
                assert views.rights.consent(consent, at).entries == known.entries
    history = house.ledger.history()
    for asset in story.assets:
        assert {asset, *views.lineage.ancestors(asset)} == set(ancestors(history, asset))
        assert set(views.lineage.descendants(asset)) == set(descendants(history, asset))
        issued = {said.index for said in history.about(f"asset:{asset}", ClearanceIssued)}
        assert {view.entry_index for view in views.clearance.of_asset(asset) if view.issued} == issued


def test_stories_reach_every_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The random stories would prove little if they left a table empty; the rest is filled by the cascade's tests."""
    monkeypatch.setattr(matchcodes, "RUNS_PACKED", 3)
    views = open_views(house)
    for seed in range(3):
        Story(house, seed).tell(40)
    views.catch_up()
    empty = {name for name, rows in dump(views.path).items() if not rows}
    views.close()
    by_clearances = {name for name in empty if name.startswith("holders_")} - {"holders_holder", "holders_party"}
    by_cascades = {"clearance_consent", "clearance_revocation", "clearance_to_revoke", "lineage_to_flag"}
    by_licences = {name for name in empty if name.startswith("licensed_")} - {"licensed_edge"}
    by_faces = {name for name in empty if name.startswith("likeness_")} - {"likeness_file"}
    by_references = {
        name for name in empty if name.startswith(("matches_re", "matchbook_", "texts_re", "sounds_re"))
    } - {"matchbook_file"}
    assert empty <= {
        *by_clearances,
        *by_cascades,
        *by_licences,
        *by_faces,
        *by_references,
        "descriptors_file",  # by tests of learnt descriptors
        "due_consent",
        "due_majority",
    }
