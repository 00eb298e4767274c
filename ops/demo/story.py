"""What is said in the demo: the bodies, in the order of the story, with nothing hidden in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.base import new_id
from schemas.statements.brief import BriefDrafted, BriefRule, Format
from schemas.statements.clearance import Question
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.generation import Cameo, GenerationRequested, Reference, Template
from schemas.statements.person import PersonRegistered

CONSENT_DAYS = 30
PERSON = "p-ines"
NAME, CONTACT = "Inês Demo", "ines@talent.example"  # sealed: they stand in the vault only
USE, CHANNEL, TERRITORY, FOREIGN = "advertising", "social", "DE", "US"
SKETCH = b"A pencil sketch: a window, rain, a cup. Drawn in house for the demo."


@dataclass(frozen=True)
class Story:
    """Ids and the clock's starting point; every body is made from them."""

    start: datetime
    consent: str
    brief: str
    generation: str

    @classmethod
    def at(cls, start: datetime) -> Story:
        return cls(start, new_id(start), new_id(start + timedelta(seconds=1)), new_id(start + timedelta(seconds=2)))

    @property
    def ends_at(self) -> datetime:
        """The consent's valid_until: exclusive, so at this instant it has ended."""
        return self.start + timedelta(days=CONSENT_DAYS)

    def person(self) -> PersonRegistered:
        return PersonRegistered.model_validate({"person": PERSON, "person_class": "performer", "speaks_as": "ines"})

    def request(self) -> ConsentRequested:
        return ConsentRequested(
            consent=self.consent,
            person=PERSON,
            specific_description="Inês comes in from the rain, sits by a window and lifts a cup; silent, no product claim.",
            uses=(USE,),
            channels=(CHANNEL,),
            territories=(TERRITORY, "AT", "CH"),
            media=("video",),
            valid_from=self.start,
            valid_until=self.ends_at,
        )

    def grant(self) -> ConsentGranted:
        return ConsentGranted.model_validate(self.request().as_json())

    def draft(self) -> BriefDrafted:
        return BriefDrafted(
            brief=self.brief,
            version=1,
            title="Morning in the café",
            objective="Show that the cup keeps its heat, without saying so.",
            format=Format(duration_s=8, aspect="16:9"),
            visual_rules=(
                BriefRule(id="palette", text="Warm browns and cream; no blue cast."),
                BriefRule(id="camera", text="Slow push-in only; no handheld."),
            ),
            narrative_beats=("She comes in from the rain.", "She lifts the cup.", "The window clears."),
            non_negotiables=(BriefRule(id="logo", text="The logo stays whole and is never animated."),),
        )

    def generation_request(self, sketch_sha256: str) -> GenerationRequested:
        return GenerationRequested(
            generation=self.generation,
            brief=self.brief,
            brief_version=1,
            prompt="A woman comes in from the rain, sits by the window and lifts a warm cup. Slow push-in.",
            template=Template(name="cafe-hero", version=3),
            provider="sora-legacy",
            model="sora-2",
            model_snapshot="sora-2-2025-12-08",
            parameters={"seconds": 8, "size": "1280x720"},
            cameos=(Cameo(person=PERSON, consent=self.consent),),
            references=(Reference(sha256=sketch_sha256, kind="sketch", rights_basis="drawn in house"),),
        )

    def question(self, asset: str, territory: str, now: datetime) -> Question:
        return Question(
            asset=asset,
            use=USE,
            channel=CHANNEL,
            territory=territory,
            valid_from=now,
            valid_until=self.ends_at,
        )
