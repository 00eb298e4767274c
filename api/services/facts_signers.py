"""Sections of facts.json about words rather than files: keys and their ends, sealed fields, what counsel said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from api.services.facts_scene import Scene
from ledger.history import bodies
from ledger.statement import Said
from schemas.base import Body
from schemas.facts import KeyFact, LogKeysFact, PrivilegeFact, RedactionFact
from schemas.statements.actor import (
    ActorEnrolled,
    ActorKeyRevoked,
    ActorKeyRotated,
    LogOpened,
    key_tag,
)
from schemas.statements.erasure import FieldDisclosed, SubjectErased
from schemas.statements.logkeys import LogKeysRotated
from schemas.statements.passkey import ActorAdmitted, ActorPasskeyAdded
from schemas.statements.placement import PlacementRecorded

_KEY_KINDS: tuple[type[Body], ...] = (
    LogOpened,
    ActorEnrolled,
    ActorAdmitted,
    ActorKeyRotated,
    ActorKeyRevoked,
    ActorPasskeyAdded,
)
_LEGAL = frozenset({"legal"})


def keys_of(scene: Scene) -> Iterator[KeyFact]:
    """The keys of everybody whose word was read, and of those who enrolled them, in the order in which they came."""
    told: dict[int, Said] = {}
    seen: set[str] = set()
    while fresh := {said.actor for said in scene.history.entries_read.values()} - seen:
        for actor in sorted(fresh):
            told |= {said.index: said for said in scene.history.about(f"actor:{actor}", *_KEY_KINDS)}
        seen |= fresh
    keys: dict[str, KeyFact] = {}
    for index in sorted(told):
        _take(keys, told[index])
    yield from keys.values()


def _take(keys: dict[str, KeyFact], said: Said) -> None:
    body = said.body
    if isinstance(body, LogOpened):
        _bring(keys, said, body.service, body.service_spki)
        _bring(keys, said, body.admin, body.admin_spki)
    elif isinstance(body, ActorEnrolled | ActorPasskeyAdded):
        _bring(keys, said, body.actor, body.spki)
    elif isinstance(body, ActorKeyRotated):
        _end(keys, body.old_keyid, said, "rotated")
        _bring(keys, said, body.actor, body.spki)
    elif isinstance(body, ActorKeyRevoked):
        _end(keys, body.keyid, said, f"revoked as of {body.effective_at:%Y-%m-%dT%H:%M:%SZ}")


def _bring(keys: dict[str, KeyFact], said: Said, actor: str, spki: str) -> None:
    keyid = key_tag(spki).partition(":")[2]
    kind = "passkey" if isinstance(said.body, ActorPasskeyAdded) else "key"
    told = {"keyid": keyid, "actor": actor, "kind": kind, "since": said.index, "since_at": said.recorded_at}
    keys.setdefault(keyid, KeyFact.model_validate(told))


def _end(keys: dict[str, KeyFact], keyid: str, said: Said, how: str) -> None:
    if (key := keys.get(keyid)) is not None and key.until is None:
        ended = {"until": said.index, "until_at": said.recorded_at, "ended": how}
        keys[keyid] = key.model_copy(update=ended)


def log_keys_of(scene: Scene) -> Iterator[LogKeysFact]:
    for said, opened in bodies(scene.history.about("log:opened"), LogOpened):
        yield _link(said, opened.log_vkeys, None)
    for said, turned in bodies(scene.history.about("log:keys"), LogKeysRotated):
        yield _link(said, turned.new_vkeys, turned.reason)


def _link(said: Said, vkeys: Sequence[str], reason: str | None) -> LogKeysFact:
    names = tuple("+".join(vkey.split("+")[:2])[:200] for vkey in vkeys)
    return LogKeysFact(since=said.index, since_at=said.recorded_at, names=names, reason=reason)


def redactions_of(scene: Scene) -> Iterator[RedactionFact]:
    """Every field of the entries read that is a commitment or a digest where a reader would look for words."""
    for _, said in sorted(scene.history.entries_read.items()):
        for pointer, ref in sorted(said.statement.sealed.items()):
            yield _sealed(scene, said, pointer, ref.subject)
        if isinstance(said.body, PlacementRecorded) and said.body.url_sha256:
            yield RedactionFact(
                entry=said.index,
                pointer="/body/url",
                subject=said.body.platform,
                state="withheld",
                why="a private address stands in the log by its digest",
                who="whoever recorded the placement knows it",
            )


def _sealed(scene: Scene, said: Said, pointer: str, subject: str) -> RedactionFact:
    about = scene.history.about(f"person:{subject}", FieldDisclosed, SubjectErased)
    erased = bodies(about, SubjectErased)
    shown = [
        one for _, one in bodies(about, FieldDisclosed) if (one.statement, one.pointer) == (said.statement.id, pointer)
    ]
    fact = RedactionFact(
        entry=said.index,
        pointer=pointer,
        subject=subject,
        state="disclosed" if shown else "withheld",
        why="personal data: the log holds a salted commitment to it, the vault the value",
        who="legal discloses it field by field, to a named reader, and the log says so",
        readers=tuple(dict.fromkeys(one.to for one in shown)),
    )
    if erased:
        gone = {"state": "erased", "why": f"the person was erased by entry {erased[0][0].index}", "who": "nobody"}
        return fact.model_copy(update=gone)
    return fact


def privilege_of(scene: Scene) -> Iterator[PrivilegeFact]:
    """What somebody said as legal: the pack shows it as it stands in the log, and marks it for whoever hands it on."""
    read = sorted(scene.history.entries_read.items())
    for _, said in read:
        if _LEGAL & set(scene.roles(said)):
            why = "said by counsel: judge privilege before this entry is handed to another party"
            yield PrivilegeFact(entry=said.index, type=said.type, actor=said.actor, why=why)
