"""What files are looked through for, as an examination is told it: the log's criteria, with their pictures out of the blobs."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ledger.blobs import Blobs
from ledger.errors import Misuse, NotFound, TooLarge, Unavailable
from ledger.history import History
from ledger.media.chromaprint import INSTALL, sound_engine_here
from ledger.media.extractors import FILE_EXTRACTORS, FRAME_EXTRACTORS
from ledger.media.wording import Wanted
from ledger.rules.criteria import kits, templates
from ledger.rules.rulepacks import entries_in_force
from schemas.statements.criteria import StyleKitAdopted

PICTURE_BYTES_MAX = 256 * 2**10  # of a mark or a logo: it goes to every examination, and a cut-out PNG has 5 to 50 kB
KIT_CHARS_MAX = 45_000  # more fits no entry
WANTED_MAX = 60  # texts in one examination: laws of some twenty markets and four kits
_FORMATS = ("PNG", "JPEG", "WEBP")


def looked_for(history: History, blobs: Blobs, at: datetime) -> dict[str, Any]:
    """The options of an examination, by extractor. A picture that isn't here is None, and what needs it is not checked."""
    marks = [
        {
            "template": body.template,
            "provider": body.provider,
            "sha256": body.image_sha256,
            "width_permille": body.width_permille,
            "image": _picture(blobs, body.image_sha256),
        }
        for body in templates(history)
    ]
    brands = [_brand(blobs, kit) for kit in kits(history) if kit.palette or kit.logos]
    words = [one.as_json() for one in _wanted(history, at)][:WANTED_MAX]
    told = {"visible_mark": {"templates": marks}, "brand": {"kits": brands}, "text": {"wanted": words}}
    return {name: wanted for name, wanted in told.items() if any(wanted.values())}


def _brand(blobs: Blobs, kit: StyleKitAdopted) -> dict[str, Any]:
    palette = kit.palette and {**kit.palette.model_dump(), "colours": [one.rgb for one in kit.palette.colours]}
    logos = [
        {"id": one.id, "sha256": one.image_sha256, "image": _picture(blobs, one.image_sha256)} for one in kit.logos
    ]
    return {"kit": kit.kit, "version": kit.version, "palette": palette, "logos": logos}


def _wanted(history: History, at: datetime) -> Iterator[Wanted]:
    """What law in force asks to be visible, whatever the market, and what style kits ask for."""
    try:
        labels = [one for one in entries_in_force(history, at) if one.kind == "label"]
    except Unavailable:  # a pack that was adopted and is gone blocks decisions, not looking
        labels = []
    for entry in labels:
        if entry.values["form"] == "visible" and entry.values["text"]:
            opening = (
                entry.values["seconds_min"] > 0
            )  # the only law so far that counts seconds counts them at the opening
            source = f"{entry.pack} {entry.version}"
            yield Wanted(entry.id, source, entry.values["text"], opening, entry.values["seconds_min"])
    for kit in kits(history):
        for one in kit.texts:
            yield Wanted(one.id, f"{kit.kit} {kit.version}", one.text, one.opening, one.seconds_min)


def read_picture(path: Path) -> bytes:
    """A mark or a logo from a file of our own people. Raises NotFound, Misuse `picture_unreadable`, TooLarge."""
    try:
        with path.open("rb") as file:
            content = file.read(PICTURE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise NotFound("file_not_found", "there is no such file", "Give the path of a picture.") from None
    except OSError as error:
        raise Misuse("file_unreadable", f"the file can't be read: {error.strerror}", "Check its rights.") from error
    if len(content) > PICTURE_BYTES_MAX:
        raise TooLarge(
            "picture_too_large", f"the picture is over {PICTURE_BYTES_MAX} bytes", "Cut it out, save as PNG."
        )
    from PIL import Image  # only here: every start of the ledger would pay for it

    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise Misuse("picture_unreadable", "that is no PNG, JPEG or WebP", "Save the picture as PNG.") from error
    return content


def read_kit(path: Path) -> dict[str, Any]:
    """A style kit's members from a file of our own people, its logos left to be given apart. Raises NotFound, Misuse."""
    try:
        document = json.loads(path.read_text(encoding="utf-8")[:KIT_CHARS_MAX])
    except FileNotFoundError:
        raise NotFound("file_not_found", "there is no such file", "Give the path of a JSON file.") from None
    except (OSError, ValueError) as error:
        raise Misuse("style_kit_unreadable", "the file is no JSON in UTF-8", "See `say --example`.") from error
    kit = document.get("body", document) if isinstance(document, dict) else None
    if not isinstance(kit, dict):
        raise Misuse("style_kit_unreadable", "the file holds no JSON object", "See `say --example`.")
    return kit


def _picture(blobs: Blobs, sha256: str | None) -> str | None:
    try:
        content = blobs.get(sha256) if sha256 else b""
    except NotFound:
        return None
    return base64.b64encode(content).decode("ascii") if 0 < len(content) <= PICTURE_BYTES_MAX else None


def criteria_answer(history: History, blobs: Blobs, at: datetime) -> dict[str, Any]:
    """What is looked for, whether its pictures are here, and which extractors can't run on this machine."""
    rows = [
        _row("mark", body.template, f"{body.provider}, {body.width_permille}/1000 wide", blobs, body.image_sha256)
        for body in templates(history)
    ]
    for kit in kits(history):
        name = f"{kit.kit} {kit.version}"
        rows += [_row("logo", f"{name} {one.id}", "", blobs, one.image_sha256) for one in kit.logos]
        if kit.palette is not None:
            colours = ", ".join(one.rgb for one in kit.palette.colours)
            rows.append(_row("palette", f"{name} {kit.palette.id}", colours, blobs))
    rows += [_row("text", f"{one.source} {one.criterion}", one.text, blobs) for one in _wanted(history, at)]
    return {"criteria": rows, "not_installed": not_installed()}


def _row(kind: str, name: str, detail: str, blobs: Blobs, *pictures: str | None) -> dict[str, Any]:
    here = all(_picture(blobs, one) is not None for one in pictures)
    return {"kind": kind, "name": name, "detail": detail, "here": here}


def not_installed() -> dict[str, str]:
    """{extractor: the command that installs what it needs} of those that can't run here."""
    tables = (*FILE_EXTRACTORS, *FRAME_EXTRACTORS)
    missing = [one for one in tables if not all(find_spec(module) for module in one.needs)]
    found = {name: f"pip install 'countersign[{one.extra}]'" for one in missing for name in one.names}
    return found | ({} if sound_engine_here() else {"audio_fingerprint": INSTALL})
