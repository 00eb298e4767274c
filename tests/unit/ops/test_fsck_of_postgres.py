"""A log that the auditor can't read is unavailable to it, never clean and never missing."""

from __future__ import annotations

from pathlib import Path

from ops.fsck import audit_home
from ops.settings import Settings
from tests.house_of import raises_code


def test_a_log_in_postgresql_is_told_to_be_unchecked(tmp_path: Path) -> None:
    settings = Settings(origin="countersign.example/pg", store="postgresql://db.example/countersign")
    raises_code("fsck_store_unsupported", lambda: audit_home(tmp_path, settings))
