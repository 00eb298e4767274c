"""A whole story with everything that leaves traces; then three people are erased, and every file is searched for them."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SystemClock
from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.statement import Opening, compose
from ops.demo.cast import PEOPLE
from ops.demo.story import PERSON
from ops.home import Home
from ops.speaking import parsed
from ops.wiring import services_of
from schemas.base import new_id
from tests.cli_of import COMMAND, ROOT, Command
from tests.fault.spellings import found_in, pieces, spellings
from tests.house_of import CONSENT
from tests.office_of import Made, make_office

NAME, CONTACT = "Zéphyrine Quellwasser-Ött", "zephyrine@quellwasser.example"
PICTURE = base64.b64encode(random.Random(11).randbytes(60_000)).decode()
LISTED, ALIAS = "Ysolde Nachtweyh-Öre", "Ysi Nachtweyh"  # on the do-not-generate list, never registered; lifted since
INES = "Inês Example"  # the person in the clip, as office_of seals her name
VALUES = {"name": NAME, "contact": CONTACT, "picture": PICTURE, "the name of the person in the clip": INES}
VALUES |= {"the name of somebody listed": LISTED, "an alias of theirs": ALIAS}
REGISTRATION = {"person": "p-zeph", "person_class": "performer", "speaks_as": "ines"}
PAGES = "/ /log /verify /v1/notices /v1/checkpoint /v1/persons/p-zeph/consents /v1/persons/p-ines/consents"


@dataclass
class Told:
    """A home in which much has happened, what lies outside it, and what the vault had of the three people."""

    home: Path
    outside: Path
    cli: Command
    asset: str
    statement: str = ""
    sealed: dict[str, bytes] = field(default_factory=dict)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_office(tmp_path_factory.mktemp("everywhere"))


@pytest.fixture
def told(made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Served over HTTP, with pages, errors, packs, exports, expiries and notices; answers and logs are kept in the home.

    Temporary files go there too, and whatever somebody forgot to remove is searched with the rest.
    """
    home, outside = tmp_path / "home", tmp_path / "outside"
    shutil.copytree(made.home, home)
    outside.mkdir(), (home / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    story = Told(home, outside, Command(home, capsys), made.signed)
    tokens = {}
    with services_of(home) as services:
        tokens = {name: services.tokens.issue(name, services.clock.now()) for name in PEOPLE}
    with serve(home) as address:
        story.statement = talk(story, address, tokens)
    write_everything(story)
    story.sealed = in_the_vault(home)
    return story


@contextmanager
def serve(home: Path) -> Iterator[str]:
    """`countersign serve` as a process; its output lies in the home afterwards."""
    with (home / "serve.out").open("wb") as out, (home / "serve.err").open("wb") as err:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COUNTERSIGN_DEBUG": "1"}
        environment["TMPDIR"] = str(home / "tmp")
        command = [*COMMAND, "--home", str(home), "serve", "--port", "0", "--json"]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err)
        try:
            while not (text := (home / "serve.out").read_text()).endswith("}\n"):
                assert process.poll() is None, (home / "serve.err").read_text()
                threading.Event().wait(0.05)
            yield json.loads(text)["address"]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def talk(told: Told, address: str, tokens: dict[str, str]) -> str:
    """Registers over HTTP, well and badly, and looks at everything; the id of the registration's statement."""
    answers = Answers(told.home / "answers", address, tokens)
    sealed = {"/body/name": NAME, "/body/contact": CONTACT, "/body/reference_image": PICTURE}
    words = {"type": "person.registered.v1", "body": REGISTRATION, "sealed": sealed, "subject": "p-zeph"}
    refused = [
        {**words, "sealed": {**sealed, "/body/name": NAME * 40}},
        {**words, "sealed": {**sealed, "/body/contact": [CONTACT]}},
        {**words, "sealed": {**sealed, "/body/nickname": NAME}},
        {**words, "subject": "p-other"},
        {**words, "body": {**REGISTRATION, "name": NAME}},
        {**words, "type": NAME},
    ]
    for one in refused:
        assert 400 <= answers.post("ivy", one)[0] < 500
    assert answers.post("ivy", raw=json.dumps(words).encode()[:-1])[0] == 400
    status, receipt = answers.post("ivy", words)
    assert status == 201, receipt
    assert answers.post("ivy", words)[0] == 409
    scope = {**CONSENT, "valid_from": "2026-10-01T00:00:00Z", "valid_until": "2035-01-01T00:00:00Z"}
    scope |= {"consent": new_id(SystemClock().now()), "person": "p-zeph"}
    status, answer = answers.post("mara", {"type": "consent.requested.v1", "body": scope})
    assert status == 201, answer
    grant = signed(told.home, "ines", "consent.granted.v1", scope)
    assert answers.post(None, raw=grant, kind="application/vnd.dsse+json")[0] == 201
    list_and_lift(told, answers)
    ended = {"consent": scope["consent"], "person": "p-zeph", "reason": "changed my mind"}
    withdrawal = signed(told.home, "ines", "consent.withdrawn.v1", ended)
    assert answers.post(None, raw=withdrawal, kind="application/vnd.dsse+json")[0] == 201
    for path in (*PAGES.split(), f"/assets/{told.asset}", f"/v1/assets/{told.asset}/trail", f"/?q={'x' * 9}"):
        answers.get(path)
    for index in range(receipt["index"] + 1):
        answers.get(f"/v1/statements/{index}")
    return str(receipt["statement_id"])


def list_and_lift(told: Told, answers: Answers) -> None:
    """Somebody is put on the do-not-generate list, and the entry is lifted."""
    entry = {"guardrail": new_id(SystemClock().now()), "kind": "person", "person": "p-listed", "counsel": "lena"}
    entry |= {"reason": "asked us not to", "effective_from": "2026-01-01T00:00:00Z"}
    words = {"type": "guardrail.entry-added.v1", "body": entry, "subject": "p-listed"}
    assert answers.post("lena", {**words, "sealed": {"/body/names": [LISTED, 7]}})[0] == 400
    status, answer = answers.post("lena", {**words, "sealed": {"/body/names": [LISTED, ALIAS]}})
    assert status == 201, answer
    lifted = {"guardrail": entry["guardrail"], "reason": "settled"}
    assert answers.post("lena", {"type": "guardrail.entry-lifted.v1", "body": lifted})[0] == 201


class Answers:
    """Asks over HTTP and keeps every answer as a file."""

    def __init__(self, folder: Path, address: str, tokens: dict[str, str]) -> None:
        folder.mkdir()
        self._folder, self._address, self._tokens, self._count = folder, address, tokens, 0

    def post(
        self, name: str | None, words: Any = None, raw: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, Any]:
        body = json.dumps(words).encode() if raw is None else raw
        return self._ask("/v1/statements", name, body, {"Content-Type": kind})

    def get(self, path: str) -> None:
        for accept in ("application/json", "text/html"):
            self._ask(path, "lena", None, {"Accept": accept})

    def _ask(self, path: str, name: str | None, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        token = {"Authorization": f"Bearer {self._tokens[name]}"} if name else {}
        request = urllib.request.Request(self._address + path, body, {**headers, **token})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, raw, told = answer.status, answer.read(), str(answer.headers)
        except urllib.error.HTTPError as error:
            status, raw, told = error.code, error.read(), str(error.headers)
            error.close()
        self._count += 1
        (self._folder / f"{self._count}.txt").write_bytes(told.encode() + raw)
        return status, json.loads(raw) if raw[:1] == b"{" else None


def signed(home: Path, actor: str, wire_type: str, body: dict[str, Any]) -> bytes:
    from ledger.keys import read_signing_key

    draft = compose(parsed(wire_type, body), actor=actor, at=SystemClock().now())
    return sign(draft.payload, PAYLOAD_TYPE, read_signing_key(Home(home).actor_key(actor)).private).to_bytes()


def write_everything(told: Told) -> None:
    """Packs, exports, publications, expiries and notices, and one field shown to an auditor, all written down."""
    exports = told.home / "exports"
    exports.mkdir()
    cli = told.cli
    cli.json("expire")
    cli.json("audit", told.asset, "--with-media", "--out", exports / "pack.zip")
    cli.json("log", "export", exports / "log")
    cli.json("log", "publish")
    (exports / "vkeys").write_text("\n".join(cli.json("log", "vkeys")["log_vkeys"]))
    (exports / "tail.json").write_text(json.dumps(cli.json("log", "tail", "-n", 1000)))
    shown = told.outside / "name.json"  # handed to somebody, so not in the home
    cli.json("disclose", told.statement, "/body/name", "--to", "auditor-3", "--as", "lena", "--out", shown)
    with services_of(told.home) as services:
        services.views.catch_up()
        notices = services.views.notices.pending()
        (exports / "notices.json").write_text(json.dumps([one.payload for one in notices]))
        trail = services.views.audit_trail.trail(told.asset)
        (exports / "trail.txt").write_text("\n".join(row.summary for row in trail))
    assert notices and trail


def in_the_vault(home: Path) -> dict[str, bytes]:
    """Pieces of every ciphertext and wrapped key of the three people, and their salts."""
    found = {}
    with sqlite3.connect(home / "vault.sqlite") as db:
        people = ("p-zeph", PERSON, "p-listed")
        for name, wrapped in db.execute("SELECT name, wrapped_key FROM subject WHERE name IN (?, ?, ?)", people):
            found[f"wrapped key of {name}"] = bytes(wrapped)[12:44]
        rows = db.execute("SELECT * FROM sealed WHERE subject IN (?, ?, ?)", people).fetchall()
    db.close()
    vault = Home(home).open_vault()
    for statement_id, pointer, subject, content in rows:
        for part, at in (("beginning", 12), ("middle", len(content) // 2), ("end", len(content) - 32)):
            found[f"{part} of the ciphertext of {subject}{pointer}"] = bytes(content)[at : at + 24]
        opening = vault.open(statement_id, pointer)
        assert isinstance(opening, Opening)
        found |= {f"salt of {subject}{pointer}, {name}": spelt for name, spelt in spelt_salt(opening.salt)}
    vault.close()
    assert len(rows) == 5 and len(found) > 5 * 5
    return found


def spelt_salt(salt: bytes) -> list[tuple[str, bytes]]:
    return [("raw", salt), ("hex", salt.hex().encode()), ("base64", base64.b64encode(salt)[:40])]


def spelt() -> dict[str, bytes]:
    return {
        f"{what} in {name}": raw
        for what, value in VALUES.items()
        for piece in pieces(value)
        for name, raw in spellings(piece).items()
    }


def erase_all(told: Told) -> list[Path]:
    certificates = []
    for person, actor in (("p-zeph", "ines"), (PERSON, "lena"), ("p-listed", "lena")):
        certificates.append(told.home / "exports" / f"{person}.json")
        told.cli.json("erase", person, "--as", actor, "--out", certificates[-1])
    return certificates


def test_after_an_erasure_no_file_holds_a_trace_and_every_proof_stands(told: Told) -> None:
    assert found_in(told.home, spelt()) == [], "personal data lies open in the home"
    before = found_in(told.home, told.sealed)
    assert {one.partition(":")[0] for one in before} <= {"vault.sqlite", "vault.sqlite-wal"} and before

    certificates = erase_all(told)

    assert found_in(told.home, spelt() | told.sealed) == []
    report = told.cli.json("fsck")
    assert report["clean"], report
    vkeys = told.home / "exports" / "vkeys"
    pack = told.home / "exports" / "pack.zip"
    assert told.cli.json("check", pack, "--vkeys", vkeys)["state"] == "verified"
    for certificate in certificates:
        assert told.cli.json("check", certificate, "--vkeys", vkeys)["state"] == "verified"


def test_a_pack_a_rebuilt_view_and_a_disclosure_of_before_are_good_after_it(told: Told) -> None:
    erase_all(told)
    (told.home / "views.sqlite").unlink()
    told.cli.json("audit", told.asset, "--out", told.home / "exports" / "later.zip")
    vkeys = told.home / "exports" / "vkeys"
    assert told.cli.json("check", told.home / "exports" / "later.zip", "--vkeys", vkeys)["state"] == "verified"
    assert told.cli.json("check", told.outside / "name.json", "--vkeys", vkeys)["value"] == NAME
    assert found_in(told.home, spelt() | told.sealed) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Or the tests above would prove nothing."""
    kinds = spellings(NAME)
    for n, raw in enumerate(kinds.values()):
        (tmp_path / f"{n}").write_bytes(b"\0\1" + raw + b"\2")
        assert any(one.startswith(f"{n}: ") for one in found_in(tmp_path, kinds))
    hidden = tmp_path / "packed"
    hidden.mkdir()
    with zipfile.ZipFile(hidden / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/inside.json", json.dumps({"a": 1, "name": NAME * 9}))
    assert any(one.startswith("a.zip!deep/inside.json") for one in found_in(hidden, kinds))
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "b64").write_bytes(base64.b64encode(b"xy" + NAME.encode() + b"zzz"))
    (whole / NAME).write_bytes(b"")
    assert len({one.partition(":")[0] for one in found_in(whole, kinds)}) == 2
