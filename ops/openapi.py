"""Writes schemas/generated/openapi.json from the routes: `python -m ops.openapi`. A test fails when it is stale."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from api.app import create_app
from ledger.clock import SystemClock
from ops.home import init_home
from ops.wiring import services_of

TARGET = Path(__file__).resolve().parents[1] / "schemas" / "generated" / "openapi.json"


def openapi_text() -> str:
    """The document as it is committed. Routes don't depend on a home, so an empty one will do."""
    with tempfile.TemporaryDirectory(prefix="countersign-") as folder:
        home = Path(folder) / "home"
        init_home(home, SystemClock())
        with services_of(home) as services:
            document = create_app(services).openapi()
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
