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
    from ledger.proof.policy import TlogPolicy

VKEYS_BYTES_MAX = 2**20  # a vkey has at most 2,500 characters; a file of hundreds is not a list of one log's keys
UNTRUSTED = 5
MARKS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "not_checked": ("–", "yellow")}
STATES = {"verified": "green", "consistent": "yellow", "untrusted": "bold red"}


def audit(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The pack to write, such as evidence.zip.")],
    assets: Annotated[
        list[str] | None, typer.Argument(metavar="FILE|DIGEST", help="Files of this ledger; several make one pack.")
    ] = None,
    dispute: Annotated[
        str | None, typer.Option(metavar="DISPUTE", help="Every file of this dispute, instead of naming them.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="Tell what was known then, with the proofs of that state.")
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(metavar="ACTOR", help="Show the fields that were disclosed to this reader, with their salts."),
    ] = None,
    with_media: Annotated[
        bool, typer.Option("--with-media", help="Put media and documents about people in as well.")
    ] = False,
    with_frames: Annotated[
        bool, typer.Option("--with-frames", help="Show matched frames side by side; they may show people.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --out.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write an evidence pack that anybody can check offline, without trusting this ledger."""
    from api.services.disputes import require_dispute
    from api.services.evidence import write_pack
    from api.services.evidence_order import PackOrder
    from ops.cli.inputs import asset_digest, instant, writable_target

    run = invocation_of(ctx)
    target, digests = writable_target(out, force=force), [asset_digest(asset) for asset in assets or ()]
    then, pictures = instant(known_at, "--known-at"), {"with_media": with_media, "with_frames": with_frames}
    with run.services() as services:
        if dispute is not None:
            digests += require_dispute(services, dispute, then).opening.assets
        asked = {"known_at": then, "reader": reader, "with_documents": with_media, **pictures}
        order = PackOrder.about(*digests, dispute=dispute, **asked)
        run.note("writing the pack, and checking it")
        made = write_pack(
            services.ledger,
            services.index,
            services.blobs,
            order,
            target,
            at=services.clock.now(),
            outside=services.outside,
            overwrite=force,
        )
    found: dict[str, Any] = {
        "assets_sha256": list(order.assets),
        "dispute": dispute,
        "known_at": made.report.known_at,
        "reader": reader,
        "file": shown(target),
        "pack_sha256": made.sha256,
        "size_bytes": made.bytes,
        "entries": made.entries,
        "complete_to": made.report.complete_to,
        "witnessed_to": made.report.witnessed.size if made.report.witnessed else None,
        "stamped_to": max((stamp.size for stamp in made.report.stamps), default=None),
        **pictures,
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
    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The witnesses that you ask for, a tlog-policy; else the pack's own are told."
        ),
    ] = None,
    tsa_anchors: Annotated[
        Path | None,
        typer.Option(
            "--tsa-anchors",
            metavar="FILE",
            help="PEM certificates of time-stamping authorities: verify its stamps fully.",
        ),
    ] = None,
    without_rules: Annotated[
        bool, typer.Option("--without-rules", help="Leave out step 10, which weighs the verdicts again.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Check an evidence pack. Needs no home, no network and no trust in whoever sent it."""
    from ops.cli.documents import check_document, is_document

    run, log_keys = invocation_of(ctx), read_vkeys(vkeys) if vkeys else None
    if is_document(pack):
        return check_document(run, pack, log_keys)
    report = _checked(pack, log_keys, read_policy(policy), without_rules)
    if tsa_anchors:
        report = _with_authorities(pack, report, tsa_anchors)
    run.answer({"pack": shown(pack), **report.as_json()}, lambda: _report(pack, report))
    return UNTRUSTED if report.state == "untrusted" else 0


def _checked(pack: Path, vkeys: tuple[str, ...] | None, policy: TlogPolicy | None, without_rules: bool) -> PackReport:
    if without_rules:
        from ledger.proof.pack import check_pack

        return check_pack(pack, vkeys, policy)
    from api.services.evidence_replay import replay

    return replay(pack, vkeys, policy)


def read_policy(path: Path | None) -> TlogPolicy | None:
    from ledger.errors import Misuse
    from ledger.proof.policy import TlogPolicy

    try:
        return TlogPolicy.parse(path.read_bytes()) if path else None
    except OSError as error:
        raise Misuse("policy_unreadable", "the policy can't be read", "Name a tlog-policy file.") from error


def _with_authorities(pack: Path, report: PackReport, path: Path) -> PackReport:
    from ledger.errors import Misuse
    from ledger.log.packstamps import with_authorities
    from ledger.log.timestamp import read_anchors

    try:
        pem = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse("tsa_anchors_unreadable", "the file of certificates can't be read", "Name a PEM file.") from error
    return with_authorities(pack, report, read_anchors(pem))


def read_vkeys(path: Path) -> tuple[str, ...]:
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
        *(("about", asset) for asset in report.assets),
        ("dispute", report.dispute),
        ("known at", report.known_at),
        ("made at", report.made_at),
        ("complete", f"up to the log's first {report.complete_to:,} entries" if report.complete_to else ""),
        ("keys", "as you gave them" if report.keys_given else "the pack's own"),
    ]
    if (seen := report.witnessed) is not None:
        by = "a policy of yours" if seen.policy_given else "the pack's own policy"
        pairs.append(("witnessed", f"first {seen.size:,} entries, by {', '.join(sorted(seen.cosigned))}, under {by}"))
    for stamp in report.stamps:
        by = f"by {stamp.authority}" if stamp.authority else "its authority not checked"
        pairs.append(("time stamp", f"first {stamp.size:,} entries by {stamp.stamped_at}, {by}"))
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
