"""What a stranger needs to check the log: checkpoint, keys and proofs."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import PlainTextResponse, Response

from api.auth import GuardedRoute, ServicesOf
from api.problems import documented
from api.routes.statements import INDEX_MAX
from api.services.completeness import completeness
from api.services.services import Services
from ledger.errors import Misuse, NotFound
from ledger.log.logkeys import stored_log_keys
from ledger.proof.merkle import inclusion_proof, leaf_hash, tree_root
from ledger.proof.notekeys import ED25519_TYPE, NoteVerifier
from schemas.api.log import COMPLETENESS_EXAMPLE, ConsistencyAnswer, InclusionAnswer, LogKey, LogKeysAnswer

Size = Annotated[int, Query(ge=0, le=INDEX_MAX, description="A size of the log: how many entries it had.")]
router = APIRouter(prefix="/v1", tags=["log"], route_class=GuardedRoute)


@router.get(
    "/checkpoint",
    operation_id="get_checkpoint",
    summary="The latest checkpoint",
    response_class=PlainTextResponse,
    responses={
        **documented(404, 503),
        200: {
            "description": "A C2SP signed note: origin, size, root, and the signatures.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "countersign.example/studio\n8\n…\n"}},
        },
    },
)
def get_checkpoint(services: ServicesOf) -> PlainTextResponse:
    """The signed size and root of the log. Anybody may read it: it holds nothing but hashes."""
    size, checkpoint = services.ledger.head()
    if not size:
        raise NotFound("log_empty", "the log has no entry yet", "Open it first.")
    return PlainTextResponse(checkpoint, headers={"Cache-Control": "no-store"})


@router.get("/log/vkeys", operation_id="list_log_keys", summary="The log's keys", responses=documented(404, 503))
def list_log_keys(services: ServicesOf) -> LogKeysAnswer:
    """The keys that sign checkpoints now, as the log's own entries name them."""
    return log_keys(services)


@router.get(
    "/proofs/inclusion",
    operation_id="get_inclusion_proof",
    summary="Prove that an entry is in the log",
    responses=documented(400, 401, 403, 404, 503),
)
def get_inclusion_proof(
    services: ServicesOf,
    index: Annotated[int, Query(ge=0, le=INDEX_MAX, description="The entry's place in the log.")],
    size: Annotated[int, Query(ge=1, le=INDEX_MAX, description="The tree's size.")],
) -> InclusionAnswer:
    """RFC 6962 section 2.1.1."""
    _within(services, size)
    if index >= size:
        raise Misuse("proof_range", f"entry {index} is not among the first {size}", "Give a size above the index.")
    store = services.ledger.store
    return InclusionAnswer(
        index=index,
        size=size,
        leaf=_text(leaf_hash(store.entry(index).entry)),
        root=_text(tree_root(size, store)),
        hashes=tuple(map(_text, inclusion_proof(index, size, store))),
    )


@router.get(
    "/proofs/consistency",
    operation_id="get_consistency_proof",
    summary="Prove that the log only grew",
    responses=documented(400, 401, 403, 503),
)
def get_consistency_proof(services: ServicesOf, old: Size, new: Size) -> ConsistencyAnswer:
    """RFC 6962 section 2.1.2."""
    _within(services, new)
    if old > new:
        raise Misuse("proof_range", f"size {old} is not before size {new}", "Give the smaller size as `old`.")
    store = services.ledger.store
    return ConsistencyAnswer(
        old=old,
        new=new,
        old_root=_text(tree_root(old, store)),
        new_root=_text(tree_root(new, store)),
        hashes=tuple(map(_text, services.ledger.consistency(old, new))),
    )


@router.get(
    "/log/completeness",
    operation_id="get_completeness",
    summary="Prove what the log holds about a tag",
    response_class=Response,
    responses={
        **documented(400, 401, 403, 413, 503),
        200: {
            "description": "A `countersign.completeness/1` (SPEC S7.17), byte for byte canonical.",
            "content": {"application/json": {"schema": {"type": "object"}, "example": COMPLETENESS_EXAMPLE}},
        },
    },
)
def get_completeness(
    services: ServicesOf,
    tag: Annotated[str, Query(max_length=200, description="Such as `consent:0190…` or `asset:<sha256>`.")],
    wire_type: Annotated[
        str | None, Query(alias="type", max_length=80, description="Answer for this type only.")
    ] = None,
    entries: Annotated[bool, Query(description="Show the entries; without them the proof is of their number.")] = True,
) -> Response:
    """All entries about the tag up to the size in it, or that there are none, under a root that the log itself names."""
    raw = completeness(services.ledger, services.index, tag, wire_type, entries=entries)
    return Response(raw, media_type="application/json", headers={"Cache-Control": "no-store"})


def log_keys(services: Services) -> LogKeysAnswer:
    if not services.ledger.store.size():
        raise NotFound("log_empty", "the log has no entry yet", "Open it first.")
    chain = stored_log_keys(services.ledger.store)
    return LogKeysAnswer(origin=chain.origin, keys=tuple(map(_key, chain.current.vkeys)))


def _key(vkey: str) -> LogKey:
    verifier = NoteVerifier.parse(vkey)
    return LogKey(
        vkey=vkey,
        name=verifier.name,
        algorithm="Ed25519" if verifier.type == ED25519_TYPE else "ML-DSA-44",
        key_id=verifier.key_id.hex(),
        fingerprint=hashlib.sha256(bytes([verifier.type]) + verifier.public_key).hexdigest(),
    )


def _within(services: Services, size: int) -> None:
    if size > (now := services.ledger.store.size()):
        raise Misuse("proof_range", f"the log has {now} entries, not {size}", "Ask for a size that it has had.")


def _text(digest: bytes) -> str:
    return b64encode(digest).decode()
