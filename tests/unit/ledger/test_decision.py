"""May this file be used, for this, here, then? One row a state of the world, with every reason that must be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest

from ledger.rules.decision import decide
from schemas.statements.asset import AssetFlagged
from schemas.statements.clearance import Question
from schemas.statements.consent import ConsentEnded, ConsentRevoked, ConsentWithdrawn
from schemas.statements.review import ReviewRejected
from tests.house_of import House, digest

ALL = ("brand", "rights", "legal")
NOW = "2026-10-02T00:00:00Z"


@dataclass(frozen=True)
class World:
    """What is so, besides: a clip with one cameo, consent for advertising / social / DE, FR / Oct and Nov 2026."""

    against: tuple[str, ...] = ()
    use: str = "advertising"
    channel: str = "social"
    territory: str = "DE"
    valid_from: str = "2026-10-05T00:00:00Z"
    valid_until: str = "2026-11-01T00:00:00Z"
    at: str = NOW
    consent: str = "given"
    agreed: tuple[str, ...] = ("DE", "FR")
    cameos: int = 1
    gates: tuple[str, ...] = ALL
    examined: bool = True
    c2pa: str = "absent"
    ingredients: str = "none"
    faces: str = "not_checked"
    generated: bool = True
    rejected: bool = False
    flagged: bool = False


TABLE: dict[str, World] = {
    # consent, by state
    "all is well": World(),
    "nobody is in it": World(cameos=0),
    "two people, both agreed": World(cameos=2),
    "withdrawn": World(("consent_withdrawn",), consent="withdrawn"),
    "revoked": World(("consent_revoked",), consent="revoked"),
    "a microsecond before the end": World(at="2026-11-30T23:59:59.999999Z"),
    "at the end": World(("consent_expired",), at="2026-12-01T00:00:00Z"),
    "a microsecond after the end": World(("consent_expired",), at="2026-12-01T00:00:00.000001Z"),
    "long after the end": World(("consent_expired",), at="2030-01-01T00:00:00Z"),
    "withdrawn and past its end": World(("consent_withdrawn",), consent="withdrawn", at="2027-01-01T00:00:00Z"),
    # use, channel, territory
    "another use": World(("use_out_of_scope",), use="training"),
    "a use that begins like the agreed one": World(("use_out_of_scope",), use="advertising-political"),
    "another channel": World(("channel_out_of_scope",), channel="cinema"),
    "the other territory": World(territory="FR"),
    "another territory": World(("territory_out_of_scope",), territory="US"),
    "the whole world, of two countries": World(("territory_out_of_scope",), territory="WORLD"),
    "one country, of the world": World(agreed=("WORLD",), territory="JP"),
    "the whole world, of the world": World(agreed=("WORLD",), territory="WORLD"),
    "everything outside at once": World(
        ("use_out_of_scope", "channel_out_of_scope", "territory_out_of_scope", "window_out_of_scope"),
        use="training",
        channel="cinema",
        territory="US",
        valid_until="2027-01-01T00:00:00Z",
    ),
    "outside, and withdrawn": World(
        ("consent_withdrawn", "territory_out_of_scope"), territory="US", consent="withdrawn"
    ),
    # window
    "exactly the agreed window": World(valid_from="2026-10-01T00:00:00Z", valid_until="2026-12-01T00:00:00Z"),
    "a microsecond too early": World(("window_out_of_scope",), valid_from="2026-09-30T23:59:59.999999Z"),
    "a microsecond too long": World(("window_out_of_scope",), valid_until="2026-12-01T00:00:00.000001Z"),
    "the last microsecond": World(valid_from="2026-11-30T23:59:59.999999Z", valid_until="2026-12-01T00:00:00Z"),
    "a window after the end": World(
        ("window_out_of_scope",), valid_from="2026-12-01T00:00:00Z", valid_until="2026-12-02T00:00:00Z"
    ),
    # gates
    "no gate": World(
        ("faces_not_checked", "brand_not_approved", "rights_not_approved", "legal_not_approved"), gates=()
    ),
    "no brand gate": World(("brand_not_approved",), gates=("rights", "legal")),
    "no legal gate": World(("legal_not_approved",), gates=("brand", "rights")),
    "no rights gate: nobody looked for faces either": World(
        ("faces_not_checked", "rights_not_approved"), gates=("brand", "legal")
    ),
    "no rights gate, and an examination that names faces held them against nobody": World(
        ("faces_not_checked", "rights_not_approved"), gates=("brand", "legal"), faces="found"
    ),
    "an engine failed at faces, a person looked": World(faces="failed"),
    "an engine found no face": World(faces="absent"),
    # examination and C2PA
    "never examined": World(("asset_not_examined", "medium_unknown"), examined=False),
    "trusted manifest": World(c2pa="trusted"),
    "untrusted manifest": World(c2pa="untrusted"),
    "expired signer": World(c2pa="expired"),
    "tampered": World(("c2pa_tampered",), c2pa="tampered"),
    "manifest elsewhere only": World(("c2pa_remote_only",), c2pa="remote_only"),
    "manifest not looked at": World(("c2pa_not_checked",), c2pa="not_checked"),
    "container that can not be read": World(("c2pa_unsupported",), c2pa="unsupported"),
    "a state that nobody knows": World(("c2pa_splendid",), c2pa="splendid"),
    "trusted, of a tampered ingredient": World(("c2pa_tampered",), c2pa="trusted", ingredients="tampered"),
    "trusted, of an unread ingredient": World(("c2pa_not_checked",), c2pa="trusted", ingredients="not_checked"),
    "trusted, of an untrusted ingredient": World(c2pa="trusted", ingredients="untrusted"),
    # origin, rejection, flags
    "from outside, no generation": World(("origin_unrecorded",), generated=False),
    "rejected": World(("asset_rejected",), rejected=True),
    "flagged": World(("asset_flagged",), flagged=True),
    "everything wrong": World(
        (
            "c2pa_tampered",
            "faces_not_checked",
            "asset_rejected",
            "asset_flagged",
            "consent_revoked",
            "territory_out_of_scope",
            "brand_not_approved",
            "rights_not_approved",
            "legal_not_approved",
        ),
        gates=(),
        c2pa="tampered",
        rejected=True,
        flagged=True,
        consent="revoked",
        territory="US",
    ),
}


def build(house: House, world: World) -> str:
    people = world.cameos if world.generated else 0
    consents = [house.consent(territories=list(world.agreed)) for _ in range(people)]
    asset = house.asset(house.generation(consents=consents) if world.generated else None)
    if world.examined:
        house.examined(asset, c2pa=world.c2pa, ingredients=world.ingredients, faces=world.faces)
    house.approved(asset, world.gates)
    if world.rejected:
        house.say_as("rob", ReviewRejected(asset=asset, gate="brand", comment="the logo bends"))
    if world.flagged:
        house.say_as("lena", AssetFlagged(asset=asset, cause="dispute", detail="a claim was filed"))
    if world.consent != "given":
        end(house, consents[0], world.consent)
    return asset


def end(house: House, consent: str, how: str) -> None:
    kinds: dict[str, tuple[str, type[ConsentEnded]]] = {
        "withdrawn": ("ines", ConsentWithdrawn),
        "revoked": ("lena", ConsentRevoked),
    }
    actor, kind = kinds[how]
    house.say_as(actor, kind(consent=consent, person=house.granted(consent).person, reason="changed my mind"))


def asked(world: World, asset: str) -> Question:
    names = ("use", "channel", "territory", "valid_from", "valid_until")
    return Question.model_validate({"asset": asset, **{name: getattr(world, name) for name in names}})


@pytest.mark.parametrize("name", TABLE)
def test_truth_table(house: House, name: str) -> None:
    world = TABLE[name]
    asset = build(house, world)
    decision = decide(house.ledger.history(), asked(world, asset), datetime.fromisoformat(world.at))
    assert tuple(rule.code for rule in decision.against) == world.against
    assert decision.allowed == (not world.against)
    assert decision.known


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 40
    assert sum(not world.against for world in TABLE.values()) >= 15


def test_a_file_that_nobody_knows_is_not_allowed(house: House) -> None:
    decision = house.decision(digest())
    assert (decision.allowed, decision.known) == (False, False)
    assert [rule.code for rule in decision.against] == ["asset_unknown"]


def test_every_no_names_the_entries_behind_it(house: House) -> None:
    asset = build(house, World(consent="withdrawn"))
    withdrawal = house.size - 1
    rule = next(rule for rule in house.decision(asset).weighed if rule.code == "consent_withdrawn")
    assert rule.entries[-1] == withdrawal and len(rule.entries) == 3


def test_a_state_with_a_very_long_name_is_a_no_and_not_a_crash(house: House) -> None:
    asset = build(house, World(c2pa="x" * 48))
    assert [rule.outcome for rule in house.decision(asset).against] == ["not_checked"]
