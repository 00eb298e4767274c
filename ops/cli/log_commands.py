"""log show, tail, checkpoint, vkeys, export, check, publish: the log as it is, and as others see it."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, everywhere, invocation_of
from ops.cli.printing import document, facts, shown, styled, table

if TYPE_CHECKING:
    from ledger.statement import Said

TAIL_ENTRIES = 10  # a screen's part
TAIL_ENTRIES_MAX = 10_000  # one document; who wants the whole log exports it
UNWITNESSED = 6  # published, but the quorum did not answer: the same call may work later
FOLLOW_WAIT_S = 1.0  # how often a follower looks whether it was interrupted

log = typer.Typer(help="The log itself: entries, checkpoint, keys, and a copy for strangers.")
log.callback()(everywhere)


@log.command()
def show(
    ctx: typer.Context,
    index: Annotated[int | None, typer.Argument(metavar="[INDEX]", min=0, help="An entry; else a summary.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """One entry with its proof, or what the log holds."""
    run = invocation_of(ctx)
    if index is None:
        return _summary(run)
    with run.services() as services:
        receipt = services.ledger.receipt(index)
        said = next(services.ledger.read(after=index, limit=1))
        proof = receipt.proof().decode()
    entry = json_module.loads(said.entry)
    found = {
        **_line(said),
        "statement": said.statement.as_json(),
        "payload_sha256": said.payload_sha256,
        "signed_by": list(said.keyids),
        "entry": entry,
        "proof": proof,
    }
    pairs = [(name.replace("_", " "), value) for name, value in _line(said).items()]
    pairs += [("payload sha256", said.payload_sha256), ("signed by", ", ".join(said.keyids))]
    run.answer(found, facts(pairs), document(said.statement.as_json()), proof)
    return 0


@log.command()
def tail(
    ctx: typer.Context,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=TAIL_ENTRIES_MAX, help="How many entries.")
    ] = TAIL_ENTRIES,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """The newest entries, oldest first."""
    from ledger.errors import Misuse

    run = invocation_of(ctx)
    if follow and run.json:
        raise Misuse("usage", "--follow never ends, so it can't be one JSON document", "Leave one of them out.")
    with run.services() as services:
        ledger = services.ledger
        size = ledger.store.size()
        found = list(ledger.read(after=max(0, size - number), limit=number))
        rows = [(one.index, f"{one.recorded_at:%Y-%m-%d %H:%M:%S}", one.type, one.actor, _tags(one)) for one in found]
        run.answer(
            {"size": size, "entries": [_line(one) for one in found]},
            table("entry", "recorded (UTC)", "type", "said by", "about", rows=rows),
        )
        while follow:
            grown = ledger.store.wait(size, FOLLOW_WAIT_S)
            for one in ledger.read(after=size, limit=grown - size) if grown > size else ():
                run.stdout.print(
                    styled(f"{one.index}  {one.recorded_at:%H:%M:%S}  {one.type}  {one.actor}  {_tags(one)}")
                )
            size = grown
    return 0


@log.command()
def checkpoint(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """The signed tree head, as others should keep it."""
    from ledger.log.logkeys import stored_log_keys

    run = invocation_of(ctx)
    with run.services() as services:
        size, note = services.ledger.head()
        vkeys = list(stored_log_keys(services.ledger.store).current.vkeys)
    origin, _, root = note.decode().split("\n")[:3]
    found = {"origin": origin, "size": size, "root": root, "checkpoint": note.decode(), "log_vkeys": vkeys}
    run.answer(found, note.decode().rstrip("\n"))
    return 0


@log.command()
def vkeys(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """The log's two verifier keys. Whoever checks your evidence should have them from you, not from a pack."""
    from ledger.log.logkeys import stored_log_keys

    run = invocation_of(ctx)
    with run.services() as services:
        chain = stored_log_keys(services.ledger.store)
    links = [{"link": link.number, "since_entry": link.since, "log_vkeys": list(link.vkeys)} for link in chain.links]
    run.answer({"log_vkeys": list(chain.current.vkeys), "links": links}, "\n".join(chain.current.vkeys))
    return 0


@log.command()
def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Write checkpoint, tiles, entry bundles and keys as C2SP tlog-tiles, and verify what was written."""
    from ledger.log.logkeys import stored_log_keys
    from ops.log_export import export_log

    run = invocation_of(ctx)
    run.note("exporting and reading back")
    with run.services() as services:
        exported = export_log(services.ledger.store, stored_log_keys(services.ledger.store), folder)
    found = {"folder": shown(folder), **exported.as_json()}
    run.answer(found, facts(found.items()))
    return 0


@log.command()
def check(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A published log: a download of it, or an export.")],
    vkeys: Annotated[Path, typer.Option(metavar="FILE", help="The log's keys, one vkey a line, as you got them.")],
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The witnesses that you ask for, a tlog-policy.")
    ] = None,
    json: JsonOption = False,
) -> int:
    """Audit a published log as a stranger: every tile and entry, and every root of its tag index. Needs no home."""
    from ops.cli.evidence_commands import read_policy, read_vkeys
    from ops.log_check import check_log

    run = invocation_of(ctx)
    run.note("reading every file")
    found = {"folder": shown(folder), **check_log(folder, read_vkeys(vkeys), read_policy(policy))}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


@log.command()
def publish(
    ctx: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to; else the home's public/, which `serve` serves.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="Witnesses to ask, a tlog-policy; else the home's own."),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Bring the published tiles and checkpoint up to the log's head, and have witnesses cosign it."""
    from api.services.completeness import name_root
    from ops.home import Home
    from ops.publishing import HomePublisher

    run = invocation_of(ctx)
    with run.services() as services:
        settings = run.settings
        named = lambda: name_root(services.ledger, services.index)  # noqa: E731
        publisher = HomePublisher(Home(run.home), settings, services.ledger.store, folder, policy, named)
        round_ = publisher.publish()
    found = {"folder": shown(folder or Home(run.home).public), "entries": settings.publish_entries, **round_.as_json()}
    pairs = [(name.replace("_", " "), value) for name, value in found.items() if name != "witnessed"]
    seen = round_.witnessed
    answers = [(one.name, one.state, one.detail) for one in seen.answers] if seen else []
    pairs.append(("witnessed", seen.report.state.replace("_", " ") if seen else "no policy"))
    run.answer(found, facts(pairs), *([table("witness", "answer", "", rows=answers)] if answers else []))
    return 0 if seen is None or seen.report.state != "not_witnessed" else UNWITNESSED


def _summary(run: Invocation) -> int:
    with run.services() as services:
        size, _ = services.ledger.head()
        counts: dict[str, int] = {}
        for one in services.ledger.store.read_entries():
            counts[one.type] = counts.get(one.type, 0) + 1
    found = {"origin": run.settings.origin, "size": size, "types": dict(sorted(counts.items()))}
    pairs = [("origin", found["origin"]), ("entries", size)]
    run.answer(found, facts(pairs), table("type", "entries", rows=sorted(counts.items())))
    return 0


def _line(said: Said) -> dict[str, Any]:
    from schemas.base import format_instant

    return {
        "index": said.index,
        "recorded_at": format_instant(said.recorded_at),
        "type": said.type,
        "actor": said.actor,
        "statement_id": said.statement.id,
        "tags": list(said.statement.tags),
    }


def _tags(said: Said) -> str:
    return " ".join(_short(said.statement.tags))


def _short(tags: tuple[str, ...]) -> Iterator[str]:
    for tag in tags:
        name, _, value = tag.partition(":")
        yield f"{name}:{value if len(value) < 20 else value[:8] + '…'}"
