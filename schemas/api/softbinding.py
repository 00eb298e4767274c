"""C2PA Soft Binding Resolution API 2.2: its own shapes, member for member."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.api.problems import example
from schemas.base import Shape

ALG = "org.countersign.pdq256-512px.v1"
VALUE_CHARS_MAX = 4_096  # 32 codes of 32 bytes have 1,368 characters in base64
_MANIFEST = "urn:countersign:manifest:sha256:" + "66" * 32


class SoftBindingQuery(Shape):
    """A soft binding that is looked for."""

    model_config = example({"alg": ALG, "value": "AAAA"})

    alg: Annotated[str, Field(max_length=200, description="The algorithm's name.")]
    value: Annotated[str, Field(max_length=VALUE_CHARS_MAX, description="Base64, in the algorithm's own form.")]


class SoftBindingMatch(Shape):
    """A manifest that is kept at this service: no `endpoint` is given."""

    manifestId: str
    similarityScore: Annotated[int, Field(ge=0, le=100)]


class SoftBindingQueryResult(Shape):
    """Best first. Every soft binding of each manifest matches what was asked."""

    model_config = example({"matches": [{"manifestId": _MANIFEST, "similarityScore": 97}]})

    matches: tuple[SoftBindingMatch, ...]


class AlgorithmName(Shape):
    """One algorithm."""

    alg: str


class SoftBindingAlgorithms(Shape):
    """What this service can be asked with."""

    model_config = example({"watermarks": [], "fingerprints": [{"alg": ALG}]})

    watermarks: tuple[AlgorithmName, ...]
    fingerprints: tuple[AlgorithmName, ...]
