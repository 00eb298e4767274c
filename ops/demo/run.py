"""The main job from an empty folder to a checked evidence pack: every step real, through the same door as the API.

The demo's clock starts a month ago, so that at its end the consent has just run out and the home it leaves behind reads
correctly under the real clock.
"""

from __future__ import annotations

import shutil
from base64 import b64encode
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from api.services import clearing
from api.services.circumstances import Circumstances
from api.services.evidence import write_pack
from api.services.intake import Imported, Origin, import_file
from api.services.provenance import Signed, sign_asset
from api.services.searching import search_file
from api.services.services import Services
from api.services.verification import Verification, verify_file
from ledger.clock import SteppedClock, SystemClock
from ledger.errors import Misuse
from ledger.log.logkeys import stored_log_keys
from ops.demo.cast import PEOPLE, Cast
from ops.demo.checking import check_flipped, check_offline
from ops.demo.media import make_demo_clip, make_unrelated_clip, portrait, reencode
from ops.demo.stage import Stage
from ops.demo.story import CHANNEL, CONSENT_DAYS, CONTACT, FOREIGN, NAME, PERSON, SKETCH, TERRITORY, USE, Story
from ops.home import Home, init_home
from ops.settings import read_settings
from ops.wiring import services_of
from projections.cascade import run_expiry
from schemas.statements.brief import BriefApproved
from schemas.statements.review import ReviewApproved

MARK = ".made-by-the-demo"
LAG = timedelta(days=CONSENT_DAYS, minutes=1)
ASKED = Circumstances(use=USE, territory=TERRITORY, channel=CHANNEL)


def run_demo(path: Path, media: Path | None, console: Console) -> None:
    """Leaves clip.mp4, signed.mp4, reencoded.mp4 and evidence.zip in the home. Starts over if the demo made it before."""
    stage = Stage(console)
    _clear(path)
    clock = SteppedClock(SystemClock().now() - LAG)
    with stage.step("A home for the ledger: keys, log, vault, settings"):
        home, receipt = init_home(path, clock)
        (path / MARK).touch()
        stage.good(f"log [bold]{read_settings(path).origin}[/bold] is open; entry {receipt.index} names its keys")
    with services_of(path, clock) as services:
        _Demo(stage, services, home, clock, media).run()
    _farewell(console, path)


def _clear(path: Path) -> None:
    if (path / MARK).exists():
        shutil.rmtree(path)
    elif path.exists() and any(path.iterdir()):
        raise Misuse("home_exists", f"{path} is not a folder that the demo made", "Name another folder with --home.")


class _Demo:
    """One run; each method is a step of the story."""

    def __init__(self, stage: Stage, services: Services, home: Home, clock: SteppedClock, media: Path | None) -> None:
        self.stage, self.services, self.home, self.clock, self.media = stage, services, home, clock, media
        self.cast = Cast(services, home, read_settings(home.path).operator)
        self.story = Story.at(clock.now())

    def run(self) -> None:
        self._people()
        self._brief()
        clip = self._generation()
        self._examination(clip)
        copy = self._index(clip)
        self._gates(clip.asset_sha256)
        signed = self._signing(clip.asset_sha256)
        self._clearance(signed.asset_sha256)
        self._verification(copy)
        self._expiry()
        self._evidence()

    def _file(self, name: str) -> Path:
        return self.home.path / name

    def _people(self) -> None:
        story, stage = self.story, self.stage
        with stage.step("People, and a consent in the person's own words"):
            self.cast.enrol_everybody()
            stage.good(f"{len(PEOPLE)} people enrolled, each with a key of their own")
            picture = b64encode(portrait()).decode()
            sealed = {"/body/name": NAME, "/body/contact": CONTACT, "/body/reference_image": picture}
            self.cast.say("ivy", story.person(), sealed=sealed, subject=PERSON)
            stage.good(f"{PERSON} registered; her name, contact and picture are in the vault, not in the log")
            self.cast.say("mara", story.request())
            receipt = self.cast.say("ines", story.grant())
            stage.good(f"entry {receipt.index}: Inês agrees, with her key, until {story.ends_at:%Y-%m-%d %H:%M} UTC")

    def _brief(self) -> None:
        with self.stage.step("A motion brief, approved by somebody who didn't write it"):
            drafted = self.cast.say("mara", self.story.draft())
            said = next(self.services.ledger.read(after=drafted.index, limit=1))
            approval = BriefApproved(brief=self.story.brief, version=1, draft_sha256=said.payload_sha256)
            self.cast.say("paul", approval)
            self.stage.good("drafted by mara, approved by paul, by the draft's digest")

    def _generation(self) -> Imported:
        with self.stage.step("A generation under brief and consent, and its file"):
            self.cast.say("mara", self.story.generation_request(self.services.blobs.put(SKETCH)))
            clip = self._file("clip.mp4")
            if self.media:
                shutil.copyfile(self.media, clip)
                self.stage.tell(f"taking {self.media.name}")
            else:
                self.stage.tell("making a clip: H.264 and AAC, from free photographs")
                make_demo_clip(clip)
            origin = Origin(grade="self_declared", generation=self.story.generation, title="clip.mp4")
            imported = import_file(self.services, clip, origin, actor="mara", method="demo")
            self.stage.good(f"imported as {imported.asset_sha256[:16]}…, evidence grade self_declared")
        return imported

    def _examination(self, clip: Imported) -> None:
        with self.stage.step("What the file says of itself, and what nobody looked at"):
            found = clip.examination
            if found.probe:
                streams = ", ".join(stream.codec for stream in found.probe.streams)
                self.stage.tell(f"{found.probe.media_type}, {found.probe.duration_ms / 1000:.1f} s, {streams}")
            self.stage.tell(f"C2PA: {found.c2pa.state} (ingredients: {found.c2pa.ingredients_state})")
            frames = len(found.fingerprints.frames) if found.fingerprints else 0
            self.stage.good(f"{frames} frames fingerprinted")
            skipped = ", ".join(finding.extractor for finding in found.findings if finding.state == "not_checked")
            self.stage.tell(f"[yellow]not checked[/yellow]: {skipped}")

    def _index(self, clip: Imported) -> Path:
        with self.stage.step("The fingerprint index: a re-encoded copy is found, a stranger is not"):
            copy, stranger = self._file("reencoded.mp4"), self._file("unrelated.mp4")
            reencode(self._file("clip.mp4"), copy)
            make_unrelated_clip(stranger)
            matches = search_file(self.services, copy, "all").matches
            found = bool(matches) and matches[0].asset_sha256 == clip.asset_sha256
            self.stage.expect(found, "the small re-encoded copy is recognised as the clip")
            best = matches[0]
            where = f"its {best.query_ms / 1000:.1f} s is our {best.reference_ms / 1000:.1f} s"
            self.stage.tell(f"{best.decision}, score {best.score:.2f}; {where}")
            self.stage.expect(
                not search_file(self.services, stranger, "all").matches, "an unrelated clip matches nothing"
            )
        return copy

    def _gates(self, asset: str) -> None:
        with self.stage.step("Three gates, three people, bound to the file's digest"):
            for name, gate, comment in (
                ("rob", "brand", "palette and camera as briefed"),
                ("ivy", "rights", "one face, and it is hers"),
                ("lena", "legal", "no claim is made"),
            ):
                body = ReviewApproved.model_validate({"asset": asset, "gate": gate, "comment": comment})
                self.stage.good(f"entry {self.cast.say(name, body).index}: {gate} passed by {name}")

    def _signing(self, asset: str) -> Signed:
        with self.stage.step("A C2PA manifest that names the file's entry in the log"):
            signed = sign_asset(self.services, asset, title="clip.mp4")
            shutil.copyfile(signed.path, self._file("signed.mp4"))
            state = signed.examination.c2pa.state
            self.stage.expect(state == "trusted", f"the signed file reads back as {state} under our test CA")
            self.stage.good(f"a new asset, {signed.asset_sha256[:16]}…, derived from the first")
        return signed

    def _clearance(self, asset: str) -> None:
        with self.stage.step(f"Clearance: asked for {TERRITORY}, then for {FOREIGN}"):
            for territory in (TERRITORY, FOREIGN):
                question = self.story.question(asset, territory, self.clock.now())
                answer = clearing.ask(self.services, question, asked_by="pia")
                wanted = territory == TERRITORY
                word = "issued" if answer.issued else "refused"
                weighed = f"{len(answer.decision.weighed)} rules weighed"
                self.stage.expect(
                    answer.issued == wanted, f"{territory}: {word} as entry {answer.receipt.index}, {weighed}"
                )
                for reason in answer.reasons:
                    self.stage.refused(f"{reason.code}: {reason.detail} (entry {reason.entry_index})")

    def _verification(self, copy: Path) -> None:
        with self.stage.step("May it be used? Asked for three files"):
            for name, wanted in (("signed.mp4", "allow"), (copy.name, "review"), ("unrelated.mp4", "unknown")):
                self._verify(name, wanted)

    def _verify(self, name: str, wanted: str) -> Verification:
        answer = verify_file(self.services, self._file(name), ASKED)
        line = f"{name}: [bold]{answer.verdict}[/bold], identified by {answer.identified.by}"
        self.stage.expect(answer.verdict == wanted, line)
        if answer.verdict != "allow":
            self.stage.tell(f"[dim]{answer.reasons[0].detail}[/dim]")
        return answer

    def _expiry(self) -> None:
        with self.stage.step("The consent's last instant passes"):
            self.clock.move_to(self.story.ends_at)
            self._verify("signed.mp4", "deny")
            self.stage.tell("no job has run; now the worker records it, twice in a row")
            first = run_expiry(self.services.ledger, self.services.views, self.clock.now())
            before = self.services.ledger.store.size()
            run_expiry(self.services.ledger, self.services.views, self.clock.now())
            self.stage.expect(self.services.ledger.store.size() == before, "the second run adds nothing")
            for recorded in first.recorded:
                self.stage.good(f"entry {recorded.entry_index}: {recorded.type}")
            self.services.views.catch_up()
            pending = len(self.services.views.notices.pending())
            self.stage.expect(pending > 0, f"{pending} notices wait in the outbox for the platform")

    def _evidence(self) -> None:
        with self.stage.step("Evidence for people who don't trust us"):
            asset = verify_file(self.services, self._file("signed.mp4"), ASKED).identified.asset or ""
            ledger, index, blobs = self.services.ledger, self.services.index, self.services.blobs
            pack = self._file("evidence.zip")
            outside = self.services.outside
            written = write_pack(ledger, index, blobs, asset, pack, outside=outside, at=self.clock.now())
            self.stage.good(f"evidence.zip: {written.entries} entries with proofs, {written.bytes:,} bytes")
            vkeys = stored_log_keys(ledger.store).current.vkeys
            self.stage.good(check_offline(pack, vkeys))
            self.stage.refused(check_flipped(pack, vkeys))


def _farewell(console: Console, path: Path) -> None:
    home = str(path) if " " not in str(path) else f'"{path}"'
    console.print("\n[bold]Where to look next[/bold]")
    asked = f"--use {USE} --territory {TERRITORY} --channel {CHANNEL}"
    console.print(f"  .venv/bin/countersign verify {home}/signed.mp4 {asked} --home {home}", soft_wrap=True)
    console.print(f"  .venv/bin/countersign check {home}/evidence.zip")
    console.print("  make serve      then open http://127.0.0.1:8400/")
