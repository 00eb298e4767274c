"""A ledger with people in it, and the story's usual steps: asked, given, generated, examined, approved, cleared, placed."""

from __future__ import annotations

import os
from typing import Any

from ledger.door import Receipt
from ledger.rules.decision import RULES_VERSION, Decision, decide
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported, FindingRecord
from schemas.statements.brief import BriefApproved, BriefDrafted
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued, ClearanceRefused, Question
from schemas.statements.consent import ConsentGranted, ConsentRequested
from schemas.statements.generation import Cameo, GenerationRequested
from schemas.statements.person import PersonRegistered
from schemas.statements.placement import PlacementRecorded
from schemas.statements.review import ReviewApproved
from tests.ground_of import ADMIN, ORIGIN, ROLES, SERVICE, START, Ground, digest, new_signing_key, raises_code, spki
from tests.prepared_of import prepared

__all__ = [
    "ADMIN",
    "CONSENT",
    "ORIGIN",
    "QUESTION",
    "ROLES",
    "SERVICE",
    "START",
    "House",
    "digest",
    "new_signing_key",
    "raises_code",
    "spki",
]
GATES = {"brand": "rob", "rights": "ivy", "legal": "lena"}
CONSENT: dict[str, Any] = {
    "specific_description": "Inês walks through a café and lifts a cup; no speech, no product claims.",
    "uses": ["advertising"],
    "channels": ["social"],
    "territories": ["DE", "FR"],
    "media": ["video"],
    "valid_from": "2026-10-01T00:00:00Z",
    "valid_until": "2026-12-01T00:00:00Z",
}
QUESTION: dict[str, Any] = {
    "use": "advertising",
    "channel": "social",
    "territory": "DE",
    "valid_from": "2026-10-05T00:00:00Z",
    "valid_until": "2026-11-01T00:00:00Z",
}


class House(Ground):
    """The ground with a story on it. Steps that many tests begin with are told once a run (`prepared`)."""

    @prepared
    def person(self, speaks_as: str = "ines", name: str | None = None) -> str:
        """Registers somebody under a fresh pseudonym; their name is sealed."""
        pseudonym = name or f"p-{os.urandom(4).hex()}"
        body = PersonRegistered.model_validate(
            {"person": pseudonym, "person_class": "performer", "speaks_as": speaks_as}
        )
        self.say_as("ivy", body, sealed={"/body/name": "Inês Example"}, subject=pseudonym)
        return pseudonym

    @prepared
    def consent(self, *, person: str | None = None, granted: bool = True, **overrides: Any) -> str:
        """Asked for by mara, given by ines in the same words; the consent's id."""
        scope = {
            **CONSENT,
            "consent": self.new_id(),
            "person": person or self.person(),
            **overrides,
        }
        self.say_as("mara", ConsentRequested.model_validate(scope))
        if granted:
            self.say_as("ines", ConsentGranted.model_validate(scope))
        return str(scope["consent"])

    def granted(self, consent: str) -> ConsentGranted:
        """The body of the grant."""
        said = self.ledger.history().last(f"consent:{consent}", ConsentGranted)
        assert said is not None and isinstance(said.body, ConsentGranted)
        return said.body

    def requested(self, consent: str) -> ConsentRequested:
        said = self.ledger.history().last(f"consent:{consent}", ConsentRequested)
        assert said is not None and isinstance(said.body, ConsentRequested)
        return said.body

    @prepared
    def brief(self, *, approved: bool = True) -> str:
        """Drafted by mara, approved by paul; the brief's id."""
        body = BriefDrafted.example().model_copy(update={"brief": self.new_id()})
        receipt = self.say_as("mara", body)
        if approved:
            self.say_as("paul", self.approval(receipt))
        return body.brief

    def approval(self, drafted: Receipt) -> BriefApproved:
        """An approval of exactly that draft."""
        said = next(self.ledger.read(after=drafted.index, limit=1))
        assert isinstance(said.body, BriefDrafted)
        return BriefApproved(brief=said.body.brief, version=said.body.version, draft_sha256=said.payload_sha256)

    @prepared
    def generation(self, brief: str | None = None, consents: tuple[str, ...] | list[str] = ()) -> str:
        """Requested by mara under the brief (a fresh one when None) and granted consents."""
        cameos = tuple(Cameo(person=self.granted(consent).person, consent=consent) for consent in consents)
        body = GenerationRequested.example().model_copy(
            update={"generation": self.new_id(), "brief": brief or self.brief(), "cameos": cameos, "references": ()}
        )
        self.say_as("mara", body)
        return body.generation

    @prepared
    def asset(self, generation: str | None = None, *, actor: str = "mara") -> str:
        """A file that nobody sees, by a random digest."""
        body = AssetImported.example().model_copy(update={"asset": digest(), "generation": generation})
        self.say_as(actor, body)
        return body.asset

    @prepared
    def derived(self, *parents: str, relation: str = "transcoded", actor: str = "mara") -> str:
        body = AssetDerived.model_validate(
            {
                "asset": digest(),
                "parents": parents,
                "relation": relation,
                "size_bytes": 1_000,
                "media_type": "video/mp4",
                "tool": "a test",
            }
        )
        self.say_as(actor, body)
        return body.asset

    @prepared
    def examined(
        self,
        asset: str,
        essence: str | None = None,
        *,
        c2pa: str = "absent",
        ingredients: str = "none",
        faces: str = "not_checked",
        medium: str = "video",
    ) -> str:
        """What the service found in it; `essence` is the digest of picture and sound without the container."""
        probed = {"media_type": "video/mp4", "medium": medium}
        findings = (
            FindingRecord(extractor="probe", algorithm="libav", version="av 18", state="found", detail=probed),
            FindingRecord(extractor="pdq", algorithm="pdq256@512px", version="0.2.8", state="found"),
            FindingRecord.model_validate(
                {"extractor": "faces", "algorithm": "none", "version": "0", "state": faces},
            ),
        )
        body = AssetExamined(
            asset=asset,
            examination_sha256=digest(),
            essence_sha256=essence or digest(),
            c2pa_state=c2pa,
            c2pa_ingredients_state=ingredients,
            frames=20,
            findings=findings,
        )
        self.ledger.say(body)
        return asset

    @prepared
    def approved(self, asset: str, gates: tuple[str, ...] = ("brand", "rights", "legal")) -> str:
        """Three gates, three people: rob, ivy and lena."""
        for gate in gates:
            body = ReviewApproved.model_validate({"asset": asset, "gate": gate, "comment": "looked at, frame by frame"})
            self.say_as(GATES[gate], body)
        return asset

    def question(self, asset: str, **overrides: Any) -> Question:
        return Question.model_validate({**QUESTION, "asset": asset, **overrides})

    def decision(self, asset: str, **overrides: Any) -> Decision:
        """What the rules say now, written nowhere."""
        return decide(self.ledger.history(), self.question(asset, **overrides), self.clock.now())

    def verdict(self, decision: Decision, *, kind: type[ClearanceDecided] | None = None) -> ClearanceDecided:
        """The decision as a statement's body: issued or refused, as it says."""
        answer = kind or (ClearanceIssued if decision.allowed else ClearanceRefused)
        return answer(
            clearance=self.new_id(),
            question=decision.question,
            decided_at=decision.decided_at,
            rules=RULES_VERSION,
            weighed=decision.weighed,
            consents=decision.consents,
        )

    @prepared
    def cleared(self, asset: str, **overrides: Any) -> str:
        """Issued by the service; the clearance's id. Raises Refused when the rules do not allow it."""
        body = self.verdict(self.decision(asset, **overrides), kind=ClearanceIssued)
        self.ledger.say(body)
        return body.clearance

    def placement(self, asset: str, clearance: str, **overrides: Any) -> PlacementRecorded:
        """A placement under a clearance, from its window's first instant on; not said."""
        cleared = self.ledger.history().last(f"clearance:{clearance}", ClearanceIssued)
        assert cleared is not None and isinstance(cleared.body, ClearanceIssued)
        asked = cleared.body.question
        return PlacementRecorded.model_validate(
            {
                "placement": self.new_id(),
                "asset": asset,
                "clearance": clearance,
                "consents": cleared.body.consents,
                "platform": "example-video",
                "channel": asked.channel,
                "territory": asked.territory,
                "url": "https://video.example/watch/4711",
                "starts_at": asked.valid_from,
                **overrides,
            }
        )

    def placed(self, asset: str, clearance: str, **overrides: Any) -> PlacementRecorded:
        """Recorded by the platform."""
        body = self.placement(asset, clearance, **overrides)
        self.say_as("pia", body)
        return body

    @prepared
    def clip(self, consents: tuple[str, ...] | list[str] | None = None, *, medium: str = "video") -> tuple[str, str]:
        """(asset, consent) of a file that is ready to be cleared: generated, examined, approved at three gates."""
        named = [self.consent()] if consents is None else list(consents)
        asset = self.asset(self.generation(consents=named))
        self.approved(self.examined(asset, medium=medium))
        return asset, named[0] if named else ""
