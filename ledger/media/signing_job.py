"""Sign one file with a C2PA manifest. Runs in the fenced child, because the source may be a stranger's file.

The job is what `ledger.media.signing` wrote. The private key is not in this process: each signature is asked for on stdout and
answered on stdin, a line of JSON each.
"""

from __future__ import annotations

import base64
import json
import sys
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
            if not job["embed"]:
                builder.set_no_embed()
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
    """Whoever holds the key is asked. The engine leaves room for a time stamp, which is fetched outside."""
    alg = sdk.C2paSigningAlg[job["alg"].upper()]
    try:
        return sdk.Signer.from_callback(_asked, alg, job["chain_pem"])
    except sdk.C2paError:
        raise Misuse(
            "signing_key_unusable", "The certificate chain and private key can't sign.", "Check that they match."
        ) from None


def _asked(message: bytes) -> bytes:
    sys.stdout.write(json.dumps({"to_sign": base64.b64encode(message).decode()}) + "\n")
    sys.stdout.flush()
    return base64.b64decode(json.loads(sys.stdin.readline())["signature"], validate=True)
