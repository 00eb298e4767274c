"""Signed statements whose author sends what nobody thought of; packs that somebody took a knife to."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
import zipfile
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.proof.dsse import PAYLOAD_TYPE, sign
from ledger.proof.logentry import LogEntry
from ledger.proof.pack import check_pack
from ledger.proof.packclaims import PackClaims
from tests.contract.evidence.story import Story, tell
from tests.house_of import ROLES, SERVICE, House
from tests.property.fuzz.mutations import changes, fuzzing, mutated, survives, with_one_odd_value

STATEMENTS = Path(__file__).resolve().parents[2] / "vectors" / "statements"
EXAMPLES = [json.loads(json.loads(path.read_text())["payload"]) for path in sorted(STATEMENTS.glob("*.json"))]


@cache
def _story() -> Story:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    story = tell(House(folder))
    atexit.register(story.house.close)
    return story


@cache
def _pack() -> bytes:
    return _story().write(_story().house.folder / "evidence.zip").path.read_bytes()


@cache
def _members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_pack())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _bytes(document: Any) -> bytes:
    """JSON as the ledger's own canonical form has it, where the value allows; a stranger may write anything."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@fuzzing(250)
@given(st.sampled_from(EXAMPLES), st.sampled_from([*ROLES, "operator", SERVICE]), changes)
def test_the_door_takes_any_signed_payload_or_refuses_it_by_name(example: Any, actor: str, change: Any) -> None:
    house = _story().house
    size = house.size
    document = with_one_odd_value({**example, "actor": actor, "id": house.new_id()}, *change)
    private = house.keys[actor].private
    error = survives(lambda: house.ledger.append(sign(_bytes(document), PAYLOAD_TYPE, private).to_bytes()))
    assert house.size == size + (error is None)


@fuzzing(100)
@given(st.sampled_from(EXAMPLES), changes)
def test_an_envelope_with_odd_members_is_refused_by_name(example: Any, change: Any) -> None:
    house = _story().house
    signed = json.loads(sign(_bytes(example), PAYLOAD_TYPE, house.keys["mara"].private).to_bytes())
    survives(lambda: house.ledger.append(_bytes(with_one_odd_value(signed, *change))))


@fuzzing(150)
@given(st.integers(0, 20), changes)
def test_an_entry_with_odd_members_is_read_or_refused_by_name(number: int, change: Any) -> None:
    names = [name for name in _members() if name.startswith("entries/")]
    entry = json.loads(_members()[names[number % len(names)]])
    survives(lambda: LogEntry.parse(number, _bytes(with_one_odd_value(entry, *change))))  # the entry itself is odd
    example = EXAMPLES[number % len(EXAMPLES)]
    entry["envelope"]["payload"] = b64encode(_bytes(with_one_odd_value(example, *change))).decode()
    survives(lambda: LogEntry.parse(number, _bytes(entry)))


@fuzzing(150)
@given(changes)
def test_claims_with_odd_members_are_read_or_refused_by_name(change: Any) -> None:
    claims = json.loads(_members()["pack.json"])
    survives(lambda: PackClaims.parse(_bytes(with_one_odd_value(claims, *change))))


@fuzzing(30)
@given(st.data())
def test_a_pack_with_broken_bytes_gets_a_report_or_a_typed_error(data: st.DataObject) -> None:
    raw = data.draw(mutated([_pack()]))
    survives(lambda: check_pack(raw, _story().vkeys))


@fuzzing(30)
@given(st.data())
def test_a_pack_with_one_broken_member_never_gets_a_clean_report(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(_members().keys() - {"report.html", "verify.py"})))
    broken = data.draw(mutated([_members()[name]]))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in _members().items():
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), broken if member == name else content)
    report = check_pack(packed.getvalue(), _story().vkeys)
    assert (report.state == "verified") == (broken == _members()[name]), f"{name}: {report.headline}"
