"""Files enter once, are examined as they are, and derive only from known files."""

from __future__ import annotations

from datetime import datetime

from ledger.errors import Reason
from ledger.history import History
from ledger.rules.generations import generation
from ledger.rules.lineage import arrival
from ledger.rules.proposal import Proposal, refuse, refuse_all
from schemas.statements.asset import AssetDerived, AssetExamined, AssetImported, ManifestIssued


def known(history: History, asset: str) -> None:
    """Raises Refused `asset_unknown` unless the file entered the ledger."""
    if arrival(history, asset) is None:
        refuse("asset_unknown", f"no file with the digest {asset} is in the ledger")


def _new(history: History, asset: str) -> None:
    if (said := arrival(history, asset)) is not None:
        refuse("asset_known", f"the file {asset} is in the ledger already", said.index)


def accept_import(proposal: Proposal, body: AssetImported, history: History, at: datetime) -> None:
    """A digest enters once; a named generation must have been requested; nobody grades their own word up."""
    _new(history, body.asset)
    if body.evidence_grade == "gateway_captured" and "service" not in proposal.roles:
        refuse("grade_not_yours", "only the ledger itself can say that it fetched a file")
    if body.evidence_grade == "provider_record" and body.provider_job is None:
        refuse("grade_without_record", "a file known from a provider's record names the job")
    if body.generation is not None and generation(history, body.generation) is None:
        refuse("generation_unknown", f"generation {body.generation} was never requested")


def accept_examination(proposal: Proposal, body: AssetExamined, history: History, at: datetime) -> None:
    known(history, body.asset)


def accept_derivation(proposal: Proposal, body: AssetDerived, history: History, at: datetime) -> None:
    """Every parent is known, the child is new: so lineage can't have a cycle. A signed twin has exactly one parent."""
    _new(history, body.asset)
    missing = [parent for parent in body.parents if arrival(history, parent) is None]
    refuse_all(
        "a parent is not in the ledger",
        (Reason("parent_unknown", f"no file with the digest {parent} is in the ledger") for parent in missing),
    )
    if body.relation == "signed" and len(body.parents) != 1:
        refuse("signed_parents", "a signed file is the twin of exactly one file")


def accept_manifest(proposal: Proposal, body: ManifestIssued, history: History, at: datetime) -> None:
    """For a known file, and once."""
    known(history, body.asset)
    if (said := history.last(f"manifest:{body.manifest_sha256}", ManifestIssued)) is not None:
        refuse("manifest_issued_already", "this manifest was issued before", said.index)
