"""Files that are made to be sent once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from starlette.responses import StreamingResponse

from api.limits import UPLOAD_CHUNK_BYTES
from api.services.dossier import dossier
from api.services.evidence import write_pack
from api.services.services import Services


def evidence_file(services: Services, asset: str, *, with_media: bool = False) -> StreamingResponse:
    """The evidence pack on a file, as a download. Raises NotFound `asset_unknown`, Unavailable.

    The pack's only name is removed before its first byte is sent: whatever happens to the connection, nothing is left.
    """
    at = dossier(services, asset).at
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        path = Path(folder) / "evidence.zip"
        write_pack(
            services.ledger,
            services.index,
            services.blobs,
            asset,
            path,
            outside=services.outside,
            with_media=with_media,
            at=at,
        )
        size, file = path.stat().st_size, path.open("rb")
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="evidence-{asset[:12]}.zip"',
    }
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(UPLOAD_CHUNK_BYTES):
            yield chunk
