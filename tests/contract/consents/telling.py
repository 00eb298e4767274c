"""A story told to a real ledger: every step through the door, by whoever says such a thing, at exactly its instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.base import Body
from schemas.statements.consent import (
    ConsentEnded,
    ConsentExpired,
    ConsentGranted,
    ConsentInvalidated,
    ConsentRefused,
    ConsentRequested,
    ConsentRevoked,
    ConsentWithdrawn,
)
from schemas.statements.consent_changes import ConsentNarrowed, ConsentRenewed, ConsentResumed, ConsentSuspended
from schemas.statements.erasure import HoldPlaced
from schemas.statements.person import PersonEngagementEnded, PersonRegistered, PersonSpeakerChanged
from tests.contract.consents.stories import FROM, GIVEN, MADE, MAJORITY, UNTIL, Said, Story, day, expected
from tests.house_of import House, digest

PEOPLE: dict[str, dict[str, Any]] = {
    "performer": {"person_class": "performer"},
    "private": {"person_class": "private-individual"},
    "minor": {"person_class": "performer", "life": "minor", "authority": "guardian"},
    "young": {"person_class": "influencer", "life": "minor", "authority": "guardian"},
    "estate": {"person_class": "performer", "life": "deceased", "authority": "estate", "died_in": 1999},
    "employee": {
        "person_class": "corporate-spokesperson",
        "engagement": {"kind": "employment", "reference": "e-1"},
    },
}


class Telling:
    """A house whose clock stands exactly where it is put, one person and one consent."""

    def __init__(self, house: House, story: Story) -> None:
        self.house, self.story, self.numbers = house, story, {}
        clock = house.clock
        clock.now = lambda: clock._now  # type: ignore[method-assign]  # stands still unless told, to the microsecond
        self.consent = house.new_id()
        self.asset: str | None = None

    def tell(self) -> None:
        self._say(day("10-02"), "ivy", self._person(), sealed={"/body/name": "Inês"}, subject="p-1")
        self._say(day("10-02"), "mara", ConsentRequested.model_validate(self._scope() | {"valid_until": UNTIL}))
        if self.story.granted:
            self._say(GIVEN, "ines", ConsentGranted.model_validate(self._scope()))
        for one in self.story.said:
            self._make_the_clip(before=one.when)
            self._step(one)
        self._make_the_clip(before=day("2028-01-01"))

    def _make_the_clip(self, before: datetime) -> None:
        if self.asset is None and before > MADE and expected(self.story, MADE, MADE) in ("given", "renewed"):
            self.house.move_to(MADE)
            self.asset = self.house.clip([self.consent], medium=self.story.medium)[0]

    def _person(self) -> PersonRegistered:
        who = PEOPLE[self.story.who]
        proven = {"authority_sha256": digest()} if "authority" in who else {}
        of_age = {"majority_at": MAJORITY[self.story.who]} if self.story.who in MAJORITY else {}
        return PersonRegistered.model_validate({"person": "p-1", "speaks_as": "ines", **who, **proven, **of_age})

    def _scope(self) -> dict[str, Any]:
        story = self.story
        return {
            "consent": self.consent,
            "person": "p-1",
            "specific_description": "She walks through a café and lifts a cup; no speech, no product claims.",
            "uses": ["advertising", "editorial"],
            "channels": ["social"],
            "territories": story.territories,
            "media": story.media,
            "valid_from": FROM,
            "valid_until": story.until,
            "notice": {"sha256": "ab" * 32, "language": "pt-PT"},
            "business_reason": "The spring film.",
            "compensation": {"amount_minor": 0, "currency": "EUR"},
            "post_mortem": story.who == "estate",
            "survives_engagement": story.survives,
        }

    def _step(self, one: Said) -> None:
        actor, body = getattr(self, f"_{one.what.replace('-', '_')}")(one)
        self._say(one.when, actor, body)

    def _say(self, when: datetime, actor: str, body: Body, **options: Any) -> None:
        self.house.move_to(when)
        self.house.say_as(actor, body, **options)

    def _end(self, kind: type[ConsentEnded], **more: str) -> ConsentEnded:
        return kind.model_validate({"consent": self.consent, "person": "p-1", "reason": "as told", **more})

    def _change(self, kind: type[Body], **words: Any) -> Body:
        return kind.model_validate({"consent": self.consent, "person": "p-1", **words})

    # -- steps ---------------------------------------------------------------------------------------------------

    def _refuse(self, one: Said) -> tuple[str, Body]:
        return "ines", self._end(ConsentRefused)

    def _withdraw(self, one: Said) -> tuple[str, Body]:
        return "ines", self._end(ConsentWithdrawn)

    def _revoke(self, one: Said) -> tuple[str, Body]:
        return "lena", self._end(ConsentRevoked)

    def _invalidate(self, one: Said) -> tuple[str, Body]:
        return "lena", self._end(ConsentInvalidated, cause="forged")

    def _expire(self, one: Said) -> tuple[str, Body]:
        body = ConsentExpired(consent=self.consent, person="p-1", expired_at=self.story.until)
        return "countersign", body

    def _renew(self, one: Said) -> tuple[str, Body]:
        speaker = "joao" if self.story.who == "minor" else "ines"
        return speaker, self._change(
            ConsentRenewed, valid_from=day(one.words["since"]), valid_until=day(one.words["until"])
        )

    def _narrow(self, one: Said) -> tuple[str, Body]:
        taken = {name: [value] for name, value in one.words.items()}
        return "ines", self._change(ConsentNarrowed, reason="as told", **taken)

    def _suspend(self, one: Said) -> tuple[str, Body]:
        self.numbers[one.when] = self.house.new_id()
        actor = "ines" if one.words["cause"] == "by-person" else "lena"
        body = self._change(ConsentSuspended, suspension=self.numbers[one.when], reason="as told", **one.words)
        return actor, body

    def _resume(self, one: Said) -> tuple[str, Body]:
        stopped = next(other for other in self.story.said if other.when == day(one.words["of"]))
        actor = "ines" if stopped.words.get("cause") == "by-person" else "lena"
        return actor, self._change(ConsentResumed, suspension=self.numbers[stopped.when], reason="looked at")

    def _leave(self, one: Said) -> tuple[str, Body]:
        self.numbers[one.when] = self.house.new_id()
        words = {"person": "p-1", "engagement": "e-1", "reason": "as told"}
        ended = {"ending": self.numbers[one.when], "ended_at": day(one.words["on"])}
        return "ivy", PersonEngagementEnded.model_validate(words | ended)

    def _of_age(self, one: Said) -> tuple[str, Body]:
        self.house.enrol("joao", "talent")
        words = {"person": "p-1", "life": "adult", "speaks_as": "joao", "authority": "self", "reason": "came of age"}
        return "ivy", PersonSpeakerChanged.model_validate(words)

    def _hold(self, one: Said) -> tuple[str, Body]:
        words = {"hold": self.house.new_id(), "person": "p-1", "matter": "m-1", "reason": "as told"}
        return "lena", HoldPlaced.model_validate(words)
