"""Files and reference works by words: titles, briefs, prompts, providers, models, people's pseudonyms, numbers and digests.

Only what stands open in the log is here, never a sealed field. When the erasure of a person begins, their pseudonym leaves the
index, and so do the prompts that were written for them: a prompt may describe them.

One row a file, in SQLite's FTS5, so several words may be found in several places (one in the brief, one in the model's name).
What was made from a file is found by the words of that file too. Newest first: a page costs its rows, not the ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import Misuse
from ledger.statement import Said
from projections.database import View
from projections.topics import (
    OF_ACTORS,
    OF_CLEARANCES,
    OF_CONSENTS,
    OF_FILES,
    OF_FINDINGS,
    OF_GENERATIONS,
    OF_HOLDERS,
    OF_LIKENESS,
    OF_MATTERS,
    OF_PEOPLE,
    OF_RIGHTS,
    OF_THE_LOG,
)
from projections.wordquery import asked_words
from schemas.statements.asset import AssetDerived, AssetImported
from schemas.statements.brief import BriefDrafted
from schemas.statements.erasure import SubjectErasureBegun
from schemas.statements.generation import GenerationRequested
from schemas.statements.person import PersonRegistered
from schemas.statements.provider import ProviderRecordImported
from schemas.statements.reference import ReferenceRegistered

FIELDS: Final = ("title", "brief", "prompt", "origin", "people", "ids")
"""Where a word may stand, beside the digest. Each is lines; `people` begins each line with a pseudonym."""
LINES_MAX: Final = 200  # of a composition of many files: what came first is found, the rest by its own file
SNIPPET_WORDS: Final = 12
ROWS_MAX: Final = 500  # in one answer; who reads on passes the last index
_MARK: Final = "\x02"


@dataclass(frozen=True)
class FoundFile:
    """A file that has all the words; `found_in` says where, with the words around. `index` is the entry that brought it."""

    index: int
    asset: str
    title: str
    found_in: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FoundReference:
    """A reference work whose title, owner or number has all the words."""

    index: int
    reference: str


class Texts(View):
    """Words to files. Thread-safe."""

    name = "texts"
    version = 1
    schema = """
    CREATE VIRTUAL TABLE texts_file USING fts5 (
      digest, title, brief, prompt, origin, people, ids, tokenize = 'unicode61 remove_diacritics 2');
    CREATE VIRTUAL TABLE texts_reference USING fts5 (
      reference, title, owner, tokenize = 'unicode61 remove_diacritics 2');
    CREATE TABLE texts_asset (asset TEXT PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE texts_brief (
      brief TEXT NOT NULL, version INTEGER NOT NULL, words TEXT NOT NULL, PRIMARY KEY (brief, version)) WITHOUT ROWID;
    CREATE TABLE texts_generation (
      generation TEXT PRIMARY KEY, brief TEXT NOT NULL, version INTEGER NOT NULL, prompt TEXT NOT NULL,
      origin TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE texts_cameo (
      person TEXT NOT NULL, generation TEXT NOT NULL, consent TEXT NOT NULL, PRIMARY KEY (person, generation, consent))
      WITHOUT ROWID;
    CREATE INDEX texts_cameo_by_generation ON texts_cameo (generation);
    CREATE TABLE texts_person (person TEXT PRIMARY KEY, words TEXT NOT NULL) WITHOUT ROWID
    """
    handled = frozenset(
        {
            "asset.imported.v1",
            "asset.derived.v1",
            "brief.drafted.v1",
            "generation.requested.v1",
            "person.registered.v1",
            "person.registered.v2",
            "provider.record-imported.v1",
            "reference.registered.v1",
            "reference.registered.v2",
            "subject.erasure-begun.v1",
        }
    )
    ignored = (
        OF_THE_LOG
        | OF_ACTORS
        | OF_LIKENESS
        | OF_RIGHTS
        | OF_CONSENTS
        | OF_CLEARANCES
        | OF_HOLDERS
        | (OF_PEOPLE - {"person.registered.v1", "person.registered.v2"})
        | (OF_GENERATIONS - {"brief.drafted.v1", "generation.requested.v1"})
        | (OF_FILES - {"asset.imported.v1", "asset.derived.v1"})
        | (OF_MATTERS - {"subject.erasure-begun.v1"})
        | (OF_FINDINGS - {"provider.record-imported.v1", "reference.registered.v1", "reference.registered.v2"})
    )

    def apply(self, db: sqlite3.Connection, said: Said) -> None:
        body = said.body
        if isinstance(body, BriefDrafted):
            _replace(db, "texts_brief", body.brief, body.version, _brief_words(body))
        elif isinstance(body, GenerationRequested):
            _generation(db, body)
        elif isinstance(body, PersonRegistered):
            _replace(db, "texts_person", body.person, body.person_class)
        elif isinstance(body, AssetImported):
            _new_file(db, said.index, body.asset, _imported(db, body))
        elif isinstance(body, AssetDerived):
            _new_file(db, said.index, body.asset, _derived(db, body))
        elif isinstance(body, ProviderRecordImported):
            _recorded(db, body)
        elif isinstance(body, ReferenceRegistered) and body.person is None:
            row = (said.index, body.reference, body.title or "", body.owner or "")
            db.execute("INSERT INTO texts_reference (rowid, reference, title, owner) VALUES (?, ?, ?, ?)", row)
        elif isinstance(body, SubjectErasureBegun):
            _forget(db, body.person)

    # -- queries ---------------------------------------------------------------------------------------------------------

    def files(self, text: str, *, before: int, limit: int) -> list[FoundFile]:
        """Files with all the words, newest first, of those brought before entry `before`. Raises Misuse `text_empty`."""
        around = ", ".join(
            f"snippet(texts_file, {place}, '{_MARK}', '', '…', {SNIPPET_WORDS})" for place in range(len(FIELDS) + 1)
        )
        sql = f"""SELECT rowid, digest, title, {around} FROM texts_file WHERE texts_file MATCH ? AND rowid < ?
                  ORDER BY rowid DESC LIMIT ?"""
        rows = self._rows(sql, (_asked(text), before, min(limit, ROWS_MAX)))
        return [_found(index, asset, title, around) for index, asset, title, *around in rows]

    def title(self, asset: str) -> str | None:
        """What people call it: its own title, else that of the first file that it was made from."""
        sql = "SELECT title FROM texts_file WHERE rowid = (SELECT idx FROM texts_asset WHERE asset = ?)"
        return next((title.partition("\n")[0] or None for (title,) in self._rows(sql, (asset,))), None)

    def references(self, text: str, *, limit: int) -> list[FoundReference]:
        """Reference works with all the words, newest first. Raises Misuse `text_empty`."""
        sql = (
            """SELECT rowid, reference FROM texts_reference WHERE texts_reference MATCH ? ORDER BY rowid DESC LIMIT ?"""
        )
        return [FoundReference(*row) for row in self._rows(sql, (_asked(text), min(limit, ROWS_MAX)))]


def _asked(text: str) -> str:
    words = asked_words(text)
    if not words:
        what = "there is no word in this text to look for"
        raise Misuse("text_empty", what, 'Write words; "several in quotes" stand together; lig* begins a word.')
    return " AND ".join(words)


def _found(index: int, asset: str, title: str, around: Sequence[str]) -> FoundFile:
    places = zip(("digest", *FIELDS), around, strict=True)
    found = tuple((name, " ".join(text.replace(_MARK, "").split())) for name, text in places if _MARK in text)
    return FoundFile(index, asset, title.partition("\n")[0], found)


# -- what a file is found by ---------------------------------------------------------------------------------------------

Lines = dict[str, list[str]]


def _brief_words(body: BriefDrafted) -> str:
    rules = (rule.text for rule in (*body.visual_rules, *body.non_negotiables))
    return "\n".join((body.title, body.objective, *body.narrative_beats, *rules))


def _generation(db: sqlite3.Connection, body: GenerationRequested) -> None:
    template = body.template.name if body.template else ""
    origin = " ".join(filter(None, (body.provider, body.model, body.model_snapshot, template)))
    _replace(db, "texts_generation", body.generation, body.brief, body.brief_version, body.prompt, origin)
    for cameo in body.cameos:
        _replace(db, "texts_cameo", cameo.person, body.generation, cameo.consent)


def _imported(db: sqlite3.Connection, body: AssetImported) -> Lines:
    lines: Lines = {"title": [body.title or ""], "origin": [body.media_type], "ids": [body.provider_job or ""]}
    if body.generation is None:
        return lines
    sql = """SELECT g.brief, g.prompt, g.origin, b.words FROM texts_generation AS g
             LEFT JOIN texts_brief AS b ON b.brief = g.brief AND b.version = g.version WHERE generation = ?"""
    for brief, prompt, origin, words in db.execute(sql, (body.generation,)):
        lines["ids"] += [body.generation, brief]
        lines |= {"brief": [words or ""], "prompt": [prompt], "people": _people(db, body.generation)}
        lines["origin"].append(origin)
    return lines


def _people(db: sqlite3.Connection, generation: str) -> list[str]:
    sql = """SELECT c.person, p.words, c.consent FROM texts_cameo AS c LEFT JOIN texts_person AS p USING (person)
             WHERE generation = ? ORDER BY c.person, c.consent"""
    return [" ".join(filter(None, row)) for row in db.execute(sql, (generation,))]


def _derived(db: sqlite3.Connection, body: AssetDerived) -> Lines:
    """The words of what it was made from, each line once, and its own."""
    lines: Lines = {"origin": [body.media_type, f"{body.relation} {body.tool}"]}
    for parent in body.parents:
        for name, words in _words_of(db, parent).items():
            lines[name] = [*lines.get(name, ()), *words]
    return lines


def _words_of(db: sqlite3.Connection, asset: str) -> Lines:
    sql = f"""SELECT {", ".join(FIELDS)} FROM texts_file
              WHERE rowid = (SELECT idx FROM texts_asset WHERE asset = ?)"""
    row = db.execute(sql, (asset,)).fetchone()
    return {name: text.split("\n") for name, text in zip(FIELDS, row, strict=True)} if row else {}


def _recorded(db: sqlite3.Connection, body: ProviderRecordImported) -> None:
    """What a provider's record says in the open; under whose name the rest is sealed is a pseudonym too."""
    lines = _words_of(db, body.asset)
    if lines:
        more = {"origin": f"{body.provider} {body.model}", "ids": body.job, "people": body.sealed_under}
        _write(db, body.asset, {name: [*words, more.get(name, "")] for name, words in lines.items()})


def _new_file(db: sqlite3.Connection, index: int, asset: str, lines: Lines) -> None:
    if db.execute("SELECT 1 FROM texts_asset WHERE asset = ?", (asset,)).fetchone() is None:
        _replace(db, "texts_asset", asset, index)
        columns = ", ".join(("rowid", "digest", *FIELDS))
        sql = f"INSERT INTO texts_file ({columns}) VALUES ({', '.join('?' * (2 + len(FIELDS)))})"
        db.execute(sql, (index, asset, *(_joined(lines.get(name, ())) for name in FIELDS)))


def _write(db: sqlite3.Connection, asset: str, lines: Lines) -> None:
    sets = ", ".join(f"{name} = ?" for name in FIELDS)
    sql = f"UPDATE texts_file SET {sets} WHERE rowid = (SELECT idx FROM texts_asset WHERE asset = ?)"
    db.execute(sql, (*(_joined(lines.get(name, ())) for name in FIELDS), asset))


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(list(dict.fromkeys(filter(None, lines)))[:LINES_MAX])


def _forget(db: sqlite3.Connection, person: str) -> None:
    """Also of generations whose files are yet to come. O(their files)."""
    sql = "SELECT digest, people FROM texts_file WHERE texts_file MATCH ?"
    for asset, people in db.execute(sql, (f'people : "{person}"',)).fetchall():
        others = [line for line in people.split("\n") if line.split(" ")[0] != person]
        if len(others) < len(people.split("\n")):
            _write(db, asset, _words_of(db, asset) | {"people": others, "prompt": []})
    mine = "(SELECT generation FROM texts_cameo WHERE person = ?)"
    db.execute(f"UPDATE texts_generation SET prompt = '' WHERE generation IN {mine}", (person,))
    db.execute("DELETE FROM texts_cameo WHERE person = ?", (person,))
    db.execute("DELETE FROM texts_person WHERE person = ?", (person,))


def _replace(db: sqlite3.Connection, table: str, *row: object) -> None:
    db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
