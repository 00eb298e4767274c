"""criteria add-mark, end-mark, list: what files are looked through for beside what every file is looked at for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops.cli.invocation import HomeOption, Invocation, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, table

criteria = typer.Typer(help="What files are looked through for: providers' visible marks, a brand's style kits.")
criteria.callback()(everywhere)
ActorOption = Annotated[
    str | None,
    typer.Option("--as", metavar="ACTOR", help="Who says so; their key lies in keys/. Default: the operator."),
]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Where it comes from; it stays in the log for good.")]


@criteria.command("add-mark")
def add_mark(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The mark alone: light on black, or on transparency.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="The same name takes the older template's place.")],
    provider: Annotated[str, typer.Option(metavar="TEXT", help="Whose mark it is.")],
    reason: ReasonOption,
    width: Annotated[int, typer.Option(metavar="PERMILLE", help="Its width in thousandths of the picture's.")] = 200,
    actor: ActorOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Have every file that comes in from now on looked through for a provider's visible mark."""
    from api.services.criteria import read_picture

    run = invocation_of(ctx)
    content = read_picture(file)
    words = {"template": name, "provider": provider, "width_permille": width, "reason": reason}
    return _say(run, actor, "mark.template-registered.v1", words, {"image_sha256": content})


@criteria.command("end-mark")
def end_mark(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    reason: ReasonOption,
    actor: ActorOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Look for a mark no longer. What was found stays found."""
    from ledger.errors import NotFound
    from ledger.rules.criteria import templates

    run = invocation_of(ctx)
    with run.services() as services:
        before = next((one for one in templates(services.ledger.history()) if one.template == name), None)
    if before is None:
        raise NotFound("mark_template_unknown", f"no mark {name} is looked for", "See `countersign criteria list`.")
    words = {**before.as_json(), "image_sha256": None, "reason": reason}
    return _say(run, actor, "mark.template-registered.v1", words, {})


@criteria.command("adopt-kit")
def adopt_kit(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The kit as JSON; `say --example stylekit.adopted.v1` shows one.")
    ],
    logo: Annotated[
        list[str] | None, typer.Option("--logo", metavar="ID=FILE", help="A logo's picture; repeat for more.")
    ] = None,
    actor: ActorOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Hold every file that comes in from now on against a brand's colours, logos and texts."""
    from api.services.criteria import read_kit, read_picture
    from ledger.errors import Misuse

    run, words = invocation_of(ctx), read_kit(file)
    pictures: dict[str, bytes] = {}
    for one in logo or ():
        name, separator, path = one.partition("=")
        if not separator:
            raise Misuse("logo_invalid", f"{one} is not ID=FILE", "Say for example --logo cup=cup.png.")
        pictures[name] = read_picture(Path(path))
    return _say(run, actor, "stylekit.adopted.v1", words, {}, pictures)


@criteria.command("list")
def list_criteria(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Everything that files are looked through for, and what it takes that is not installed here."""
    from api.services.criteria import criteria_answer

    run = invocation_of(ctx)
    with run.services() as services:
        answer = criteria_answer(services.ledger.history(), services.blobs, services.clock.now())
    rows = [
        (one["kind"], one["name"], one["detail"], "here" if one["here"] else "MISSING") for one in answer["criteria"]
    ]
    needs = [(name, do) for name, do in answer["not_installed"].items()]
    shown = (
        table("kind", "name", "", "pictures", rows=rows) if rows else "Nothing beside what every file is looked at for."
    )
    run.answer(answer, shown, *([table("not checked here", "until", rows=needs)] if needs else []))
    return 0


def _say(
    run: Invocation,
    actor: str | None,
    wire_type: str,
    words: dict[str, Any],
    pictures: dict[str, bytes],
    logos: dict[str, bytes] | None = None,
) -> int:
    """The pictures first: an entry never names one that isn't here."""
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.settings import read_settings
    from ops.speaking import parsed, speak

    speaker = actor_name(actor or read_settings(run.home).operator)
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(speaker))
        digests = {name: services.blobs.put(content) for name, content in pictures.items()}
        shown = [{"id": name, "image_sha256": services.blobs.put(content)} for name, content in (logos or {}).items()]
        body = parsed(wire_type, words | digests | ({"logos": shown} if shown else {}))
        receipt = speak(services.ledger, key, speaker, body)
    found = {**body.as_json(), "entry_index": receipt.index}
    run.answer(
        found, facts((label.replace("_", " "), str(value)) for label, value in found.items() if value is not None)
    )
    return 0
