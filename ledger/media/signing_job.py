"""Sign one file with a C2PA manifest. Runs in the fenced child, because the source may be a stranger's file.

The job is what `ledger.media.signing` wrote; the private key is in it and nowhere else in this process.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import c2pa as sdk

from ledger.errors import Misuse, Unavailable
from ledger.media.trust import TrustSettings, sdk_settings


def sign(job: dict[str, Any]) -> dict[str, Any]:
    """{"manifest": the raw manifest store in base64}. Raises Misuse or Unavailable, see `ManifestSigner.sign`."""
    context = sdk.Context(sdk.Settings.from_dict(sdk_settings(TrustSettings.from_json(job["trust"]), time_stamps=True)))
    source, target = Path(job["source"]), Path(job["target"])
    try:
        signer = _signer(job)
        with sdk.Builder.from_json(job["manifest"], context=context) as builder:
            for ingredient in job["ingredients"]:
                with Path(ingredient["path"]).open("rb") as stream:
                    builder.add_ingredient(ingredient["definition"], ingredient["media_type"], stream)
            with source.open("rb") as stream, target.open("r+b") as output:
                manifest = builder.sign(signer, job["media_type"], stream, output)
    except sdk.C2paError.NotSupported:
        raise Misuse("signing_unsupported", "This kind of file can't carry a manifest.", "Convert it first.") from None
    except sdk.C2paError as error:
        raise Unavailable("signing_failed", f"The C2PA engine refused: {type(error).__name__}.", "") from None
    return {"manifest": base64.b64encode(manifest).decode()}


def _signer(job: dict[str, Any]) -> Any:
    """A signer without a time-stamp authority: the ledger's own checkpoint is stamped, not each file."""
    try:
        return sdk.Signer.from_info(
            sdk.C2paSignerInfo(job["alg"], job["chain_pem"].encode(), job["key_pem"].encode(), None)
        )
    except sdk.C2paError:
        raise Misuse(
            "signing_key_unusable", "The certificate chain and private key can't sign.", "Check that they match."
        ) from None
