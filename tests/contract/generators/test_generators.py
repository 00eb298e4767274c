"""What every generator adapter promises; Sora is the one that is there."""

from __future__ import annotations

import json

import pytest

from ledger.errors import Misuse, Refused
from ledger.generators.sora import RETIRED_ON, SoraLegacy
from schemas.statements.generation import GenerationRequested

RECORD = {
    "id": "video_68f0a1",
    "object": "video",
    "status": "completed",
    "model": "sora-2",
    "prompt": "A woman lifts a cup.",
    "seconds": "8",
    "size": "1280x720",
    "progress": 100,
    "created_at": 1760000000,
    "completed_at": 1760000090,
    "expires_at": 1760003600,
    "remixed_from_video_id": None,
    "error": None,
}


def test_capability_25_sora_create_is_refused_as_retired_with_the_date() -> None:
    with pytest.raises(Refused) as refused:
        SoraLegacy().create(GenerationRequested.example())
    assert refused.value.code == "provider_retired"
    assert RETIRED_ON.isoformat() in refused.value.what


def test_a_kept_record_is_read_with_the_vendors_own_type() -> None:
    record = SoraLegacy().read_record(json.dumps(RECORD).encode())
    assert (record.job, record.model, record.seconds, record.grade) == (
        "video_68f0a1",
        "sora-2",
        "8",
        "provider_record",
    )
    assert record.raw == RECORD


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"id": 4}', b'{"id": "a", "id": "b"}', b"\xff"])
def test_a_malformed_record_is_misuse(raw: bytes) -> None:
    with pytest.raises(Misuse):
        SoraLegacy().read_record(raw)
