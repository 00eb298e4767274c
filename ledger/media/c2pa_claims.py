"""What a C2PA claim asserts, picked out of the engine's report: pure functions over its JSON, and none of it believed.

Everything here comes from a stranger: text is bounded, numbers are whole, unknown vocabulary is remarked upon.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

LEDGER_ASSERTION: Final = "org.countersign.ledger"
TRAINED_ALGORITHMIC_MEDIA: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
TEXT_CHARS_MAX: Final = 512  # a name or a URI; longer ones are cut, they are for people to read
ASSERTION_MEMBERS_MAX: Final = 32  # our own assertion has four members
USES_MAX: Final = 16  # the vocabulary has four uses; more is an attack on our memory
_PERMITTED: Final = ("notAllowed", "constrained", "allowed")  # the stricter first
SOFT_BINDINGS_MAX: Final = 64
SOFT_BINDING_CHARS_MAX: Final = 4_096  # ours has 1,368 at most
ANCESTORS_MAX: Final = 64  # how far back a digital source type is looked for
# IPTC NewsCodes digitalsourcetype as of 2026 and the two that the C2PA specification adds.
_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGITAL_SOURCE_TYPES: Final = frozenset(
    {
        _IPTC + name
        for name in (
            "digitalCapture", "computationalCapture", "negativeFilm", "positiveFilm", "print", "minorHumanEdits",
            "humanEdits", "compositeWithTrainedAlgorithmicMedia", "algorithmicallyEnhanced", "softwareImage",
            "digitalArt", "digitalCreation", "dataDrivenMedia", "trainedAlgorithmicMedia", "algorithmicMedia",
            "screenCapture", "virtualRecording", "composite", "compositeCapture", "compositeSynthetic",
            "multiFrameComputationalCapture",
        )
    }
    | {"http://c2pa.org/digitalsourcetype/empty", "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"}
)  # fmt: skip
# Of these, what a model made, wholly or in part; a file that says any other says that none did.
AI_SOURCE_TYPES: Final = frozenset(
    {
        _IPTC + "trainedAlgorithmicMedia", _IPTC + "compositeWithTrainedAlgorithmicMedia", _IPTC + "algorithmicMedia",
        _IPTC + "compositeSynthetic", _IPTC + "algorithmicallyEnhanced",
        "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData",
    }
)  # fmt: skip
# The C2PA list of soft-binding algorithms (all fingerprints and watermarks of video and stills), and ours (see signing.py).
SOFT_BINDING_ALGORITHMS: Final = frozenset(
    {
        "com.digimarc.validate.1", "org.atsc.a336", "io.iscc.v0", "com.adobe.trustmark.Q", "com.adobe.trustmark.C",
        "com.adobe.trustmark.P", "com.adobe.icn.dense", "ai.steg.api", "ai.trufo.gen1.image",
        "ai.trufo.gen1.image-lite", "app.overlai.watermark.1", "tv.kinetiq.watercast.48.1", "castLabs.watermark.1",
        "com.imatag.lamark.v1", "com.nagra.nexguard.watermark.1", "com.mentaport.watermark.1",
        "com.digicaps.fingerprint.1", "com.sonicorigin.watermark.1", "com.microsoft.invismark.1",
        "com.microsoft.wavmark.1", "ai.contentlens.image.basewmk", "ai.contentlens.image.ensemblewmk",
        "ai.contentlens.image.customwmk", "ai.contentlens.audio.mono", "ai.contentlens.audio.stereo",
        "es.lumatrace", "com.markany.watermark.1", "com.verimatrix.watermark.1", "com.writerslogic.zwc-watermark.1",
        "com.aiwatermark.videoseal.1", "com.aiwatermark.pixelseal.1", "com.aiwatermark.audioseal.1",
        "org.countersign.pdq256-512px.v1",
    }
)  # fmt: skip


def cut(value: Any) -> str | None:
    """Text of at most `TEXT_CHARS_MAX` characters that can be written as UTF-8; None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    return value[:TEXT_CHARS_MAX].encode("utf-8", "replace").decode()


def claim_generator(manifest: dict[str, Any]) -> str | None:
    """The program that made the claim: its own line in old claims, name and version of the first entry in new ones."""
    if line := cut(manifest.get("claim_generator")):
        return line
    entries = manifest.get("claim_generator_info")
    first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    return cut(" ".join(part for part in (cut(first.get("name")), cut(first.get("version"))) if part))


def digital_source_type(manifests: dict[str, Any], label: str) -> str | None:
    """The active manifest's digitalSourceType or, for a derivative, the nearest one up the line of parents."""
    for _ in range(ANCESTORS_MAX):
        manifest = manifests.get(label)
        if not isinstance(manifest, dict):
            return None
        for action in actions(manifest):
            if found := cut(action.get("digitalSourceType")):
                return found
        parents = [i for i in ingredients(manifest) if i.get("relationship") == "parentOf"]
        if not parents:
            return None
        label = str(parents[0].get("active_manifest"))
    return None


def beginning(manifest: dict[str, Any]) -> str | None:
    """ "opened" when it names a parent, "created" when it says so and names none; None when it says nothing of it."""
    if any(i.get("relationship") == "parentOf" for i in ingredients(manifest)):
        return "opened"
    return "created" if any(a.get("action") == "c2pa.created" for a in actions(manifest)) else None


def soft_bindings(manifest: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(alg, value) of each block of each soft binding; what can't be read is a binding that nothing matches."""
    found = [pair for one in assertions(manifest, "c2pa.soft-binding") for pair in _blocks(one.get("data"))]
    return tuple(found[:SOFT_BINDINGS_MAX])


def _blocks(data: Any) -> Iterator[tuple[str, str]]:
    alg = data.get("alg") if isinstance(data, dict) else None
    blocks = data.get("blocks") if isinstance(data, dict) else None
    if not isinstance(alg, str) or not isinstance(blocks, list) or not blocks:
        yield "", ""
        return
    for block in blocks:
        value = block.get("value") if isinstance(block, dict) else None
        yield str(cut(alg)), value if isinstance(value, str) and len(value) <= SOFT_BINDING_CHARS_MAX else ""


def ledger_assertion(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Our own assertion, as text and whole numbers only. What it names has still to be looked up and compared."""
    for assertion in assertions(manifest, LEDGER_ASSERTION):
        data = assertion.get("data")
        if isinstance(data, dict) and len(data) <= ASSERTION_MEMBERS_MAX:
            return {str(cut(k)): v if _whole(v) else cut(v) for k, v in data.items() if _whole(v) or cut(v)}
    return None


def remarks(manifests: dict[str, Any], label: str, below: list[str]) -> list[str]:
    """What the specification asks for and the engine does not enforce: of the active manifest, then, prefixed
    `ingredient:`, of those `below` it."""
    found = [*_of_one(manifests.get(label)), *_of_the_whole(manifests, label, below)]
    inherited = {f"ingredient:{code}" for one in below for code in _of_one(manifests.get(one))}
    return [*found, *sorted(inherited)]


def _of_one(manifest: Any) -> list[str]:
    if not isinstance(manifest, dict):
        return []
    found = []
    if any(a.get("digitalSourceType") not in (None, *DIGITAL_SOURCE_TYPES) for a in actions(manifest)):
        found.append("countersign.digitalSourceType.unlisted")
    bindings = [b.get("data") for b in assertions(manifest, "c2pa.soft-binding")]
    if any(not isinstance(b, dict) or str(b.get("alg")) not in SOFT_BINDING_ALGORITHMS for b in bindings):
        found.append("countersign.softBinding.unlisted")
    if sum(i.get("relationship") == "parentOf" for i in ingredients(manifest)) > 1:
        found.append("countersign.ingredient.severalParents")
    return found


def _of_the_whole(manifests: dict[str, Any], label: str, below: list[str]) -> list[str]:
    """A file may not permit for training or mining what a part of it, however deep, keeps back."""
    mine = training_mining(manifests, [label])
    parts = training_mining(manifests, below)
    more = any(_PERMITTED.index(mine[use]) > _PERMITTED.index(parts[use]) for use in mine.keys() & parts.keys())
    return ["countersign.trainingMining.conflict"] if more else []


def actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in assertions(manifest, "c2pa.actions"):
        data = assertion.get("data")
        listed = data.get("actions") if isinstance(data, dict) else None
        yield from (a for a in listed or () if isinstance(a, dict))


def ingredients(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    listed = manifest.get("ingredients")
    return [i for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []


def assertions(manifest: dict[str, Any], label: str) -> list[dict[str, Any]]:
    """The assertions of that label, of any version (`.v2`) and instance (`__1`)."""
    listed = manifest.get("assertions")
    found = [a for a in listed if isinstance(a, dict)] if isinstance(listed, list) else []
    return [a for a in found if str(a.get("label")).split("__")[0] in (label, f"{label}.v2", f"{label}.v3")]


def training_mining(manifests: dict[str, Any], labels: list[str]) -> dict[str, str]:
    """For each use that these manifests speak of (such as `ai_training`), the strictest answer among them."""
    found: dict[str, str] = {}
    for label in labels:
        for use, said in _training_mining(manifests.get(label)):
            if said in _PERMITTED and len(found) < USES_MAX:
                found[use] = min(found.get(use, said), said, key=_PERMITTED.index)
    return found


def _training_mining(manifest: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(manifest, dict):
        return
    for label in ("cawg.training-mining", "c2pa.training-mining"):
        for assertion in assertions(manifest, label):
            data = assertion.get("data")
            entries = data.get("entries") if isinstance(data, dict) else None
            for use, entry in entries.items() if isinstance(entries, dict) else ():
                yield str(cut(use)).rpartition(".")[2], entry.get("use") if isinstance(entry, dict) else None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
