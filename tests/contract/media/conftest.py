"""Real files made once a session: a clip, its signed copy, and the test authority behind the signature."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.media.children import WARM, ColdChildren, SharedChildren
from ledger.media.sandbox import Examiner
from ledger.media.signing import Claim, ManifestSigner
from ledger.media.testca import CertificateAuthority, make_test_ca
from ledger.media.trust import TrustSettings
from ops.demo.media import make_demo_clip

ASSERTION = {"origin": "example.org/log", "statement_id": "0198", "leaf_sha256": "ab" * 32, "index": 7}


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return make_test_ca(datetime.now(UTC))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=4, size=(640, 360))


@pytest.fixture(scope="session")
def signer(authority: CertificateAuthority) -> ManifestSigner:
    return ManifestSigner(authority.chain_pem, authority.leaf_key_pem)


@pytest.fixture(scope="session")
def signed(clip: Path, signer: ManifestSigner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("signed") / "signed.mp4"
    signer.sign(clip, target, Claim("A clip", ASSERTION))
    return target


@pytest.fixture(scope="session")
def examiner(authority: CertificateAuthority) -> Examiner:
    """With children that wait, as a service has; the cold ones are the same but slower (`test_warm_children`)."""
    return Examiner(TrustSettings(authority.root_pem), children=SharedChildren() if WARM else ColdChildren())


@pytest.fixture
def assertion() -> dict[str, object]:
    return dict(ASSERTION)
