"""consent export, consent import, status: consents in other houses' formats, and what anybody may see of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ops.cli.consent_commands import AsOption, answer, said_as
from ops.cli.invocation import HomeOption, JsonOption, invocation_of


class Form(StrEnum):
    """What can be written; all but the last two can be read."""

    DPV = "dpv"
    ADCP = "adcp"
    ODRL = "odrl"
    RECEIPT = "receipt"
    REVOCATION = "revocation"


FormOption = Annotated[Form, typer.Option("--format", help="Whose words: ISO 27560 in DPV, AdCP, ODRL.")]


def export(
    ctx: typer.Context,
    consent: Annotated[str, typer.Argument(metavar="CONSENT", help="Its number.")],
    form: FormOption = Form.DPV,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="As it stood then; now if left out.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; never over a file.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write a consent in another house's format, as it stands: the receipt for its person, the revocation once there is one."""
    from api.services.dossier import caught_up
    from api.services.exchange.documents import write_document
    from ops.cli.inputs import instant

    run = invocation_of(ctx)
    with run.services() as services:
        caught_up(services)
        view = services.views.rights.consent(consent, instant(at, "--at") or services.clock.now())
        document, _ = write_document(view, form.value, services.origin, services.public_url)
    text = _pretty(document)
    if out is None:
        run.answer(document, lambda: text)
    else:
        _write_new(out, text)
        run.answer({"written": str(out), "consent": consent, "format": form.value}, f"written to {out}")
    return 0


def take_in(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One consent, in one of the formats.")],
    actor: AsOption,
    form: FormOption = Form.DPV,
    person: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Their pseudonym here, where it is another.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Ask for what another house's record says was agreed to. Nobody's yes is imported: the person says it here, or not."""
    from api.services.exchange.documents import read_document

    run = invocation_of(ctx)
    body = read_document(_document(file), form.value, person)
    with run.services() as services:
        found = said_as(run, services, actor, body.TYPE, body.as_json())
    return answer(run, found)


def _document(path: Path) -> bytes:
    from api.services.exchange.documents import DOCUMENT_BYTES_MAX
    from ledger.errors import NotFound

    try:
        with path.open("rb") as file:
            return file.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise NotFound("file_missing", f"{path.name} can't be read: {error.strerror}", "Check the path.") from error


def _pretty(document: object) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False)


def _write_new(path: Path, text: str) -> None:
    from ledger.errors import Misuse, Unavailable

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError as error:
        raise Misuse("file_exists", f"{path.name} is already there", "Choose another name.") from error
    except OSError as error:
        raise Unavailable(
            "file_not_written", f"{path.name} can't be written: {error.strerror}", "Look at it."
        ) from error
