"""audit and check: writing an evidence pack here, and judging one anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, shown, styled, table

if TYPE_CHECKING:
    from ledger.proof.packreport import PackReport, PackStep

VKEYS_BYTES_MAX = 2**20  # a vkey has at most 2,500 characters; a file of hundreds is not a list of one log's keys
UNTRUSTED = 5
MARKS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "not_checked": ("–", "yellow")}
STATES = {"verified": "green", "consistent": "yellow", "untrusted": "bold red"}


def audit(
    ctx: typer.Context,
    asset: Annotated[str, typer.Argument(metavar="FILE|DIGEST", help="An asset of this ledger.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The pack to write, such as evidence.zip.")],
    with_media: Annotated[bool, typer.Option("--with-media", help="Put the media files in as well.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write an evidence pack that anybody can check offline, without trusting this ledger."""
    from api.services.evidence import write_pack
    from ops.cli.inputs import asset_digest, writable_target

    run = invocation_of(ctx)
    target, digest = writable_target(out, force=force), asset_digest(asset)
    with run.services() as services:
        run.note("writing the pack, and checking it")
        made = write_pack(
            services.ledger,
            services.index,
            services.blobs,
            digest,
            target,
            at=services.clock.now(),
            with_media=with_media,
            overwrite=force,
        )
    found: dict[str, Any] = {
        "asset_sha256": digest,
        "file": shown(target),
        "pack_sha256": made.sha256,
        "size_bytes": made.bytes,
        "entries": made.entries,
        "complete_to": made.report.complete_to,
        "with_media": with_media,
        "state": made.report.state,
        "headline": made.report.headline,
        "faults": [fault.as_json() for fault in made.report.faults],
    }
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if name != "faults"]
    run.answer(found, facts([*pairs, ("check it", f"countersign check {shown(target)}")]))
    return UNTRUSTED if made.report.state == "untrusted" else 0


def check(
    ctx: typer.Context,
    pack: Annotated[
        Path,
        typer.Argument(metavar="PACK", help="An evidence pack, or a document: a field, an erasure, a completeness."),
    ],
    vkeys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The log's keys, one vkey a line, as you got them elsewhere.")
    ] = None,
    without_rules: Annotated[
        bool, typer.Option("--without-rules", help="Leave out step 10, which weighs the verdicts again.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Check an evidence pack. Needs no home, no network and no trust in whoever sent it."""
    from ops.cli.documents import check_document, is_document

    run, log_keys = invocation_of(ctx), _read_vkeys(vkeys) if vkeys else None
    if is_document(pack):
        return check_document(run, pack, log_keys)
    report = _checked(pack, log_keys, without_rules)
    run.answer({"pack": shown(pack), **report.as_json()}, lambda: _report(pack, report))
    return UNTRUSTED if report.state == "untrusted" else 0


def _checked(pack: Path, vkeys: tuple[str, ...] | None, without_rules: bool) -> PackReport:
    if without_rules:
        from ledger.proof.pack import check_pack

        return check_pack(pack, vkeys)
    from api.services.evidence_replay import replay

    return replay(pack, vkeys)


def _read_vkeys(path: Path) -> tuple[str, ...]:
    from ledger.errors import Misuse

    try:
        with path.open("rb") as file:
            text = file.read(VKEYS_BYTES_MAX).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(
            "vkeys_unreadable", "the file of log keys can't be read", "Name a file with one vkey a line."
        ) from error
    lines = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if not lines:
        raise Misuse("vkeys_none", "there is no vkey in the file of log keys", "Name a file with one vkey a line.")
    return lines


def _report(pack: Path, report: PackReport) -> RenderableType:
    pairs = [
        ("pack", shown(pack)),
        ("log", f"{report.origin}, {report.size} entries"),
        ("about", report.asset),
        ("made at", report.made_at),
        ("complete", f"up to the log's first {report.complete_to:,} entries" if report.complete_to else ""),
        ("keys", "as you gave them" if report.keys_given else "the pack's own"),
    ]
    parts: list[RenderableType] = [facts(pair for pair in pairs if pair[1]), ""]
    parts += [styled(line, style) for step in report.steps for line, style in _step(step)]
    parts += [f"   {remark}" for remark in report.remarks]
    parts += ["", styled(f"{report.state.upper()}: {report.headline}", STATES[report.state])]
    if report.state == "consistent":
        parts.append(table("", rows=[(f"  {vkey[:100]}",) for vkey in report.log_vkeys]))
    return Group(*parts)


def _step(step: PackStep) -> list[tuple[str, str]]:
    mark, style = MARKS[step.outcome]
    count = "" if step.checked is None else f" ({step.checked})"
    lines = [(f"{mark} {step.number:2}  {step.title}{count}", style)]
    lines += [(f"       {fault.item}: {fault.detail} [{fault.code}]", "red") for fault in step.faults]
    lines += [(f"       {item}: not checked, because something else fails", "yellow") for item in step.skipped]
    return lines
