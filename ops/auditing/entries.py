"""Every entry from its raw row: its form, its class, its columns, its tags, its signer; and what it names elsewhere."""

from __future__ import annotations

import sqlite3

from pydantic import ValidationError

from ledger.errors import LedgerError, Untrusted
from ledger.proof.logentry import LogEntry
from ledger.proof.packdigests import named_digests
from ops.auditing.report import AuditReport
from ops.auditing.rows import RawEntry
from ops.auditing.speakers import Speakers
from schemas.base import Statement
from schemas.catalogue import TYPES, parse_body


class EntryAudit:
    """`look` at every row in order; findings go to the report, what must exist elsewhere to the scratch database."""

    def __init__(self, report: AuditReport, scratch: sqlite3.Connection) -> None:
        self._report, self._scratch = report, scratch
        self.speakers = Speakers()

    def look(self, row: RawEntry) -> None:
        item = f"entry {row.index}"
        self._tags(item, row)
        self._report["entries"].checked += 1
        try:
            entry = LogEntry.parse(row.index, row.data)
        except LedgerError as error:
            self._report["entries"].find(error.code, item, error.what)
            self._report["signatures"].find("signature_unreadable", item, "an entry that can't be read is not signed")
            return
        self._shape(item, row, entry)
        self._signature(item, entry)
        self._remember(item, entry)

    def _shape(self, item: str, row: RawEntry, entry: LogEntry) -> None:
        check = self._report["entries"]
        try:
            statement = Statement.model_validate(entry.statement)
            if statement.type not in TYPES:
                check.find("type_unknown", item, f"{statement.type} is not in the catalogue")
                return
            if statement.tags != parse_body(statement.type, statement.body).tags():
                check.find("tags_differ", item, "its tags are not those of its body")
        except ValidationError as error:
            check.find("statement_malformed", item, f"{error.error_count()} members do not fit {entry.type}")
            return
        columns = {"type": row.type, "id": row.statement_id, "tags": tuple(row.tags.split("\n")) if row.tags else ()}
        said = {"type": statement.type, "id": statement.id, "tags": statement.tags}
        for name, value in said.items():
            if columns[name] != value:
                check.find("column_differs", item, f"its {name} column is not what the statement says")

    def _signature(self, item: str, entry: LogEntry) -> None:
        check = self._report["signatures"]
        check.checked += 1
        try:
            self.speakers.judge(entry)
        except LedgerError as error:
            check.find(error.code, item, error.what)
        try:
            self.speakers.take(entry)  # judged or not: what hangs on a bad enrolment is not told once more
        except Untrusted as error:
            check.find(error.code, item, error.what)
        except (LedgerError, KeyError, TypeError, ValueError):
            check.find("key_statement_malformed", item, "what it says about keys can't be read")
        check.notes += self.speakers.remarks[len(check.notes) :]

    def _tags(self, item: str, row: RawEntry) -> None:
        check = self._report["tags"]
        wanted = {(name, row.type) for name in row.tags.split("\n") if name}
        check.checked += len(row.tag_rows)
        for name, _ in sorted(wanted - row.tag_rows):
            check.find("tag_missing", item, f"there is no tag row for {name}")
        for name, kind in sorted(row.tag_rows - wanted):
            check.find("tag_extra", item, f"a tag row {name} of type {kind} is not in the statement")

    def _remember(self, item: str, entry: LogEntry) -> None:
        statement_id = entry.statement["id"]
        added = self._scratch.execute("INSERT OR IGNORE INTO said VALUES (?, ?)", (statement_id, entry.index))
        if not added.rowcount:
            self._report["rows"].find("statement_twice", item, f"statement {statement_id} stands in the log already")
        for pointer, ref in entry.statement.get("sealed", {}).items():
            row = (statement_id, pointer, ref["subject"], ref["commitment"], entry.index)
            self._scratch.execute("INSERT OR IGNORE INTO sealed VALUES (?, ?, ?, ?, ?)", row)
        if entry.type in ("subject.erasure-begun.v1", "subject.erased.v1"):
            step = (str(entry.body.get("person")), entry.index, entry.type == "subject.erased.v1")
            self._scratch.execute("INSERT OR REPLACE INTO erasure VALUES (?, ?, ?)", step)
        if entry.type == "likeness.destroyed.v1":  # templates and embeddings are sealed under numbers of their own
            gone = str(entry.body.get("enrolment") or entry.body.get("scan"))
            self._scratch.execute("INSERT OR REPLACE INTO erasure VALUES (?, ?, 1)", (gone, entry.index))
        self._remember_blobs(entry)

    def _remember_blobs(self, entry: LogEntry) -> None:
        """Required: what the service itself examined or made. Other digests may be of bytes that stayed elsewhere."""
        required = set()
        if entry.type == "asset.examined.v1":
            required = {entry.body.get("asset"), entry.body.get("examination_sha256")}
        elif entry.type == "asset.derived.v1" and entry.actor == self.speakers.service:
            required = {entry.body.get("asset"), entry.body.get("manifest_sha256")}
        try:
            named = named_digests(entry)
        except LedgerError:
            return  # its body is malformed, which _shape has told
        for digest in named | {one for one in required if isinstance(one, str)}:
            self._scratch.execute(
                "INSERT INTO blob VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET required = MAX(required, excluded.required)",
                (digest, entry.index, digest in required),
            )
