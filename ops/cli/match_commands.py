"""reference and matches: what files are compared with, what was found, and what people who looked say of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ops.cli.invocation import HomeOption, JsonOption, everywhere, invocation_of
from ops.cli.printing import facts, seconds, table

if TYPE_CHECKING:
    from schemas.api.matching import MatchRow

references = typer.Typer(help="What files are compared with: works, forbidden media, enrolled pictures.")
matches = typer.Typer(help="Files near reference media: found, reviewed, decided again.")
references.callback()(everywhere)
matches.callback()(everywhere)
AsOption = Annotated[str, typer.Option("--as", metavar="ACTOR", help="Whose key signs; it lies in keys/.")]
AfterOption = Annotated[
    int, typer.Option("--after", metavar="INDEX", help="Only what came after this entry, as a page before said.")
]
DIFFERS = 5  # a recorded match that stored codes don't bear out


@references.command("add")
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A still, a clip or a sound.")],
    basis: Annotated[str, typer.Option(metavar="TEXT", help="Why it may be kept and compared with.")],
    actor: AsOption,
    kind: Annotated[str, typer.Option(metavar="KIND", help="known-work, do-not-generate or likeness.")] = "known-work",
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="What people call it.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="TEXT", help="Who holds the rights in it.")] = None,
    guardrail: Annotated[str | None, typer.Option(metavar="ID", help="The entry of the list it illustrates.")] = None,
    person: Annotated[str | None, typer.Option(metavar="PERSON", help="Whose picture, by pseudonym.")] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Register a reference and look for it at once in what is here. A person's picture leaves codes in the vault only."""
    from typing import get_args

    from api.services.comparing import compare_all
    from api.services.match_answers import matches_answer, reference_answer
    from api.services.references import Registration, register_reference
    from ledger.door import Receipt
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name, files_in, one_of
    from ops.home import Home
    from ops.speaking import speak
    from schemas.base import Body
    from schemas.statements.reference import ReferenceKind

    run = invocation_of(ctx)
    one_of(kind, get_args(ReferenceKind), "--kind")
    (path,) = files_in([file])
    said = Registration(kind, basis, title, owner, guardrail, person)  # type: ignore[arg-type]  # checked above
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))

        def say(body: Body, sealed: dict[str, Any] | None, subject: str | None) -> Receipt:
            return speak(services.ledger, key, actor, body, sealed=sealed, subject=subject)

        name, receipt = register_reference(services, path, said, say)
        compare_all(services, run.note)
        found, ways = matches_answer(services, reference=name), reference_answer(services, name).reference.ways
    told = {"reference": name, "ways": list(ways), "entry_index": receipt.index, **found.model_dump(mode="json")}
    named = [("reference", name), ("entry", str(receipt.index)), ("compared by", " and ".join(ways))]
    run.answer(told, facts(named), _listed(found.matches))
    return 0


@references.command("list")
def list_(ctx: typer.Context, after: AfterOption = -1, home: HomeOption = None, json: JsonOption = False) -> int:
    """What files are compared with, and what was withdrawn."""
    from api.services.match_answers import references_answer

    run = invocation_of(ctx)
    with run.services() as services:
        found = references_answer(services, after=after)
    rows = [
        (
            one.reference,
            one.kind,
            " and ".join(one.ways),
            one.title or one.person or "",
            one.owner or "",
            "" if one.standing else "withdrawn",
        )
        for one in found.references
    ]
    listed = table("reference", "kind", "compared by", "what", "owner", "", rows=rows)
    run.answer(found.model_dump(mode="json"), listed, *_more(found.next_after))
    return 0


@references.command("show")
def show(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Its number.")],
    after: AfterOption = -1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Who used this? Every file near a reference, and how many were made from it."""
    from api.services.match_answers import reference_answer

    run = invocation_of(ctx)
    with run.services() as services:
        found = reference_answer(services, reference, after=after)
    run.answer(found.model_dump(mode="json"), _listed([use.match for use in found.used_by]), *_more(found.next_after))
    return 0


@references.command("withdraw")
def withdraw(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="Its number.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why. It stays in the log.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Compare nothing with it any more: its codes leave memory, files and tables."""
    return _say(ctx, actor, "reference.withdrawn.v1", {"reference": reference, "reason": reason})


@matches.command("list")
def list_matches(
    ctx: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that nobody reviewed.")] = False,
    after: AfterOption = -1,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Files near reference media, with the word of whoever looked."""
    from api.services.match_answers import matches_answer

    run = invocation_of(ctx)
    with run.services() as services:
        found = matches_answer(services, waiting=waiting, after=after)
    run.answer(found.model_dump(mode="json"), _listed(found.matches), *_more(found.next_after))
    return 0


@matches.command("review")
def review(
    ctx: typer.Context,
    match: Annotated[
        str,
        typer.Argument(metavar="MATCH|DIGEST", help="A match, or a file as a whole."),
    ],
    verdict: Annotated[str, typer.Option(metavar="WORD", help="same, innocent or different.")],
    comment: Annotated[str, typer.Option(metavar="TEXT", help="What was seen. It stays in the log.")],
    actor: AsOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say what a match shows: the work, and it should not; the work, and it may; or something else."""
    from ledger.errors import NotFound
    from ledger.history import bodies
    from schemas.statements.match import MatchFound

    run = invocation_of(ctx)
    named: dict[str, Any] = {"asset": match}
    if len(match) != 64:
        with run.services() as services:
            said = bodies(services.ledger.history().about(f"match:{match}", MatchFound), MatchFound)
        if not said:
            raise NotFound("match_unknown", f"there is no match {match}", "See `matches list`.")
        named = {"match": match, "asset": said[0][1].asset, "reference": said[0][1].reference}
    return _say(ctx, actor, "match.reviewed.v1", {**named, "verdict": verdict, "comment": comment})


@matches.command("replay")
def replay(
    ctx: typer.Context,
    match: Annotated[str, typer.Argument(metavar="MATCH", help="Its number.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Decide a recorded match again from stored codes, under its policy. Exit code 5 if it comes out otherwise."""
    from api.services.match_answers import replay as replayed

    run = invocation_of(ctx)
    with run.services() as services:
        found = replayed(services, match)
    pairs = [("recorded", found.recorded), ("again", found.again), ("differs", ", ".join(found.differs) or "nothing")]
    run.answer(found.model_dump(mode="json"), facts(pairs))
    return 0 if found.outcome == "same" else DIFFERS


@matches.command("compare")
def compare(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Compare what nobody compared yet. It goes on where it stopped; the worker does it too."""
    from api.services.comparing import compare_all

    run = invocation_of(ctx)
    with run.services() as services:
        done = compare_all(services, run.note)
    run.answer(done.as_json(), facts([(name, str(value)) for name, value in done.as_json().items()]))
    return 0


@matches.command("rates")
def rates(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """How often matching is wrong: at the present size of the index, and by people's reviews."""
    from api.services.match_answers import matching_answer

    run = invocation_of(ctx)
    with run.services() as services:
        found = matching_answer(services)
    measured = [
        (name, one.bits, f"{one.upper_95:.3g}", f"{one.fitted:.3g}") for name, one in found.false_per_search.items()
    ]
    of_sound = [(name, "", f"{rate:.3g}", "") for name, rate in found.sound.false_per_search.items()]
    both = (("picture", found.reviewed), ("sound", found.sound.reviewed))
    reviewed = [(by, name, one["reviewed"], one["false"]) for by, rates in both for name, one in rates.items()]
    about = [
        ("policy", found.policy),
        ("codes", str(found.codes)),
        ("comparisons for one frame", str(found.comparisons)),
    ]
    about.append(("wrong pairs counted", str(found.wrong_pairs)))
    run.answer(
        found.model_dump(mode="json"),
        facts([*about, ("of", found.source), ("set apart", ", ".join(found.set_apart) or "nothing")]),
        table("decision", "bits", "false a search, at most", "fitted", rows=measured),
        facts([("sounds", str(found.sound.sounds)), ("wrong pairs counted", str(found.sound.wrong_pairs))]),
        table("decision", "", "false a search by sound, at most", "", rows=of_sound),
        table("by", "decision", "reviewed", "something else", rows=reviewed),
    )
    return 0


def _more(after: int | None) -> tuple[str, ...]:
    return () if after is None else (f"There are more: --after {after}",)


def _listed(rows: Sequence[MatchRow]) -> Text:
    """Two lines a match: its whole number with what was found and said, then which file is near which reference, and where."""
    listed = Text("" if rows else "no match")
    for n, one in enumerate(rows):
        found = f"{one.decision} by {one.way} ({one.distance_median} bits)"
        listed.append(("\n" if n else "") + f"{one.match}  {found}: {one.verdict or 'nobody looked'}\n")
        place = f"at {seconds(one.asset_ms)} as there at {seconds(one.reference_ms)}"
        listed.append(f"  file {one.asset_sha256[:12]}, reference {one.reference},\n  {place}", style="dim")
    return listed


def _say(ctx: typer.Context, actor: str, wire_type: str, body: dict[str, Any]) -> int:
    from ledger.keys import read_signing_key
    from ops.cli.inputs import actor_name
    from ops.home import Home
    from ops.speaking import parsed, speak

    run = invocation_of(ctx)
    with run.services() as services:
        key = read_signing_key(Home(run.home).actor_key(actor_name(actor)))
        receipt = speak(services.ledger, key, actor, parsed(wire_type, body))
        services.views.catch_up()
    told = {"type": wire_type, "entry_index": receipt.index}
    run.answer(told, facts([(name, str(value)) for name, value in told.items()]))
    return 0
