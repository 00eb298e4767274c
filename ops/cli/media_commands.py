"""import and sign: files in, files signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, invocation_of
from ops.cli.printing import facts, seconds, shown, styled

if TYPE_CHECKING:
    from api.services.intake import Imported

METHOD = "home"  # how the operator was known: whoever can open the home folder's keys is the operator


def import_(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Media files, or folders of them.")],
    generation: Annotated[str | None, typer.Option(metavar="ID", help="The generation that these came out of.")] = None,
    grade: Annotated[str, typer.Option(metavar="GRADE", help="How well the origin is known.")] = "self_declared",
    provider_job: Annotated[
        str | None, typer.Option(metavar="JOB", help="The provider's number of the job, for grade provider_record.")
    ] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="A title; it stays in the log for good.")] = None,
    provider: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="An archive of this provider's clips, job records and notes: sora-legacy."),
    ] = None,
    sealed_under: Annotated[
        str | None,
        typer.Option(metavar="PSEUDONYM", help="With --provider: whose the prompts are. Default: a name for each job."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --provider: say what would be done.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Examine files in a sandbox, keep them, and record what they say of themselves."""
    from typing import get_args

    from api.services.intake import Origin, import_file
    from ledger.errors import LedgerError, Misuse
    from ops.cli.failures import error_json, worst
    from ops.cli.inputs import files_in, one_of
    from schemas.statements.asset import EvidenceGrade

    run = invocation_of(ctx)
    if provider is not None:
        from ops.cli.archive_commands import import_archive

        return import_archive(run, files, provider, sealed_under, dry_run=dry_run)
    if dry_run or sealed_under:
        raise Misuse("provider_missing", "--dry-run and --sealed-under go with --provider", "Add --provider.")
    one_of(grade, get_args(EvidenceGrade), "--grade")
    origin = Origin(grade=grade, generation=generation, provider_job=provider_job, title=title)  # type: ignore[arg-type]  # checked above
    assets: list[dict[str, Any]] = []
    codes: list[int] = []
    with run.services() as services:
        operator = run.settings.operator
        for file in run.each("importing", files_in(files), shown):
            try:
                imported = import_file(services, file, origin, actor=operator, method=METHOD, progress=run.within)
                assets.append(_imported_json(file, imported))
            except LedgerError as error:
                assets.append({"file": shown(file), "asset_sha256": None, "error": error_json(error)})
                codes.append(error.exit_code)
    run.answer({"assets": assets}, *(_imported_text(asset) for asset in assets))
    return worst(codes)


def _imported_json(file: Path, imported: Imported) -> dict[str, Any]:
    from api.services.c2pa_answer import c2pa_json

    found = imported.examination
    return {
        "asset_sha256": imported.asset_sha256,
        "file": shown(file),
        "existing": imported.existing,
        "media_type": found.probe.media_type if found.probe else None,
        "duration_ms": found.probe.duration_ms if found.probe else None,
        "c2pa": c2pa_json(found.c2pa),
        "fingerprint_frames": len(found.fingerprints.frames) if found.fingerprints else 0,
        "not_checked": [one.extractor for one in found.findings if one.state in ("not_checked", "failed")],
        "entry_indices": list(imported.entry_indices),
    }


def _imported_text(asset: dict[str, Any]) -> Any:
    if "error" in asset:
        error = asset["error"]
        return facts([("file", asset["file"]), ("refused", styled(f"{error['code']}: {error['detail']}", "bold red"))])
    known = "was here already; nothing new was said" if asset["existing"] else "imported"
    return facts(
        [
            ("file", styled(asset["file"], "bold")),
            (known, asset["asset_sha256"]),
            ("media", ", ".join(filter(None, (asset["media_type"], seconds(asset["duration_ms"] or None))))),
            ("C2PA", f"{asset['c2pa']['state']}, ingredients {asset['c2pa']['ingredients_state']}"),
            ("fingerprinted", f"{asset['fingerprint_frames']} frames"),
            ("not checked", styled(", ".join(asset["not_checked"]) or "nothing left out", "yellow")),
            ("entries", ", ".join(map(str, asset["entry_indices"]))),
        ]
    )


def sign(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An imported asset.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the signed twin goes.")],
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What the manifest calls it.")] = None,
    sidecar: Annotated[
        bool,
        typer.Option("--sidecar", help="Write a manifest store (.c2pa) to keep beside the file, which stays as it is."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Sign an asset with a C2PA manifest that names its entry; the twin is a new asset."""
    import shutil

    from api.services.c2pa_answer import c2pa_json
    from api.services.provenance import sign_asset
    from ops.cli.inputs import asset_digest, writable_target

    run = invocation_of(ctx)
    target, digest = writable_target(out, force=force), asset_digest(asset)
    if sidecar:
        return _sign_beside(run, digest, target, title)
    with run.services() as services:
        run.note("signing")
        signed = sign_asset(services, digest, title=title or target.name)
        shutil.copyfile(signed.path, target)
    found = {
        "asset_sha256": signed.asset_sha256,
        "parent_sha256": digest,
        "file": shown(target),
        "c2pa": c2pa_json(signed.examination.c2pa),
        "entry_indices": list(signed.entry_indices),
        "recovered_parent_sha256": signed.recovered,
    }
    pairs = [("signed", found["file"]), ("asset", signed.asset_sha256), ("C2PA", signed.examination.c2pa.state)]
    run.answer(found, facts([*pairs, ("entries", ", ".join(map(str, signed.entry_indices)))]))
    return 0


def _sign_beside(run: Invocation, digest: str, target: Path, title: str | None) -> int:
    import shutil

    from api.services.provenance import sign_beside

    with run.services() as services:
        made = sign_beside(services, digest, title=title or target.name)
        shutil.copyfile(made.path, target)
    found = {
        "asset_sha256": digest,
        "manifest_sha256": made.manifest_sha256,
        "file": shown(target),
        "entry_indices": [made.entry_index],
    }
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0
