"""Faces of files, and whose face may be recognised. Crops of strangers are for those who review rights, and kept nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from api.auth import CallerOf, GuardedRoute, ServicesOf
from api.incoming import received_file
from api.problems import documented
from api.routes.assets import FILE_BODY, Sha256
from api.routes.records import own_person
from api.services.dossier import caught_up
from api.services.faces import crop, scan
from api.services.likeness import enrol
from api.services.likeness_answers import likeness_answer, person_likeness
from ledger.history import bodies
from schemas.api.likeness import EnrolledAnswer, LikenessAnswer, PersonLikeness
from schemas.base import Id, Slug
from schemas.statements.likeness import LikenessEnrolled

router = APIRouter(prefix="/v1", tags=["likeness"], route_class=GuardedRoute)
JPEG = {"image/jpeg": {"schema": {"type": "string", "format": "binary"}, "example": "(bytes of a JPEG)"}}


@router.post(
    "/permissions/{permission}/references",
    operation_id="enrol_likeness",
    summary="Enrol a person's face",
    status_code=201,
    response_model=EnrolledAnswer,
    responses=documented(400, 401, 403, 404, 409, 413, 503),
    openapi_extra={"requestBody": FILE_BODY},
)
async def enrol_likeness(
    request: Request, services: ServicesOf, permission: Annotated[Id, Path(description="Its number.")]
) -> JSONResponse:
    """The body is one picture with one face, under a `likeness.permitted.v1` that was said before. It is measured in the
    fenced process; the template goes to the vault and the picture is not kept. Say it again for more pictures.
    """
    slots = request.app.state.slots
    async with received_file(request, services.upload_bytes_max, slots.uploads) as path:
        receipt = await run_in_threadpool(slots.examining_upload(enrol), services, permission, [path])
    (said,) = bodies(services.ledger.read(after=receipt.index, limit=1), LikenessEnrolled)
    told = {"enrolment": said[1].enrolment, "person": said[1].person, "references": said[1].references}
    return JSONResponse({**told, "entry_index": receipt.index}, 201)


@router.get(
    "/persons/{person}/likeness",
    operation_id="get_person_likeness",
    summary="A person's enrolments, and where they are recognised",
    responses=documented(400, 401, 403, 404, 503),
)
def get_person_likeness(
    services: ServicesOf, caller: CallerOf, person: Annotated[Slug, Path(description="The pseudonym.")]
) -> PersonLikeness:
    """A talent sees their own: which files show them, whether or not they agreed to those."""
    own_person(services, caller, person)
    caught_up(services)
    return person_likeness(services, person)


@router.post(
    "/assets/{sha256}/likeness",
    operation_id="scan_likeness",
    summary="Look for faces in a file",
    responses=documented(400, 401, 403, 404, 503),
)
def scan_likeness(request: Request, services: ServicesOf, sha256: Sha256) -> LikenessAnswer:
    """Measures every face in the fenced process and holds it against who is enrolled. Again where it was done before."""
    request.app.state.slots.examining(scan)(services, sha256)
    return likeness_answer(services, sha256)


@router.get(
    "/assets/{sha256}/likeness",
    operation_id="get_likeness",
    summary="The faces of a file",
    responses=documented(400, 401, 403, 404, 503),
)
def get_likeness(services: ServicesOf, sha256: Sha256) -> LikenessAnswer:
    """When each is there and where, what it is as consents stand now, and what a person said who looked."""
    return likeness_answer(services, sha256)


@router.get(
    "/assets/{sha256}/faces/{face}",
    operation_id="get_face",
    summary="One face of a file, cut out",
    response_class=Response,
    responses={**documented(400, 401, 403, 404, 503), 200: {"description": "A JPEG, made now.", "content": JPEG}},
)
def get_face(
    request: Request,
    services: ServicesOf,
    sha256: Sha256,
    face: Annotated[int, Path(ge=1, le=50, description="Its number.")],
) -> Response:
    """For whoever has to say what it is: reviewers, IP stewards and legal. Nothing keeps it, and no cache may."""
    jpeg = request.app.state.slots.examining(crop)(services, sha256, face)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
