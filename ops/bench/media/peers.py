"""Other people's matching, by their own packages where `make bench-peers` put them; never a dependency of the product.

imagededup's hashes are imported without its network, which needs torch (gigabytes): the two packages whose `__init__`
imports it are stood in for by bare ones with the same path, so that every line that hashes is imagededup's own.
ThreatExchange's signals hash and match as they come, with their own bounds. All are given the same pictures as ours.
"""

from __future__ import annotations

import importlib
import io
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ledger.media.frames import Pixels

Codes = NDArray[np.uint8]
Pairs = list[tuple[int, int, int]]
"""(query, reference, bits between them)."""
PACKAGES: Final = ("imagehash", "imagededup", "threatexchange", "vpdq", "usearch")
DEDUP_HASHES: Final = ("PHash", "DHash", "AHash", "WHash")
_DEDUP_WITH_TORCH: Final = ("imagededup.methods", "imagededup.utils")


def named(package: str) -> str:
    """The package with its version, or that it is not here."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} is not installed"


def missing() -> list[str]:
    return [name for name in PACKAGES if find_spec(name) is None]


def imagededup_hashes() -> Mapping[str, Callable[[Pixels], Codes]]:
    """Each of its 64-bit hashes by name; none where it is missing."""
    found = find_spec("imagededup")
    if found is None or found.origin is None:
        return {}
    for name in _DEDUP_WITH_TORCH:
        bare = types.ModuleType(name)
        bare.__path__ = [str(Path(found.origin).parent / name.rpartition(".")[2])]
        sys.modules.setdefault(name, bare)
    hashing: Any = importlib.import_module("imagededup.methods.hashing")

    def hashed(method: Any) -> Callable[[Pixels], Codes]:
        return lambda pixels: _bytes(method.encode_image(image_array=pixels))

    return {f"{named('imagededup')} {name}": hashed(getattr(hashing, name)(verbose=False)) for name in DEDUP_HASHES}


def pdq_signal(pixels: Pixels) -> Codes:
    """ThreatExchange's own hash of a picture, with its own bound on quality."""
    from threatexchange.signal_type.pdq.signal import PdqSignal

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    return _bytes(PdqSignal.hash_from_bytes(file.getvalue())).reshape(-1, 32)


def pdq_indexes(asked: Sequence[Codes], known: Sequence[Codes]) -> Iterator[tuple[str, int, Pairs]]:
    """What its two indexes match, each with its own bound: (name, bound, pairs)."""
    from threatexchange.signal_type.pdq.pdq_index import PDQFlatIndex, PDQIndex

    for kind in (PDQIndex, PDQFlatIndex):
        index = kind((code.tobytes().hex(), n) for n, codes in enumerate(known) for code in codes)
        pairs = [
            (n, int(match.metadata), int(match.similarity_info.distance))
            for n, codes in enumerate(asked)
            for code in codes
            for match in index.query(code.tobytes().hex())
        ]
        yield f"{named('threatexchange')} {kind.__name__}", kind.get_match_threshold(), pairs


def has_vpdq() -> bool:
    return not {"threatexchange", "vpdq"} & set(missing())


def vpdq_signal(path: Path) -> str:
    """ThreatExchange's own hash of a clip, by Meta's vpdq: a frame a second."""
    from threatexchange.extensions.vpdq.vpdq import VPDQSignal

    return str(VPDQSignal.hash_from_file(path))


def vpdq_matches(query: str, reference: str) -> bool:
    """By its own policy. It divides by the number of frames that may vote: without one, it says nothing."""
    from threatexchange.extensions.vpdq.vpdq import VPDQSignal

    try:
        return bool(VPDQSignal.compare_hash(query, reference).match)
    except ZeroDivisionError:
        return False


def _bytes(digits: str) -> Codes:
    return np.frombuffer(bytes.fromhex(digits), dtype=np.uint8)[None]
