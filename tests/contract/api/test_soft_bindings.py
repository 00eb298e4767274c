"""Manifests found again by picture (C2PA Soft Binding Resolution API 2.2), and only if every binding matches."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import av
import numpy as np
import pdqhash
import pytest

from api.services.provenance import sign_beside
from ledger.media.softbinding import AskedBindings, active_alone, bindings_of, codes_of
from tests.office_of import Office, refused

BASE, ALG = "/v1/softbinding", "org.countersign.pdq256-512px.v1"


def computed(path: Path) -> str:
    """A value as docs/soft-binding.md says, with nothing of ours."""
    codes, due = [], 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.time is None or frame.time < due:
                continue
            due += 0.5
            scale = 512 / max(frame.width, frame.height)
            size = round(frame.width * scale), round(frame.height * scale)
            bits, quality = pdqhash.compute(frame.reformat(*size, format="rgb24", interpolation="AREA").to_ndarray())
            if quality >= 50:
                codes.append(np.packbits(np.asarray(bits).astype(bool)).tobytes())
    step = -(-len(codes) // 32)
    return base64.b64encode(b"".join(codes[::step])).decode()


def by_binding(office: Office, value: str, alg: str = ALG, **query: Any) -> Any:
    return office.get(f"{BASE}/matches/byBinding", "pia", params={"alg": alg, "value": value, **query})


def by_content(office: Office, name: str, kind: str = "video/mp4", **query: Any) -> Any:
    headers = {"Content-Type": kind}
    content = office.made.file(name).read_bytes()
    return office.post(f"{BASE}/matches/byContent", "pia", content=content, headers=headers, params=query)


def stored(office: Office) -> str:
    """The digest of the signed file's manifest store, as the log says it."""
    from ledger.rules.lineage import examination

    found = examination(office.services.ledger.history(), office.made.signed)
    assert found is not None and found[1].manifest_sha256 is not None
    return found[1].manifest_sha256


def test_others_compute_the_value_from_the_description_and_find_the_manifest(office: Office) -> None:
    answer = by_binding(office, computed(office.made.file("copy")))
    assert answer.status_code == 200, answer.text
    (match,) = answer.json()["matches"]
    assert match.keys() == {"manifestId", "similarityScore"}
    assert match["manifestId"].endswith(stored(office))
    assert 50 < match["similarityScore"] <= 100
    posted = office.post(
        f"{BASE}/matches/byBinding", "pia", json={"alg": ALG, "value": computed(office.made.file("signed"))}
    )
    assert [one["manifestId"] for one in posted.json()["matches"]] == [match["manifestId"]]


def test_a_stripped_copy_leads_to_the_manifest_and_a_stranger_to_none(office: Office) -> None:
    (match,) = by_content(office, "copy").json()["matches"]
    got = office.get(f"{BASE}/manifests/{match['manifestId']}", "pia")
    assert got.headers["content-type"] == "application/c2pa"
    assert got.content == office.services.blobs.get(stored(office))
    alone = office.get(f"{BASE}/manifests/{match['manifestId']}", "pia", params={"returnActiveManifest": True})
    assert alone.status_code == 200 and alone.content == active_alone(got.content)
    assert by_content(office, "stranger").json() == {"matches": []}
    assert by_binding(office, computed(office.made.file("stranger"))).json() == {"matches": []}


def test_a_manifest_that_was_issued_to_lie_beside_its_file_is_found_too(office: Office) -> None:
    issued = sign_beside(office.services, office.made.asset, title="beside").manifest_sha256
    found = {one["manifestId"].rpartition(":")[2] for one in by_content(office, "copy").json()["matches"]}
    assert found == {issued, stored(office)}
    got = office.get(f"{BASE}/manifests/urn:countersign:manifest:sha256:{issued}", "pia")
    assert got.content == office.services.blobs.get(issued)


def test_what_is_supported_is_said_to_anybody(office: Office) -> None:
    answer = office.client.get(f"{BASE}/services/supportedAlgorithms")
    assert answer.json() == {"watermarks": [], "fingerprints": [{"alg": ALG}]}


def test_every_bad_query_has_its_status(office: Office) -> None:
    good = computed(office.made.file("copy"))
    refused(by_binding(office, good, alg="com.adobe.icn.dense"), 400, "softbinding_algorithm_unknown")
    for value in ("", "AAAA", "!!!", base64.b64encode(bytes(33 * 32)).decode()):
        refused(by_binding(office, value), 400, "softbinding_value_invalid")
    refused(by_binding(office, "A" * 2_001), 414, "softbinding_value_too_long")
    refused(by_binding(office, good, maxResults=0), 400, "request_invalid")
    refused(by_content(office, "copy", kind="text/plain"), 415, "asset_type_unsupported")
    refused(by_content(office, "copy", alg="io.iscc.v0"), 400, "softbinding_algorithm_unknown")
    refused(by_content(office, "copy", hintAlg="io.iscc.v0"), 400, "softbinding_hint_incomplete")
    text = office.post(f"{BASE}/matches/byContent", "pia", content=b"text", headers={"Content-Type": "application/pdf"})
    refused(text, 415, "asset_type_unsupported")
    refused(office.get(f"{BASE}/manifests/urn:c2pa:1", "pia"), 400, "manifest_id_invalid")
    unknown = "urn:countersign:manifest:sha256:" + "ab" * 32
    refused(office.get(f"{BASE}/manifests/{unknown}", "pia"), 404, "manifest_unknown")
    refused(office.get(f"{BASE}/manifests/{unknown}", "ines"), 403, "role_not_permitted")


ONE, TWO, FAR = "00" * 32, "0f" * 32, "f0" * 32


def value(*codes: str) -> str:
    return base64.b64encode(b"".join(map(bytes.fromhex, codes))).decode()


@pytest.mark.parametrize(
    ("bindings", "others", "matches"),
    [
        ([(ALG, value(ONE, TWO))], [], True),
        ([(ALG, value(ONE, FAR))], [], False),  # one frame does not make a clip
        ([(ALG, value(ONE))], [], True),
        ([], [], False),
        ([(ALG, value(ONE, TWO)), ("a.watermark", "x")], [], False),
        ([(ALG, value(ONE, TWO)), ("a.watermark", "x")], [("a.watermark", "x")], True),
        ([(ALG, value(ONE, TWO)), (ALG, value(FAR))], [], False),
        ([(ALG, value(ONE, TWO)), ("", "")], [], False),
        ([(ALG, "AAAA")], [], False),
    ],
)
def test_every_binding_of_a_manifest_has_to_match(
    bindings: list[tuple[str, str]], others: list[tuple[str, str]], matches: bool
) -> None:
    assert AskedBindings((ONE, TWO), frozenset(others)).matches(bindings) is matches


def test_a_binding_that_cant_be_read_is_one_that_nothing_matches() -> None:
    def report(data: Any) -> dict[str, Any]:
        return {
            "active_manifest": "m",
            "manifests": {"m": {"assertions": [{"label": "c2pa.soft-binding", "data": data}]}},
        }

    for data in (None, {}, {"alg": ALG}, {"alg": ALG, "blocks": []}, {"alg": ALG, "blocks": [{"value": 7}]}):
        found = bindings_of(report(data))
        assert found and not AskedBindings((ONE,)).matches(found)
    blocks = [{"scope": {}, "value": value(ONE)}]
    assert bindings_of(report({"alg": ALG, "blocks": blocks})) == [(ALG, value(ONE))]
    assert codes_of(value(ONE, TWO)) == (ONE, TWO)


@pytest.mark.parametrize("store", [b"", b"\x00\x00\x00\x08jumb", b"\x00\x00\x00\x09jumbx", b"\xff\xff\xff\xffjumb"])
def test_what_is_no_store_has_no_active_manifest(store: bytes) -> None:
    with pytest.raises((ValueError, StopIteration)):
        active_alone(store)
