"""Looking for what only the service can look for, and saying what it looked at: sealed names, nearness to reference media.

Before a generation is requested its prompt is screened; a new entry is looked for in everything that is here. Matches are
said before the sweep that covers them, so a crash leaves less said than was found, never a sweep without its matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from api.services.near_media import SPEC as NEAR_SPEC
from api.services.near_media import FingerprintNear
from api.services.services import Services
from ledger.errors import Refused
from ledger.history import History, bodies
from ledger.rules.guardrails import Entry, entry, looked_at, looks_for, open_names, prompt_sha256, standing_entries
from ledger.rules.lineage import ancestors, arrival, descendants
from ledger.screening.matching import SPEC, Finding, Name, find
from ledger.screening.media import NearMedia
from ledger.statement import Opening
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import (
    GuardrailFinding,
    GuardrailMatched,
    GuardrailScreened,
    GuardrailSwept,
    Look,
    MediaPlace,
)

Hit = tuple[GuardrailFinding, MediaPlace | None]
"""What was found, and where, if it is in some place."""


@dataclass(frozen=True)
class Sweep:
    """What one new entry turned up: files it falls on, and all that was made from them, oldest first."""

    guardrail: str
    matched: tuple[str, ...]
    descendants: tuple[str, ...]
    generations: int
    assets: int

    def as_json(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def sweep_all(services: Services) -> list[Sweep]:
    """Looks for every entry that was not looked for yet, in what is here. Any number of processes may do so at once."""
    history = services.ledger.history()
    waiting = [body.guardrail for _, body in standing_entries(history) if not _swept(history, body.guardrail)]
    return [sweep(services, name) for name in waiting]


def _swept(history: History, name: str) -> bool:
    return bool(history.about(f"guardrail:{name}", GuardrailSwept))


def screen_request(services: Services, body: GenerationRequested, near: NearMedia | None = None) -> None:
    """Says `guardrail.screened.v1` of a prompt and its references, if the list has anything that needs it."""
    history = services.ledger.history()
    entries = [one for one in standing_entries(history) if looks_for(one[1])]
    if not entries:
        return
    found = tuple(_shape(finding) for finding in find(body.prompt, sealed_names(services, entries)))
    checked: list[Look] = ["words"]
    unseen: list[Look] = []
    if body.references:
        digests = [reference.sha256 for reference in body.references]
        hits, blind = _near(near or FingerprintNear(services), entries, digests)
        found = (*found, *(finding for finding, _ in hits))
        (unseen if blind else checked).append("media")
    said = GuardrailScreened(
        generation=body.generation,
        as_of=history.upto,
        spec=SPEC,
        prompt_sha256=None if found else prompt_sha256(body.prompt),
        checked=tuple(checked),
        not_checked=tuple(unseen),
        findings=found[:20],
    )
    services.ledger.say(said)


def sealed_names(services: Services, entries: Iterable[Entry]) -> tuple[Name, ...]:
    """People's names, out of the vault. Of somebody whose erasure is under way there are none."""
    found = []
    for said, body in entries:
        if body.person is not None:
            kept = services.ledger.vault.open(said.statement.id, "/body/names")
            found += [Name(body.guardrail, str(text)) for text in kept.value] if isinstance(kept, Opening) else []
    return tuple(found)


def sweep(services: Services, guardrail: str, near: NearMedia | None = None) -> Sweep:
    """One entry against every prompt and file that is here. Raises NotFound-like Refused `guardrail_unknown`."""
    history = services.ledger.history()
    one = entry(history, guardrail)
    if one is None:
        raise Refused("guardrail_unknown", f"guardrail {guardrail} was never listed")
    asked = [said.body for said in services.ledger.read(types=[GenerationRequested.TYPE]) if said.index < history.upto]
    files = _files(services, history.upto)
    looks: list[Look] = ["words"]
    requests = [body for body in asked if isinstance(body, GenerationRequested)]
    matched: dict[str, Hit] = {asset: (found, None) for asset, found in _by_prompt(services, history, one, requests)}
    if one[1].reference_media:
        by_media = _by_media(services, history, one, files, near or FingerprintNear(services))
        looks += ["media"] if by_media is not None else []
        matched = {**(by_media or {}), **matched}
    for asset, hit in matched.items():
        _say_match(services, asset, hit)
    services.ledger.say(
        GuardrailSwept(
            guardrail=guardrail,
            upto=history.upto,
            spec=SPEC,
            checked=tuple(looks),
            generations=len(asked),
            assets=len(files),
            matched=len(matched),
        )
    )
    children = {child: None for asset in matched for child in descendants(history, asset) if child not in matched}
    return Sweep(guardrail, tuple(matched), tuple(children), len(asked), len(files))


def _files(services: Services, upto: int) -> list[str]:
    found = services.ledger.read(types=[AssetImported.TYPE, AssetDerived.TYPE])
    return [
        said.body.asset for said in found if said.index < upto and isinstance(said.body, AssetImported | AssetDerived)
    ]


def _by_prompt(
    services: Services, history: History, one: Entry, asked: list[GenerationRequested]
) -> Iterator[tuple[str, GuardrailFinding]]:
    sealed = sealed_names(services, standing_entries(history))
    names = tuple(name for name in sealed if name.entry == one[1].guardrail) or open_names([one])
    for body in asked:
        for finding in find(body.prompt, names):
            shape = _shape(finding)
            if one[1].person is not None:
                _say_prompt(services, history, body, tuple(map(_shape, find(body.prompt, sealed))))
            for _, came in bodies(history.about(f"generation:{body.generation}", AssetImported), AssetImported):
                yield came.asset, shape


def _say_prompt(
    services: Services, history: History, body: GenerationRequested, findings: tuple[GuardrailFinding, ...]
) -> None:
    """So that a result that is brought in later is known for what it is. The newest screening counts, so it says all."""
    services.ledger.say(
        GuardrailScreened(
            generation=body.generation, as_of=history.upto, spec=SPEC, checked=("words",), findings=findings
        )
    )


def _by_media(
    services: Services, history: History, one: Entry, files: list[str], near: NearMedia
) -> dict[str, Hit] | None:
    """None: some reference can't be looked at, so nothing was compared with it."""
    answers = [near.near(reference) for reference in one[1].reference_media]
    if None in answers:
        return None
    for asset in files:
        if not _comparable(near, one, asset) and asset not in one[1].reference_media:
            blind = GuardrailScreened(
                asset=asset, as_of=history.upto, spec=near.spec, checked=(), not_checked=("media",)
            )
            services.ledger.say(blind)
    found: dict[str, Hit] = {}
    for asset, near_by in (pair for answer in answers if answer for pair in answer.items()):
        if asset not in found or near_by.score > found[asset][0].score:
            found[asset] = (_media_finding(one, near_by.score), near_by.place)
    return found | {asset: (_media_finding(one, 100), None) for asset in one[1].reference_media if asset in files}


def refresh(services: Services, asset: str, near: NearMedia | None = None) -> None:
    """Compares a file and what it was made from with reference media that nobody compared them with yet."""
    history = services.ledger.history()
    if arrival(history, asset) is None:
        return
    entries = [one for one in standing_entries(history) if "media" in looks_for(one[1])]
    images: NearMedia | None = near
    for name in ancestors(history, asset) if entries else ():
        came = arrival(history, name)
        index = came.index if came else None
        if all(looked_at(history, one, "media", f"asset:{name}", index) for one in entries):
            continue
        images = images or FingerprintNear(services)
        _compare(services, history, entries, name, images)


def _compare(services: Services, history: History, entries: list[Entry], asset: str, near: NearMedia) -> None:
    hits, blind = _near(near, entries, [asset])
    for hit in hits:
        _say_match(services, asset, hit)
    look: tuple[Look, ...] = ("media",)
    services.ledger.say(
        GuardrailScreened(
            asset=asset,
            as_of=history.upto,
            spec=near.spec,
            checked=() if blind else look,
            not_checked=look if blind else (),
            findings=tuple(finding for finding, _ in hits)[:20],
        )
    )


def _near(near: NearMedia, entries: list[Entry], assets: list[str]) -> tuple[list[Hit], bool]:
    """What is near, and whether something could not be looked at."""
    hits, blind = list[Hit](), False
    for one in entries:
        for reference in one[1].reference_media:
            answer = near.near(reference)
            blind = blind or answer is None
            if reference in assets:
                hits.append((_media_finding(one, 100), None))
                continue
            found = [answer[asset] for asset in assets if answer and asset in answer]
            if best := max(found, key=lambda nearness: nearness.score, default=None):
                hits.append((_media_finding(one, best.score), best.place))
        blind = blind or not all(_comparable(near, one, asset) for asset in assets)
    return hits, blind


def _comparable(near: NearMedia, one: Entry, asset: str) -> bool:
    """With every reference of the entry."""
    return all(near.comparable(asset, reference) for reference in one[1].reference_media)


def _media_finding(one: Entry, score: int) -> GuardrailFinding:
    return GuardrailFinding(guardrail=one[1].guardrail, method="media", score=score)


def _shape(finding: Finding) -> GuardrailFinding:
    return GuardrailFinding(
        guardrail=finding.entry, method=finding.method, score=finding.score, start=finding.start, end=finding.end
    )


def _say_match(services: Services, asset: str, hit: Hit) -> None:
    finding, place = hit
    spec = SPEC if place is None else NEAR_SPEC
    try:
        services.ledger.say(GuardrailMatched(asset=asset, finding=finding, spec=spec, place=place))
    except Refused as refused:
        if refused.code != "guardrail_matched_already":
            raise
