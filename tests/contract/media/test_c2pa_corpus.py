"""35 real and hostile files that nobody here made, under no anchors and under the anchors that belong to them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.media.beside import Beside
from ledger.media.c2pa import read_c2pa
from ledger.media.trust import TrustList, TrustSettings
from ops.c2pa_outcomes import rows

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ABSENT = {"c2pa-org__adobe-20220124-A.jpg", "contentauth__no_manifest.jpg", "contentauth__riff_bomb_1000.wav",
          "contentauth__video1_no_manifest.mp4", "microsoft__cards.mp4"}  # fmt: skip
REMOTE = {"contentauth__cloud.jpg", "contentauth__libpng-test_with_url.png"}
UNSUPPORTED = {"contentauth__dash1.m4s", "contentauth__nested_moov_1000.mp4",
               "contentauth__tiff_poc.tiff"}  # fmt: skip
TAMPERED = {"c2pa-org__adobe-20220124-E-clm-CAICAI.jpg", "c2pa-org__adobe-20220124-E-uri-CA.jpg",
            "c2pa-org__adobe-20220124-XCI.jpg", "contentauth__E-sig-CA.jpg", "contentauth__XCA.jpg",
            "contentauth__no_alg.jpg", "contentauth__prerelease.jpg",
            "microsoft__cards_invalid.jpg"}  # fmt: skip
TRUSTED_BY_FIXTURE_ROOTS = {
    "c2pa-org__adobe-20220124-CAICAI.jpg": "absent",
    "contentauth__C.jpg": "none",
    "contentauth__CACAE-uri-CA.jpg": "tampered",
    "contentauth__CIE-sig-CA.jpg": "tampered",
    "contentauth__cloud_manifest.c2pa": "untrusted",
    "contentauth__sample1_signed.wav": "none",
    "contentauth__update_manifest.jpg": "absent",
    "contentauth__video1.mp4": "untrusted",
    "microsoft__cards_trusted.mp4": "none",
    "microsoft__cards_expired_with_timestamp.jpg": "none",
}
SORA = "yogesh1290__videotest2.mp4"


def anchors(corpus: Path, *names: str) -> str:
    return "\n".join((corpus / "trust" / name).read_text() for name in names)


def states(corpus: Path, trust: TrustSettings) -> dict[str, tuple[str, str]]:
    files = [f for f in sorted((corpus / "c2pa").iterdir()) if f.suffix != ".tsv"]
    reports = {f.name: read_c2pa(f, trust, NOW) for f in files}
    return {name: (report.state, report.ingredients_state) for name, report in reports.items()}


@pytest.fixture
def fixture_trust(corpus: Path) -> TrustSettings:
    signers = ("c2pa-rs-test_cert_root_bundle.pem", "ms-test-chain.pem", "ms-expired-chain.pem")
    stamps = ("C2PA-TSA-TRUST-LIST.pem", "interim-digicert-trusted-root-g4.pem", "ms-digicert_TSA_CA.pem")
    return TrustSettings(anchors(corpus, *signers), anchors(corpus, *stamps))


def test_without_anchors_nothing_is_trusted(corpus: Path) -> None:
    found = states(corpus, TrustSettings())
    assert len(found) == 35
    by_state = {state: {n for n, (s, _) in found.items() if s == state} for state in {s for s, _ in found.values()}}
    assert by_state["absent"] == ABSENT
    assert by_state["remote_only"] == REMOTE
    assert by_state["unsupported"] == UNSUPPORTED
    assert by_state["tampered"] == TAMPERED
    assert by_state["expired"] == {SORA, "microsoft__cards_expired_without_timestamp.jpg"}
    assert {"contentauth__cloud_manifest.c2pa", "contentauth__dashinit.mp4"} < by_state["untrusted"]
    assert set(by_state) == {"absent", "remote_only", "unsupported", "tampered", "expired", "untrusted"}


def test_fixture_roots_trust_their_own_and_ingredients_speak_for_themselves(
    corpus: Path, fixture_trust: TrustSettings
) -> None:
    found = states(corpus, fixture_trust)
    assert {n: below for n, (state, below) in found.items() if state == "trusted"} == TRUSTED_BY_FIXTURE_ROOTS
    assert {n for n, (state, _) in found.items() if state == "tampered"} == TAMPERED


def test_sora_clip_is_expired_and_untrusted_under_the_official_lists(corpus: Path) -> None:
    official = TrustSettings(anchors(corpus, "C2PA-TRUST-LIST.pem"))
    report = read_c2pa(corpus / "c2pa" / SORA, official, NOW)
    assert report.state == "expired"
    assert {"signingCredential.expired", "signingCredential.untrusted"} <= set(report.validation)
    assert (report.issuer, report.claim_generator) == ("OpenAI", "Sora")
    assert str(report.digital_source_type).endswith("/trainedAlgorithmicMedia")
    assert report.signed_at is None
    assert not report.holds


def test_sora_clip_is_trusted_at_signing_time_under_the_interim_anchors(corpus: Path) -> None:
    signer = anchors(corpus, "C2PA-TRUST-LIST.pem", "interim-truepic-webclaimca.pem")
    trust = TrustSettings(signer, anchors(corpus, "C2PA-TSA-TRUST-LIST.pem", "interim-digicert-trusted-root-g4.pem"))
    report = read_c2pa(corpus / "c2pa" / SORA, trust, NOW)
    assert (report.state, report.ingredients_state, report.signed_at) == (
        "trusted",
        "none",
        "2026-02-25T02:24:52+00:00",
    )


@pytest.mark.parametrize("stamps_until", [None, datetime(2026, 6, 1, tzinfo=UTC)])
def test_under_dated_interim_anchors_the_verdicts_at_signing_and_now_are_two(
    corpus: Path, stamps_until: datetime | None
) -> None:
    sunset = datetime(2026, 6, 1, tzinfo=UTC)
    signers = TrustList("signer", anchors(corpus, "interim-truepic-webclaimca.pem"), sunset)
    stamps = anchors(corpus, "C2PA-TSA-TRUST-LIST.pem", "interim-digicert-trusted-root-g4.pem")
    official = TrustList("signer", anchors(corpus, "C2PA-TRUST-LIST.pem"))
    trust = TrustSettings(lists=(official, signers, TrustList("tsa", stamps, stamps_until)))
    report = read_c2pa(corpus / "c2pa" / SORA, trust, NOW)
    assert (report.signing_state, report.signed_at) == ("trusted", "2026-02-25T02:24:52+00:00")
    assert report.state == ("expired" if stamps_until else "untrusted")
    assert not report.holds


def test_a_sunset_before_the_signing_leaves_nobody_who_believes_it(corpus: Path) -> None:
    signers = anchors(corpus, "interim-truepic-webclaimca.pem")
    stamps = anchors(corpus, "C2PA-TSA-TRUST-LIST.pem", "interim-digicert-trusted-root-g4.pem")
    before = datetime(2026, 2, 25, tzinfo=UTC)
    report = read_c2pa(
        corpus / "c2pa" / SORA,
        TrustSettings(lists=(TrustList("signer", signers, before), TrustList("tsa", stamps))),
        NOW,
    )
    assert (report.state, report.signing_state) == ("untrusted", "untrusted")


def test_a_signer_under_a_time_stamp_anchor_only_is_not_trusted(corpus: Path) -> None:
    roots = anchors(corpus, "c2pa-rs-test_cert_root_bundle.pem")
    path = corpus / "c2pa" / "contentauth__C.jpg"
    assert read_c2pa(path, TrustSettings(signer_anchors_pem=roots), NOW).state == "trusted"
    assert read_c2pa(path, TrustSettings(tsa_anchors_pem=roots), NOW).state == "untrusted"


def test_an_old_claims_time_stamp_counts_only_under_a_time_stamp_anchor(
    corpus: Path, fixture_trust: TrustSettings
) -> None:
    """The engine calls every time stamp of a version 1 claim trusted; this signer's certificate ran out in 2024."""
    path = corpus / "c2pa" / "microsoft__cards_expired_with_timestamp.jpg"
    unstamped = TrustSettings(fixture_trust.signer_anchors_pem)
    assert read_c2pa(path, fixture_trust, NOW).signed_at == "2024-05-30T21:42:08+00:00"
    report = read_c2pa(path, unstamped, NOW)
    assert (report.state, report.signed_at) == ("expired", None)


def test_boxes_outside_the_hash_are_reported(corpus: Path) -> None:
    report = read_c2pa(corpus / "c2pa" / "microsoft__cards_trusted.mp4", TrustSettings(), NOW)
    assert report.additional_exclusions
    assert "assertion.bmffHash.additionalExclusionsPresent" in report.validation


def test_a_sidecar_binds_to_its_file_and_to_no_other(corpus: Path, fixture_trust: TrustSettings) -> None:
    beside = Beside(sidecar=corpus / "c2pa" / "contentauth__cloud_manifest.c2pa")
    own = read_c2pa(corpus / "c2pa" / "contentauth__cloud.jpg", fixture_trust, NOW, beside)
    other = read_c2pa(corpus / "c2pa" / "contentauth__no_manifest.jpg", fixture_trust, NOW, beside)
    assert (own.state, own.detached, other.state) == ("trusted", False, "tampered")


def test_a_store_or_an_init_segment_alone_says_nothing_of_any_file(corpus: Path, fixture_trust: TrustSettings) -> None:
    for name in ("contentauth__cloud_manifest.c2pa", "contentauth__dashinit.mp4"):
        report = read_c2pa(corpus / "c2pa" / name, fixture_trust, NOW)
        assert report.detached
        assert "countersign.binding.notChecked" in report.validation
        assert not report.holds


def test_segments_are_read_with_their_init_segment(corpus: Path, tmp_path: Path) -> None:
    init, segment = (corpus / "c2pa" / name for name in ("contentauth__dashinit.mp4", "contentauth__dash1.m4s"))
    report = read_c2pa(init, TrustSettings(), NOW, Beside(fragments=(segment,)))
    assert (report.state, report.detached) == ("untrusted", False)
    changed = bytearray(segment.read_bytes())
    changed[-100] ^= 1
    (tmp_path / "changed.m4s").write_bytes(changed)
    assert read_c2pa(init, TrustSettings(), NOW, Beside(fragments=(tmp_path / "changed.m4s",))).state == "tampered"


def test_the_committed_table_is_what_these_files_give(corpus: Path) -> None:
    """docs/c2pa.md is compared by digest: a file that is not in it is another's, and needs only to come out sensibly."""
    document = (Path(__file__).parents[3] / "docs" / "c2pa.md").read_text(encoding="utf-8")
    found = list(rows(corpus / "c2pa", corpus / "trust"))
    for row in found:
        assert row.cells() in document or row.sha256 not in document, row.name
    assert [row for row in found if row.sha256 in document]


def test_an_identity_is_told_apart_from_the_signer_and_revocation_where_nothing_was_stapled(corpus: Path) -> None:
    report = read_c2pa(corpus / "c2pa" / "contentauth__C_with_CAWG_data.jpg", TrustSettings(), NOW)
    assert [one["state"] for one in report.identities] == ["untrusted"]
    assert (report.state, report.revocation) == ("untrusted", "not_checked")
    assert read_c2pa(corpus / "c2pa" / "contentauth__C.jpg", TrustSettings(), NOW).identities == ()
