"""What pack.json says of pictures: of each side of each match, the frame that is here or why none is (SPEC S8.15)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from ledger.errors import Untrusted
from ledger.proof.logentry import hex_digest

FRAMES_TOLD_MAX = 2_000  # two sides of a thousand matches


def frame_name(sha256: str) -> str:
    return f"frames/{sha256}.jpg"


def require_frames(told: Any, entries: Container[int], members: Mapping[str, str]) -> None:
    """Each frame that is here stands under its own digest, each that is not has its reason, and there is no other frame.

    Raises Untrusted `pack_json_malformed`.
    """
    if not isinstance(told, list) or len(told) > FRAMES_TOLD_MAX:
        raise _bad_frames("its frames are not a list in bounds")
    shown = set()
    for one in told:
        if not isinstance(one, dict) or one.get("entry") not in entries or ("sha256" in one) == ("why" in one):
            raise _bad_frames("a frame comes without its entry, or without one of digest and reason")
        if "sha256" in one:
            shown.add(frame_name(hex_digest(one["sha256"])))
            if members.get(frame_name(one["sha256"])) != one["sha256"]:
                raise _bad_frames("a frame is not the member that it names")
    if shown != {name for name in members if name.startswith("frames/")}:
        raise _bad_frames("there is a frame that it does not name")


def _bad_frames(what: str) -> Untrusted:
    return Untrusted("pack_json_malformed", what)
