"""The do-not-generate list at the door and in decisions: what stands on it, what falls under it, who looked (SPEC S5.10).

Names in the open are looked for here, in every prompt. People's names are sealed, so the service looks for them and says so;
what it did not look at since an entry came is `not_checked`, and blocks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.lineage import arrival
from ledger.rules.proposal import Proposal, refuse
from ledger.screening.matching import Finding, Name, find
from ledger.statement import Said
from schemas.statements.erasure import SubjectErased
from schemas.statements.generation import GenerationRequested
from schemas.statements.guardrail import (
    LIST_TAG,
    GuardrailAdded,
    GuardrailLifted,
    GuardrailMatched,
    GuardrailScreened,
    GuardrailSwept,
    Look,
)

Entry = tuple[Said, GuardrailAdded]


def entry(history: History, name: str) -> Entry | None:
    """The statement that put an entry on the list, or None."""
    found = bodies(history.about(f"guardrail:{name}", GuardrailAdded), GuardrailAdded)
    return found[0] if found else None


def standing_entries(history: History) -> list[Entry]:
    """Every entry that nobody lifted, whatever its dates. An erased person's is none: nobody knows any more whom it named."""
    found = history.about(LIST_TAG, GuardrailAdded, GuardrailLifted)
    lifted = {body.guardrail for _, body in bodies(found, GuardrailLifted)}
    return [
        (said, body)
        for said, body in bodies(found, GuardrailAdded)
        if body.guardrail not in lifted
        and not (body.person is not None and history.about(f"person:{body.person}", SubjectErased))
    ]


def listed(history: History, at: datetime) -> list[Entry]:
    """What stands on the list at an instant."""
    return [
        (said, body)
        for said, body in standing_entries(history)
        if body.effective_from <= at and (body.effective_until is None or at < body.effective_until)
    ]


def open_names(entries: Iterable[Entry]) -> tuple[Name, ...]:
    """Names that stand in the log; people's do not."""
    return tuple(
        Name(body.guardrail, text, body.allowed)
        for _, body in entries
        if body.label is not None
        for text in dict.fromkeys((body.label, *body.aliases))
    )


def looks_for(body: GuardrailAdded) -> frozenset[Look]:
    """What only the service can look for: a person's sealed names, nearness to reference media."""
    words: set[Look] = {"words"} if body.person is not None else set()
    return frozenset(words | ({"media"} if body.reference_media else set()))


def screening(history: History, tag: str) -> tuple[Said, GuardrailScreened] | None:
    """The newest screening of a prompt (`generation:…`) or of a file (`asset:…`)."""
    found = bodies(history.about(tag, GuardrailScreened), GuardrailScreened)
    return found[-1] if found else None


def looked_at(history: History, one: Entry, look: Look, tag: str, index: int | None) -> Said | None:
    """The entry by which the service looked for a list entry in the thing `tag`, which entry `index` brought, if it did."""
    said, body = one
    seen = screening(history, tag)
    if seen is not None and seen[1].as_of > said.index and look in (*seen[1].checked, *seen[1].not_checked):
        return seen[0] if look in seen[1].checked else None
    sweeps = bodies(history.about(f"guardrail:{body.guardrail}", GuardrailSwept), GuardrailSwept)
    for swept, sweep in reversed(sweeps):
        if index is not None and sweep.upto > index and look in sweep.checked:
            return swept
    return None


# -- at the door -------------------------------------------------------------------------------------------------------


def against_request(history: History, body: GenerationRequested, at: datetime) -> Iterator[Reason]:
    """Every entry that the prompt or a reference falls under, and every one that nobody looked for."""
    entries = listed(history, at)
    for finding in find(body.prompt, open_names(entries)):
        yield _reason(history, finding)
    given = {reference.sha256 for reference in body.references}
    for said, one in entries:
        if given & set(one.reference_media):
            yield Reason("guardrail_reference", f"a reference is listed under guardrail {one.guardrail}", said.index)
        yield from _unseen(history, body, (said, one))


def _unseen(history: History, body: GenerationRequested, one: Entry) -> Iterator[Reason]:
    tag, said = f"generation:{body.generation}", one[0]
    wanted = looks_for(one[1]) if body.references else looks_for(one[1]) - {"media"}
    seen = screening(history, tag)
    for look in sorted(wanted):
        if looked_at(history, one, look, tag, None) is None:
            what = (
                f"nobody looked for guardrail {one[1].guardrail} in this {'prompt' if look == 'words' else 'reference'}"
            )
            yield Reason("prompt_not_screened", what, said.index)
    if seen is None or not wanted:
        return
    for finding in seen[1].findings:
        if finding.guardrail == one[1].guardrail:
            what = f"the prompt falls under guardrail {finding.guardrail} ({finding.method}, {finding.score})"
            yield Reason("guardrail_match", what, said.index)
    if "words" in wanted and seen[1].prompt_sha256 != prompt_sha256(body.prompt):
        yield Reason("prompt_not_screened", "not this prompt was found to be clear", seen[0].index)


def prompt_sha256(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()


def _reason(history: History, finding: Finding) -> Reason:
    found = entry(history, finding.entry)
    where = f"characters {finding.start} to {finding.end}"
    what = f"the prompt falls under guardrail {finding.entry} ({finding.method}, {finding.score}, {where})"
    return Reason("guardrail_match", what, found[0].index if found else None)


def accept_entry(proposal: Proposal, body: GuardrailAdded, history: History, at: datetime) -> None:
    """Under a new number; a person's names come sealed, under the pseudonym that the entry names."""
    if (found := entry(history, body.guardrail)) is not None:
        refuse("guardrail_known", f"guardrail {body.guardrail} was listed before", found[0].index)
    sealed = proposal.statement.sealed.get("/body/names")
    if (body.person is not None) != (sealed is not None):
        refuse("guardrail_names", "a person's names are sealed with the entry, and nobody else's are")
    if sealed is not None and sealed.subject != body.person:
        refuse("guardrail_names", "the names are sealed under another pseudonym than the entry's")


def accept_lift(proposal: Proposal, body: GuardrailLifted, history: History, at: datetime) -> None:
    _known(history, body.guardrail)
    if (said := history.last(f"guardrail:{body.guardrail}", GuardrailLifted)) is not None:
        refuse("guardrail_lifted", "the entry was lifted before", said.index)


def accept_screening(proposal: Proposal, body: GuardrailScreened, history: History, at: datetime) -> None:
    """Of what the log held by then; findings are of known entries; a clean prompt is pointed at, another is not."""
    if body.as_of > history.upto:
        refuse("screening_ahead", f"the log has {history.upto} entries, not {body.as_of}")
    for finding in body.findings:
        _known(history, finding.guardrail)
    if (body.prompt_sha256 is not None) != (body.generation is not None and not body.findings):
        refuse("screening_prompt", "exactly a clean prompt is named by its digest")


def accept_match(proposal: Proposal, body: GuardrailMatched, history: History, at: datetime) -> None:
    """Once for each file, entry and way of looking."""
    if arrival(history, body.asset) is None:
        refuse("asset_unknown", f"no file with the digest {body.asset} is in the ledger")
    _known(history, body.finding.guardrail)
    for said, match in bodies(history.about(f"asset:{body.asset}", GuardrailMatched), GuardrailMatched):
        if (match.finding.guardrail, match.finding.method) == (body.finding.guardrail, body.finding.method):
            refuse("guardrail_matched_already", "this match is recorded", said.index)


def accept_sweep(proposal: Proposal, body: GuardrailSwept, history: History, at: datetime) -> None:
    found = _known(history, body.guardrail)
    if not found[0].index < body.upto <= history.upto:
        refuse("sweep_misplaced", "a sweep reaches from behind its entry to no further than the log", found[0].index)


def _known(history: History, name: str) -> Entry:
    found = entry(history, name)
    if found is None:
        refuse("guardrail_unknown", f"guardrail {name} was never listed")
    return found
