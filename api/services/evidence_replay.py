"""Step 10 of a pack's check: the verdicts, weighed again from the pack's own entries (SPEC S8.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from api.services.evidence_certificate import certificate_text
from api.services.evidence_claims import claims_of, gaps_of, questions_now
from api.services.evidence_contents import PackEntries, asked_topics, decisions
from api.services.evidence_reading import Reading
from api.services.facts import facts_bytes, facts_in
from ledger.errors import LedgerError
from ledger.history import History
from ledger.proof.canonical import parse_json
from ledger.proof.pack import check_pack
from ledger.proof.packclaims import Topics, entry_name
from ledger.proof.packcomplete import merge_topics
from ledger.proof.packfile import PackFile
from ledger.proof.packreport import PackFault, PackReport, PackStep
from ledger.proof.policy import TlogPolicy
from ledger.rules.clearances import standing
from ledger.rules.decision import RULES_KNOWN, RULES_VERSION, decide
from ledger.statement import Said, read_entry
from ledger.store.contract import Stored
from schemas.evidence import PackEntry, PackManifest
from schemas.facts import FACTS_FORMAT, PackFacts
from schemas.statements.clearance import ClearanceDecided, ClearanceIssued

REPLAY_STEP = 10


def replay(
    source: bytes | Path, trusted_vkeys: Sequence[str] | None = None, policy: TlogPolicy | None = None
) -> PackReport:
    """`check_pack` with step 10: what is claimed is computed again, by the same rules, from the pack's entries alone.

    A pack whose bytes fail is not weighed again. Raises what `check_pack` raises.
    """
    report = check_pack(source, trusted_vkeys, policy)
    if report.state == "untrusted":
        return replace(report, steps=_in_order(*report.steps, PackStep(REPLAY_STEP, None, (), ())))
    file = PackFile(source)
    try:
        step, remarks = _replayed(file)
    finally:
        file.close()
    return replace(report, steps=_in_order(*report.steps, *step), remarks=(*report.remarks, *remarks))


def _in_order(*steps: PackStep) -> tuple[PackStep, ...]:
    return tuple(sorted(steps, key=lambda one: one.number))


def _replayed(file: PackFile) -> tuple[tuple[PackStep, ...], tuple[str, ...]]:
    """Step 10, or nothing and a remark where the pack was made under rules that this version does not have."""
    try:
        manifest = PackManifest.model_validate(parse_json(file.read("pack.json")))
        if manifest.rules not in RULES_KNOWN:
            return (), (
                f"step {REPLAY_STEP} was left out: rules {manifest.rules} made the pack, {RULES_VERSION} are here",
            )
        found = [_said(file, entry) for entry in manifest.entries]
        older = [entry_name(said.index) for said, body in decisions(found) if body.rules not in RULES_KNOWN]
        step = PackStep(REPLAY_STEP, len(manifest.claims), tuple(_weigh_again(file, manifest, found)), ())
        remarks = [f"{name} was decided by other rules and not weighed again" for name in older]
        if manifest.index is not None and _facts_format(file) != FACTS_FORMAT:
            remarks.append("facts.json and certificate.txt are of another version and were not computed again")
        return (step,), tuple(remarks)
    except (LedgerError, KeyError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        what = f"an entry or a claim has no shape that these rules know ({type(error).__name__})"
        return (PackStep(REPLAY_STEP, 0, (PackFault(REPLAY_STEP, "pack.json", "not_replayable", what),), ()),), ()


def _said(file: PackFile, listed: PackEntry) -> Said:
    said = read_entry(Stored(listed.index, listed.type, (), file.read(entry_name(listed.index))))
    if said.statement.tags != said.body.tags():
        raise ValueError("the tags are not those of the body (SPEC S2.1)")
    return said


def _weigh_again(file: PackFile, manifest: PackManifest, found: list[Said]) -> Iterator[PackFault]:
    reading, assets = Reading(PackEntries(found), manifest.size), manifest.subject.files
    asked: dict[str, Topics] = {}
    for said, body in decisions(found):
        if body.rules in RULES_KNOWN and not _follows(reading, said, body, asked):
            what = "the rules of this version, weighed over the entries before it, give another verdict"
            yield PackFault(REPLAY_STEP, entry_name(said.index), "verdict_differs", what)
    size, at = manifest.told
    computed = claims_of(reading, size, assets, at, manifest.known is not None, manifest.rules)
    for claimed, again in zip(manifest.claims, computed, strict=False):
        if claimed != again:
            what = f"the entries don't give this claim: {claimed.sentence}"
            yield PackFault(REPLAY_STEP, "pack.json", "claim_differs", what)
    if len(computed) != len(manifest.claims):
        yield PackFault(REPLAY_STEP, "pack.json", "claims_differ", "the entries give more claims, or fewer")
    shape = {"indexed": manifest.index is not None, "bounded": manifest.bounded, "pdf": manifest.has_pdf}
    gaps = gaps_of(reading, size, assets, manifest.omitted, **shape)
    if list(manifest.gaps) != gaps:
        yield PackFault(REPLAY_STEP, "pack.json", "gaps_differ", "the entries give other gaps")
    if manifest.index is not None:
        history = reading.history(size)
        for question in questions_now(reading, size, assets, at):
            decide(history, question, question.valid_from, manifest.rules)
            standing(history, question, question.valid_from)
        told = reading.history(size)  # of its own: facts are told of whatever was read for them
        facts = facts_in(told, assets, at)
        _note(asked, history)
        _note(asked, told)
        yield from _written_differently(file, manifest, facts)
        yield from _left_open(manifest, asked)


def _written_differently(file: PackFile, manifest: PackManifest, facts: PackFacts) -> Iterator[PackFault]:
    """facts.json and the draft of a certificate, computed again from the entries; not those of another version."""
    if _facts_format(file) != facts.format:
        return
    verifier = manifest.members["verify.py"]
    again = {"facts.json": facts_bytes(facts), "certificate.txt": certificate_text(manifest, facts, verifier)}
    for name, computed in again.items():
        if file.read(name) != computed:
            what = "the entries of the pack give another one"
            yield PackFault(REPLAY_STEP, name, f"{name.partition('.')[0]}_differs", what)


def _facts_format(file: PackFile) -> object:
    told = parse_json(file.read("facts.json"))
    return told.get("format") if isinstance(told, dict) else None


def _left_open(manifest: PackManifest, asked: dict[str, Topics]) -> Iterator[PackFault]:
    """What a rule asked about and the pack does not show completely: a withdrawal could be missing there."""
    complete = {one.tag: frozenset(one.topics) for one in manifest.complete or ()}
    for tag, topics in sorted(asked.items()):
        held = complete.get(tag)
        if held is None or (held and not (topics and topics <= held)):
            what = f"a rule asks about {tag}, and nothing shows that these are all entries about it"
            yield PackFault(REPLAY_STEP, "pack.json", "question_left_open", what)


def _note(asked: dict[str, Topics], history: History) -> None:
    for tag, topics in asked_topics(history):
        merge_topics(asked, tag, topics)


def _follows(reading: Reading, said: Said, body: ClearanceDecided, asked: dict[str, Topics]) -> bool:
    history = reading.history(said.index)
    decision = decide(history, body.question, body.decided_at, body.rules)
    _note(asked, history)
    same = (decision.weighed, decision.consents) == (body.weighed, body.consents)
    return same and decision.allowed == isinstance(body, ClearanceIssued)
