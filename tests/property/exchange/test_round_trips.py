"""Whatever the terms, every format gives them back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.statements.consent import ConsentRequested
from tests.contract.exchange.agreed import state
from tests.contract.exchange.test_formats import every_format, there_and_back
from tests.depth_of import times


@every_format
@settings(max_examples=times(15), deadline=None)
@given(data=st.data())
def test_any_terms_survive(name: str, data: st.DataObject) -> None:
    slug = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
    lists = st.lists(slug, min_size=1, max_size=5, unique=True)
    territories = st.lists(st.from_regex(r"[A-Z]{2}", fullmatch=True), min_size=1, max_size=5, unique=True)
    text = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=40, max_size=60)
    terms = {
        "uses": data.draw(lists),
        "channels": data.draw(lists),
        "territories": data.draw(territories),
        "specific_description": data.draw(text),
        "training_use": data.draw(st.booleans()),
        "valid_until": data.draw(st.sampled_from(["2026-12-01T00:00:00Z", "2027-01-01T00:00:00.000001Z"])),
    }
    assert there_and_back(name, state(**terms)).as_json() == (
        ConsentRequested.example().as_json()
        | terms
        | {"valid_until": terms["valid_until"].replace("00Z", "00.000000Z")}
    )
