"""One frame of a known file, made when it is asked for, so that people see what was found. Nothing keeps it."""

from __future__ import annotations

from api.services.services import Services
from ledger.errors import NotFound
from ledger.media.stills import take_stills
from ledger.rules.lineage import arrival


def still_of(services: Services, asset: str, t_ms: int) -> bytes:
    """A small JPEG of the sampled frame nearest to that time. Raises NotFound `asset_unknown`, `content_missing`,
    `frame_unknown`; Unavailable `stills_failed`.
    """
    if arrival(services.ledger.history(), asset) is None:
        raise NotFound("asset_unknown", f"no file with the digest {asset} is in the ledger", "Import it first.")
    if not services.blobs.has(asset):
        raise NotFound("content_missing", "the ledger knows this file, but its bytes are not here", "Ask for them.")
    found = take_stills(services.blobs.path(asset), [t_ms])
    if t_ms not in found:
        raise NotFound("frame_unknown", "there is no picture in this file", "It may be sound.")
    return found[t_ms].jpeg
