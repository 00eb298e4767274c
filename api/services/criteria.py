"""What files are looked through for, as an examination is told it: the log's criteria, with their pictures out of the blobs."""

from __future__ import annotations

import base64
import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ledger.blobs import Blobs
from ledger.errors import Misuse, NotFound, TooLarge
from ledger.history import History
from ledger.media.chromaprint import INSTALL, sound_engine_here
from ledger.media.extractors import FILE_EXTRACTORS, FRAME_EXTRACTORS
from ledger.rules.criteria import templates

PICTURE_BYTES_MAX = 256 * 2**10  # of a mark or a logo: it goes to every examination, and a cut-out PNG has 5 to 50 kB
_FORMATS = ("PNG", "JPEG", "WEBP")


def looked_for(history: History, blobs: Blobs) -> dict[str, Any]:
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
    return {"visible_mark": {"templates": marks}} if marks else {}


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


def _picture(blobs: Blobs, sha256: str | None) -> str | None:
    try:
        content = blobs.get(sha256) if sha256 else b""
    except NotFound:
        return None
    return base64.b64encode(content).decode("ascii") if 0 < len(content) <= PICTURE_BYTES_MAX else None


def criteria_answer(history: History, blobs: Blobs) -> dict[str, Any]:
    """What is looked for, whether its pictures are here, and which extractors can't run on this machine."""
    marks = [
        {
            "kind": "mark",
            "name": body.template,
            "detail": f"{body.provider}, {body.width_permille}/1000 wide",
            "here": _picture(blobs, body.image_sha256) is not None,
        }
        for body in templates(history)
    ]
    return {"criteria": marks, "not_installed": not_installed()}


def not_installed() -> dict[str, str]:
    """{extractor: the command that installs what it needs} of those that can't run here."""
    tables = (*FILE_EXTRACTORS, *FRAME_EXTRACTORS)
    missing = [one for one in tables if not all(find_spec(module) for module in one.needs)]
    found = {name: f"pip install 'countersign[{one.extra}]'" for one in missing for name in one.names}
    return found | ({} if sound_engine_here() else {"audio_fingerprint": INSTALL})
