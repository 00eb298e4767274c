"""A real home with a finished clip in it, and the API over it: what tests of routes and pages start from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.services import clearing
from api.services.intake import Origin, import_file
from api.services.provenance import sign_asset
from api.services.services import Services
from ledger.clock import SteppedClock
from ledger.keys import SigningKey, read_signing_key
from ledger.media.testca import CertificateAuthority
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import Draft, compose
from ledger.statement import read_entry as read_stored
from ops.demo.cast import PEOPLE, Cast
from ops.demo.media import make_demo_clip, make_unrelated_clip, reencode
from ops.demo.story import CHANNEL, PERSON, TERRITORY, USE, Story
from ops.home import Home, init_home
from ops.wiring import open_services
from schemas.base import Body
from schemas.statements.brief import BriefApproved
from schemas.statements.review import ReviewApproved

START = datetime(2026, 10, 1, 9, 0, tzinfo=UTC)
ASKED = {"use": USE, "channel": CHANNEL, "territory": TERRITORY}
PLACE = "http://localhost"


@dataclass(frozen=True)
class Made:
    """A closed home on disk, and what is in it: a clip, its signed twin (cleared), a copy and a stranger beside it."""

    folder: Path
    story: Story
    asset: str
    signed: str
    now: datetime

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.mp4"


def make_office(folder: Path, start: datetime = START, authority: CertificateAuthority | None = None) -> Made:
    """From nothing to a cleared, signed clip: the demo's story on a clip of two seconds. `authority`: whose chain signs."""
    clip = make_demo_clip(folder / "clip.mp4", seconds=2, size=(320, 180))
    make_unrelated_clip(folder / "stranger.mp4", seconds=2, size=(320, 180))
    reencode(clip, folder / "copy.mp4", height=144)
    clock = SteppedClock(start)
    home, _ = init_home(folder / "home", clock, "countersign.example/office")
    if authority is not None:
        (home.trust / "signers" / "own-test-ca.pem").write_text(authority.root_pem)
        (home.trust / "own-chain.pem").write_text(authority.chain_pem)
        (home.keys / "c2pa.pem").write_text(authority.leaf_key_pem)
    services = open_services(home.path, clock)
    try:
        cast, story = Cast(services, home, "operator"), Story.at(clock.now())
        cast.enrol_everybody()
        asset = _make_clip(services, cast, story, clip)
        signed = sign_asset(services, asset, title="clip.mp4")
        shutil.copyfile(signed.path, folder / "signed.mp4")
        question = story.question(signed.asset_sha256, TERRITORY, clock.now())
        assert clearing.ask(services, question, asked_by="pia").issued
        services.views.catch_up()
        return Made(folder, story, asset, signed.asset_sha256, clock.now())
    finally:
        services.close()


def _make_clip(services: Services, cast: Cast, story: Story, clip: Path) -> str:
    cast.say("ivy", story.person(), sealed={"/body/name": "Inês Example"}, subject=PERSON)
    cast.say("mara", story.request())
    cast.say("ines", story.grant())
    drafted = read_stored(services.ledger.store.entry(cast.say("mara", story.draft()).index))
    cast.say("paul", BriefApproved(brief=story.brief, version=1, draft_sha256=drafted.payload_sha256))
    cast.say("mara", story.generation_request(services.blobs.put(b"a sketch")))
    origin = Origin(generation=story.generation, title="clip.mp4")
    asset = import_file(services, clip, origin, actor="mara", method="bearer").asset_sha256
    for actor, gate in (("rob", "brand"), ("ivy", "rights"), ("lena", "legal")):
        cast.say(actor, ReviewApproved.model_validate({"asset": asset, "gate": gate, "comment": "looked at"}))
    return asset


class Office:
    """A copy of a made home, opened: services, an application, a client, and a token for everybody."""

    def __init__(self, made: Made, folder: Path, local_operator: str | None = None) -> None:
        shutil.copytree(made.home, folder / "home")
        self.made, self.home = made, Home(folder / "home")
        self.clock = SteppedClock(made.now)
        self.services = open_services(self.home.path, self.clock)
        self.app: FastAPI = create_app(self.services, local_operator)
        self.tokens = {name: self.services.tokens.issue(name, made.now) for name in (*PEOPLE, "operator")}
        self.client = TestClient(self.app, base_url=PLACE, raise_server_exceptions=True, follow_redirects=False)
        self.client.__enter__()

    def close(self) -> None:
        self.client.__exit__(None, None, None)
        self.services.close()

    @property
    def size(self) -> int:
        return self.services.ledger.store.size()

    def headers(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}

    def get(self, path: str, name: str | None = "operator", **options: Any) -> Any:
        return self.client.get(path, headers=self.headers(name) if name else {}, **options)

    def post(self, path: str, name: str | None = "operator", **options: Any) -> Any:
        headers = (self.headers(name) if name else {}) | options.pop("headers", {})
        return self.client.post(path, headers=headers, **options)

    def form(self, path: str, **options: Any) -> Any:
        """As a browser sends a form from one of our pages."""
        headers = {"Origin": PLACE, "Accept": "text/html"} | options.pop("headers", {})
        return self.client.post(path, headers=headers, **options)

    def page(self, path: str) -> Any:
        return self.client.get(path, headers={"Accept": "text/html"})

    @property
    def key_of_service(self) -> SigningKey:
        return read_signing_key(self.home.keys / "service.pem")

    def key(self, name: str) -> SigningKey:
        return read_signing_key(self.home.actor_key(name))

    def draft(self, name: str, body: Body, **options: Any) -> Draft:
        return compose(body, actor=name, at=options.pop("at", None) or self.clock.now(), **options)

    def signed(self, name: str, body: Body, **options: Any) -> bytes:
        """A DSSE envelope under the actor's own key."""
        return sign(self.draft(name, body, **options).payload, PAYLOAD_TYPE, self.key(name).private).to_bytes()


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Asserts a problem document of this status and code; returns it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code), answer.text
    assert set(document) >= {"type", "title", "detail", "do", "reasons"}
    return document
