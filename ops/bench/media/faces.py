"""How well faces are found and told apart, on whatever faces are here; and whether drawn ones can be told from real.

usage: python -m ops.bench.media.faces [--corpus FOLDER] [--markdown FILE]

Without a corpus there is one person (NASA's portrait in scikit-image), so only detection and edits are measured. Whom a file
shows is its label in `manifest.tsv`; groups of people are labelled nowhere, so error by group is not measured.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps
from skimage import data

from ledger.faces.comparing import THRESHOLD_PERMILLE, distance_permille
from ledger.faces.port import FACE_SIDE_PX_MIN, Embedding, Face, FaceEngine, load_engine
from ledger.faces.turning import seen_upright
from ledger.media.frames import fitted
from ops.bench.media.edits import EDITS

FOLDERS: Final = {"faces": "real", "faces_multi": "real", "faces_illustrated": "drawn"}
NOBODY: Final = ("chelsea", "coffee", "rocket", "hubble_deep_field", "brick", "grass", "gravel", "immunohistochemistry")
HARSH: Final = ("JPEG 30", "blurred", "noise", "half size")


@dataclass(frozen=True)
class Shot:
    """One face of one picture. `who` is the label, `kind` real or drawn, `crop` its pixels."""

    who: str
    kind: str
    picture: str
    embedding: Embedding
    crop: NDArray[np.uint8]


def measure(corpus: Path | None) -> dict[str, Any]:
    """Counts and shares, ready for JSON."""
    engine = load_engine()
    pictures = [*_own(), *(_labelled(corpus) if corpus else ())]
    shots = [shot for picture in pictures for shot in _shots(engine, *picture)]
    real, drawn = ([shot for shot in shots if shot.kind == kind] for kind in ("real", "drawn"))
    edited = [
        (name, _shots(engine, who, kind, name, edit(image)))
        for who, kind, _, image in _alone(pictures)
        for name, edit in EDITS.items()
    ]
    return {
        "engine": engine.spec.as_json(),
        "threshold_permille": THRESHOLD_PERMILLE,
        "pictures": {kind: sum(one[1] == kind for one in pictures) for kind in ("real", "drawn")},
        "faces": {"real": len(real), "drawn": len(drawn)},
        "pictures_with_a_face": {kind: len({s.picture for s in shots if s.kind == kind}) for kind in ("real", "drawn")},
        "nobody": _nobody(engine),
        "same_person_other_photo": _pairs(real, real, same=True),
        "other_person": _pairs(real, real, same=False),
        "real_against_drawn": _pairs(real, drawn, same=False),
        "drawn_against_drawn": _pairs(drawn, drawn, same=False),
        "edits": _edits(real, edited),
        "edited_against_others": _against_others(real, [shot for _, found in edited for shot in found]),
        "drawn_or_real": _telling(real, drawn, [shot for name, found in edited if name in HARSH for shot in found]),
    }


def _own() -> list[tuple[str, str, str, Image.Image]]:
    return [("collins", "real", "astronaut", _picture("astronaut"))]


def _picture(name: str) -> Image.Image:
    """One that comes with scikit-image."""
    loader: Any = getattr(data, name)
    return Image.fromarray(loader()).convert("RGB")


def _labelled(corpus: Path) -> Iterator[tuple[str, str, str, Image.Image]]:
    """(label, kind, name, picture) of every file of the folders of faces."""
    with (corpus / "manifest.tsv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["kind"] in FOLDERS and (corpus / row["path"]).is_file():
                with Image.open(corpus / row["path"]) as opened:
                    picture = ImageOps.exif_transpose(opened).convert("RGB")
                name = Path(row["path"]).stem
                who = name.removeprefix("portrait-").split("-")[0] if row["label"] == "illustration" else row["label"]
                yield who, FOLDERS[row["kind"]], name, picture


def _alone(pictures: Sequence[tuple[str, str, str, Image.Image]]) -> list[tuple[str, str, str, Image.Image]]:
    """Real pictures of one person."""
    return [one for one in pictures if one[1] == "real" and "+" not in one[0]]


def _shots(engine: FaceEngine, who: str, kind: str, name: str, picture: Image.Image) -> list[Shot]:
    """Faces large enough to compare. Of several in a picture the labels go from left to right."""
    frame = np.asarray(picture.resize(fitted(*picture.size), Image.Resampling.BILINEAR))
    faces = [one for one in seen_upright(engine, frame, turn=True) if one[0].side_px >= FACE_SIDE_PX_MIN]
    labels = [label.removeprefix("fr_") for label in who.split("+")]
    faces = sorted(faces[: len(labels)], key=lambda one: one[0].box[0])
    return [
        Shot(label, kind, name, measured(), _crop(frame, face))
        for label, (face, measured) in zip(labels, faces, strict=False)
    ]


def _crop(frame: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    x, y, width, height = face.box
    return frame[y : y + height, x : x + width]


def _nobody(engine: FaceEngine) -> dict[str, int]:
    found = 0
    for name in NOBODY:
        picture = _picture(name)
        found += bool(_shots(engine, "nobody", "real", name, picture))
    return {"pictures": len(NOBODY), "with_a_face": found}


def _pairs(some: Sequence[Shot], others: Sequence[Shot], *, same: bool) -> dict[str, Any]:
    """Distances of pairs of originals: how many lie within the threshold, and the extremes."""
    pairs = combinations(some, 2) if some is others else ((a, b) for a in some for b in others)
    found = sorted(
        distance_permille(a.embedding, [b.embedding])
        for a, b in pairs
        if (a.who == b.who) == same and a.picture != b.picture
    )
    within = sum(distance <= THRESHOLD_PERMILLE for distance in found)
    return {"pairs": len(found), "within": within, "nearest": found[:1], "farthest": found[-1:]}


def _edits(real: Sequence[Shot], edited: Sequence[tuple[str, list[Shot]]]) -> dict[str, list[int]]:
    """For each edit: pictures, those in which a face was still found, those in which it was still the same person."""
    first = {shot.who: shot for shot in reversed(real)}
    counts: dict[str, list[int]] = {}
    for name, found in edited:
        row = counts.setdefault(name, [0, 0, 0])
        row[0] += 1
        row[1] += bool(found)
        row[2] += any(_within(shot, first[shot.who]) for shot in found)
    return counts


def _against_others(real: Sequence[Shot], edited: Sequence[Shot]) -> dict[str, int]:
    pairs = [(a, b) for a in edited for b in real if a.who != b.who]
    return {"pairs": len(pairs), "within": sum(_within(a, b) for a, b in pairs)}


def _within(one: Shot, other: Shot) -> bool:
    return distance_permille(one.embedding, [other.embedding]) <= THRESHOLD_PERMILLE


# -- drawn or real? -----------------------------------------------------------------------------------------------------


def _grain(crop: NDArray[np.uint8]) -> float:
    """What a median filter takes away: photographs have noise, flat colour has none."""
    grey = Image.fromarray(crop).convert("L")
    return float(
        np.abs(np.asarray(grey, np.int16) - np.asarray(grey.filter(ImageFilter.MedianFilter(3)), np.int16)).mean()
    )


def _colours(crop: NDArray[np.uint8]) -> float:
    """Different colours in 5 bits a channel, for each pixel."""
    reduced = (crop >> 3).reshape(-1, 3)
    return len(np.unique(reduced, axis=0)) / len(reduced)


def _flatness(crop: NDArray[np.uint8]) -> float:
    """Share of pixels that are nearly like their right-hand neighbour."""
    grey = crop.astype(np.int16).mean(axis=2)
    return float((np.abs(np.diff(grey, axis=1)) < 1.5).mean())


def _telling(real: Sequence[Shot], drawn: Sequence[Shot], harsh: Sequence[Shot]) -> dict[str, dict[str, float]]:
    """For each sign: the area under its curve, the fewest errors that any threshold makes on the originals, and how many
    real faces the same threshold calls drawn once they are recoded, blurred, noisy or small.
    """
    if not drawn:
        return {}
    return {one.__name__.removeprefix("_"): _one_sign(one, real, drawn, harsh) for one in (_grain, _colours, _flatness)}


def _one_sign(sign: Any, real: Sequence[Shot], drawn: Sequence[Shot], harsh: Sequence[Shot]) -> dict[str, float]:
    reals, drawns = [sign(shot.crop) for shot in real], [sign(shot.crop) for shot in drawn]
    area = float(np.mean([(a > b) + 0.5 * (a == b) for a in reals for b in drawns]))
    above = area >= 0.5
    errors, cut = min(
        (sum((r > cut) != above for r in reals) + sum((d > cut) == above for d in drawns), cut)
        for cut in (*reals, *drawns)
    )
    wrong = sum((sign(shot.crop) > cut) != above for shot in harsh)
    counts = {"errors": errors, "of": len(reals) + len(drawns), "real_called_drawn": wrong, "edited": len(harsh)}
    return {"auc": round(max(area, 1 - area), 3), **counts}


def markdown(found: dict[str, Any]) -> str:
    """The tables of docs/faces.md."""
    rows = ["| pairs | within the threshold | nearest | farthest |", "|---|---|---|---|"]
    for name in ("same_person_other_photo", "other_person", "real_against_drawn", "drawn_against_drawn"):
        one = found[name]
        ends = [f"{one[end][0] / 1000:.2f}" if one[end] else "-" for end in ("nearest", "farthest")]
        rows.append(f"| {name.replace('_', ' ')} | {one['within']} of {one['pairs']} | {ends[0]} | {ends[1]} |")
    one = found["edited_against_others"]
    rows += [f"| edited against other people | {one['within']} of {one['pairs']} | - | - |", ""]
    rows += ["| edit | a face is found | the same person |", "|---|---|---|"]
    for name, (count, seen, same) in found["edits"].items():
        rows.append(f"| {name} | {seen} of {count} | {same} of {count} |")
    rows += [
        "",
        "| sign of a drawing | area under its curve | errors of the best threshold | real faces called drawn once edited |",
    ]
    rows += ["|---|---|---|---|"]
    for name, sign in found["drawn_or_real"].items():
        edited = f"{sign['real_called_drawn']:.0f} of {sign['edited']:.0f}"
        rows.append(f"| {name} | {sign['auc']} | {sign['errors']:.0f} of {sign['of']:.0f} | {edited} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ops.bench.media.faces")
    parser.add_argument(
        "--corpus", type=Path, help="a folder with manifest.tsv and faces, faces_multi, faces_illustrated"
    )
    parser.add_argument("--markdown", type=Path, help="the tables, for docs/faces.md")
    asked = parser.parse_args()
    found = measure(asked.corpus)
    print(json.dumps(found, indent=1))
    if asked.markdown:
        asked.markdown.write_text(markdown(found), encoding="utf-8")


if __name__ == "__main__":
    main()
