"""What `check` says of a disclosure, a certificate of erasure or a proof of completeness (SPEC S6.9, S6.10, S7.17)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.cli.printing import facts, shown

if TYPE_CHECKING:
    from ledger.proof.completeness import TagStory
    from ledger.proof.note import NoteVerifier
    from ops.cli.invocation import Invocation

_IN_ROWS = frozenset({"not_covered", "types"})
"""Members that are told a line each."""
VALUE_CHARS_SHOWN = 400  # longer than any line of text that is sealed


def is_document(path: Path) -> bool:
    """Whether the file begins as JSON does, where a pack begins as a zip does."""
    try:
        with path.open("rb") as file:
            return file.read(1) == b"{"
    except OSError:
        return False


def check_document(run: Invocation, path: Path, vkeys: Sequence[str] | None) -> int:
    """Raises Misuse `vkeys_needed`, Untrusted; returns 0 when every step of the check holds."""
    from ledger.errors import Misuse
    from ledger.proof.completeness import COMPLETENESS_BYTES_MAX, COMPLETENESS_FORMAT
    from ledger.proof.disclosure import DISCLOSURE_FORMAT
    from ledger.proof.keyhistory import KEY_HISTORY_FORMAT
    from ledger.proof.note import NoteVerifier

    if not vkeys:
        what = "such a document proves nothing without the log's keys"
        raise Misuse("vkeys_needed", what, "Get them from the ledger's operator and name them with --vkeys.")
    with path.open("rb") as file:
        raw = file.read(COMPLETENESS_BYTES_MAX + 1)  # the largest of the three
    log_keys = [NoteVerifier.parse(vkey) for vkey in vkeys]
    checks = {DISCLOSURE_FORMAT: _disclosure, KEY_HISTORY_FORMAT: _key_history, COMPLETENESS_FORMAT: _completeness}
    named = (check for name, check in checks.items() if f'"format":"{name}"'.encode() in raw)
    found = next(named, _erasure)(raw, log_keys)
    pairs = [(name.replace("_", " "), _brief(value)) for name, value in found.items() if name not in _IN_ROWS]
    pairs += type_rows(found.get("types", {}))
    pairs += [("does not cover", one) for one in found.get("not_covered", ())]
    run.answer({"document": shown(path), **found}, facts(pairs))
    return 0


def _brief(value: object) -> str:
    """A picture in base64 says nothing on a terminal; `--json` has it whole."""
    text = str(value)
    return text if len(text) <= VALUE_CHARS_SHOWN else f"{text[:VALUE_CHARS_SHOWN]}… ({len(text)} characters)"


def _key_history(raw: bytes, log_keys: Sequence[NoteVerifier]) -> dict[str, Any]:
    from ledger.proof.keyhistory import verify_key_history

    chain = verify_key_history(raw, log_keys)
    links = [
        {"link": link.number, "since_entry": link.since, "reason": link.reason, "log_vkeys": list(link.vkeys)}
        for link in chain.links
    ]
    now = list(chain.current.vkeys)
    return {"state": "verified", "what": "the log's keys", "origin": chain.origin, "log_vkeys": now, "links": links}


def _disclosure(raw: bytes, log_keys: Sequence[NoteVerifier]) -> dict[str, Any]:
    from ledger.proof.disclosure import verify_disclosure
    from schemas.base import format_instant

    field = verify_disclosure(raw, log_keys)
    return {
        "state": "verified",
        "what": "a disclosed field",
        "type": field.type,
        "statement_id": field.statement_id,
        "pointer": field.pointer,
        "person": field.subject,
        "value": field.value,
        "entry_index": field.index,
        "recorded_at": format_instant(field.recorded_at),
        "log": field.origin,
    }


def _erasure(raw: bytes, log_keys: Sequence[NoteVerifier]) -> dict[str, Any]:
    from ledger.proof.erasureproof import verify_erasure

    proven = verify_erasure(raw, log_keys)
    return {
        "state": "verified",
        "what": "a certificate of erasure",
        "person": proven.person,
        "erased_at": proven.erased_at,
        "requested_by": proven.requested_by,
        "destroyed": proven.destroyed,
        "entries": list(proven.entries),
        "log": proven.origin,
        "not_covered": list(proven.not_covered),
    }


def _completeness(raw: bytes, log_keys: Sequence[NoteVerifier]) -> dict[str, Any]:
    from ledger.proof.completeness import verify_completeness

    story = verify_completeness(raw, log_keys)
    return {"state": "verified", "what": "a proof of completeness", **story_json(story)}


def story_json(story: TagStory) -> dict[str, Any]:
    """What was proved of a tag, for people and programs."""
    shown = None if story.entries is None else [entry.index for entry in story.entries]
    return {
        "sentence": story.sentence,
        "tag": story.tag,
        "type": story.asked,
        "size": story.size,
        "count": story.count,
        "types": {name: {"count": one.count, "last": one.last} for name, one in sorted(story.types.items())},
        "entries": shown,
        "named_at": story.named_at,
        "named_by": story.named_by,
        "log": story.origin,
    }


def type_rows(types: dict[str, Any]) -> list[tuple[str, str]]:
    """A line a statement type: how many, and where the last of them stands."""
    return [(name, f"{one['count']:,}, the last is entry {one['last']}") for name, one in types.items()]
