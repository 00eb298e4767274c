"""Files that are made to be sent once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from starlette.responses import StreamingResponse

from api.limits import UPLOAD_CHUNK_BYTES
from api.services.evidence import write_pack
from api.services.evidence_order import PackOrder
from api.services.services import Services


def evidence_file(services: Services, order: PackOrder) -> StreamingResponse:
    """The evidence pack that was asked for, as a download. Raises what `write_pack` raises.

    The pack's only name is removed before its first byte is sent: whatever happens to the connection, nothing is left.
    """
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        path = Path(folder) / "evidence.zip"
        write_pack(
            services.ledger,
            services.index,
            services.blobs,
            order,
            path,
            outside=services.outside,
            at=services.clock.now(),
        )
        size, file = path.stat().st_size, path.open("rb")
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="evidence-{(order.dispute or order.assets[0])[:12]}.zip"',
    }
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(UPLOAD_CHUNK_BYTES):
            yield chunk
