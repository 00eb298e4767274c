"""What a pass is for: the very bytes that were cleared, or what they show, in a file of the same signer (SPEC S11.11).

A pass can't lie in the file whose digest it names. So one that travels in a file is for the *essence* (coded picture and
sound), which the log says the cleared file has, and for the one certificate whose signature holds over the whole file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import Refused, Untrusted
from ledger.proof.logentry import LogEntry, hex_digest

_ESSENCE = frozenset({"sha256", "algorithm", "entry_index", "certificate_sha256"})


@dataclass(frozen=True)
class Essence:
    """Of a file in hand: what its checker computed over picture and sound, and whose signature held over all of its bytes."""

    sha256: str
    algorithm: str
    certificate_sha256: str


def check_essence_said(claims: Mapping[str, Any], entries: Sequence[LogEntry]) -> None:
    """That the log says what the token says of the cleared file's essence, if it says anything.

    Raises Untrusted `pass_claims`, `pass_essence`.
    """
    said = claims["essence"]
    if said is None:
        return
    if not isinstance(said, dict) or said.keys() != _ESSENCE:
        raise Untrusted("pass_claims", "the token does not say which essence it is for")
    hex_digest(said["certificate_sha256"])
    found = next((one for one in entries if one.index == said["entry_index"]), None)
    if found is None or found.type != "asset.examined.v1" or found.actor != entries[0].actor or found.on_behalf:
        raise Untrusted("pass_essence", "the entry that it names is not the service's own examination")
    same = (found.body.get("asset"), found.body.get("essence_sha256")) == (claims["sha256"], said["sha256"])
    if not same or said["algorithm"] != _essence_algorithm(found):
        raise Untrusted("pass_essence", "the log says another essence of the cleared file")


def check_subject(claims: Mapping[str, Any], subject: str | Essence) -> None:
    """`subject`: the digest of the file in hand, or its essence. Raises Refused `pass_other_file`, `pass_other_signer`."""
    said = claims["essence"]
    if isinstance(subject, str):
        if claims["sha256"] != subject:
            raise Refused("pass_other_file", "the pass is for other bytes than these", "Ask for a pass for this file.")
        return
    if said is None or (said["sha256"], said["algorithm"]) != (subject.sha256, subject.algorithm):
        raise Refused("pass_other_file", "the pass is for another picture or sound", "Ask for a pass for this file.")
    if said["certificate_sha256"] != subject.certificate_sha256:
        what = "the manifest that carries the pass was signed by somebody else than the pass says"
        raise Refused("pass_other_signer", what, "Ask for a pass for this file.")


def _essence_algorithm(examined: LogEntry) -> Any:
    findings = examined.body.get("findings", ())
    return next((one.get("algorithm") for one in findings if one.get("extractor") == "essence"), None)
