"""Our own settings model: no typo, no half-read list and no network can get into what the engine is told."""

from __future__ import annotations

from datetime import UTC, datetime

import c2pa as sdk
import pytest

from ledger.errors import LedgerError
from ledger.media.testca import make_test_ca
from ledger.media.trust import SIGNER_EKUS, TrustSettings, sdk_settings

ROOT = make_test_ca(datetime(2026, 11, 23, tzinfo=UTC)).root_pem
BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("time_stamps", [True, False])
def test_nothing_is_ever_fetched(time_stamps: bool) -> None:
    told = sdk_settings(TrustSettings(ROOT, ROOT), time_stamps=time_stamps)
    assert told["core"] == {"allowed_network_hosts": []}
    assert told["verify"]["remote_manifest_fetch"] is False
    assert told["verify"]["ocsp_fetch"] is False
    assert told["verify"]["verify_timestamp_trust"] is time_stamps


def test_signers_are_asked_for_without_the_time_stamp_anchors() -> None:
    other = make_test_ca(datetime(2026, 11, 23, tzinfo=UTC)).root_pem
    trust = TrustSettings(signer_anchors_pem=ROOT, tsa_anchors_pem=other)
    assert other.strip() not in sdk_settings(trust, time_stamps=False)["trust"]["trust_anchors"]
    assert sdk_settings(trust, time_stamps=False)["trust"]["trust_config"].split() == list(SIGNER_EKUS)


@pytest.mark.parametrize("pem", [BROKEN, ROOT + BROKEN, BROKEN + ROOT, "words"])
def test_a_list_with_something_unreadable_in_it_is_refused(pem: str) -> None:
    with pytest.raises(LedgerError) as caught:
        TrustSettings(signer_anchors_pem=pem)
    assert caught.value.code == "trust_anchors_malformed"


def test_the_engine_alone_would_take_typos_and_half_a_list() -> None:
    """Why this model exists: the day this fails, the engine checks its settings itself."""
    sdk.Settings.from_dict({"trusst": {"trust_anchors": 3}}).close()
    sdk.Settings.from_dict({"trust": {"trust_anchors": ROOT + BROKEN}}).close()
