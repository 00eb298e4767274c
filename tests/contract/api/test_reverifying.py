"""What was cleared is looked at again, and what would be answered otherwise now is told once."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from api.services.circumstances import Circumstances
from api.services.looking import recorded_c2pa
from api.services.reverifying import Changed, reverify
from api.services.screening import sweep_all
from api.services.verification import verify_file
from ledger.clock import SystemClock
from ledger.media.testca import VALID_BEFORE_NOW_DAYS, VALID_DAYS, make_test_ca
from ledger.rules.lineage import examination
from ops.home import Home
from projections.cascade import run_expiry
from schemas.base import format_instant, new_id
from schemas.statements.reverification import ClearanceReverified
from schemas.statements.review import ReviewRejected
from schemas.statements.trust import TrustListImported
from tests.house_of import raises_code
from tests.office_of import ASKED, Made, Office, make_office

QUESTION = Circumstances(**ASKED)
DSSE = {"Content-Type": "application/vnd.dsse+json"}


def again(office: Office) -> list[Changed]:
    return list(reverify(office.services))


def say(office: Office, name: str, body: object) -> None:
    answer = office.post("/v1/statements", name, content=office.signed(name, body), headers=DSSE)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text


def own_root(office: Office) -> Path:
    (file,) = (Home(office.home.path).trust / "signers").glob("*.pem")
    return file


def told(office: Office) -> list[dict[str, object]]:
    office.services.views.catch_up()
    pending = office.services.views.notices.pending("platform")
    return [one.payload for one in pending if one.payload["type"] == "countersign.clearance.reverified.v1"]


def test_while_nothing_changes_nothing_is_said(office: Office) -> None:
    size = office.size
    assert again(office) == again(office) == []
    assert office.size == size


def test_a_changed_trust_list_is_told_once_for_each_clearance_and_again_when_it_is_back(
    office: Office, made: Made
) -> None:
    root = own_root(office)
    content = root.read_bytes()
    root.unlink()
    (changed,) = again(office)
    assert (changed.said.asset, changed.said.verdict, changed.said.c2pa_state) == (made.signed, "allow", "untrusted")
    size = office.size
    assert again(office) == []
    assert office.size == size
    (event,) = told(office)
    assert event["data"]["c2pa_state"] == "untrusted"  # type: ignore[index]
    root.write_bytes(content)
    assert [one.said.c2pa_state for one in again(office)] == ["trusted"]
    assert len(told(office)) == 2


def test_reading_a_manifest_again_keeps_what_else_was_found(office: Office, made: Made) -> None:
    before = examination(office.services.ledger.history(), made.signed)
    own_root(office).unlink()
    again(office)
    after = examination(office.services.ledger.history(), made.signed)
    assert before is not None and after is not None and before[0].index < after[0].index
    assert (after[1].frames, after[1].essence_sha256) == (before[1].frames, before[1].essence_sha256)
    assert after[1].c2pa_state == "untrusted"
    report = recorded_c2pa(office.services, office.services.ledger.history(), made.signed)
    assert report is not None and report.state == "untrusted"
    found = verify_file(office.services, made.file("copy"), QUESTION)
    assert found.identified.asset == made.signed
    assert verify_file(office.services, made.file("signed"), QUESTION).verdict == "allow"


def test_a_lists_sunset_is_told_when_it_comes_and_not_before(office: Office) -> None:
    root, until = own_root(office), office.clock.now() + timedelta(hours=1)
    body = TrustListImported(
        list="interim",
        kind="signer",
        list_sha256=office.services.blobs.put(root.read_bytes()),
        certificates=1,
        until=until,
        reason="for now",
    )
    root.unlink()
    say(office, "operator", body)
    assert again(office) == []
    office.clock.move_to(until - timedelta(seconds=1))
    assert again(office) == []
    office.clock.move_to(until)
    assert [one.said.c2pa_state for one in again(office)] == ["untrusted"]
    assert again(office) == []


def test_a_rejection_turns_the_answer_and_the_reasons_are_told(office: Office, made: Made) -> None:
    say(
        office,
        "rob",
        ReviewRejected.model_validate({"asset": made.signed, "gate": "brand", "comment": "not ours any more"}),
    )
    (changed,) = again(office)
    assert (changed.said.verdict, changed.said.c2pa_state) == ("deny", "trusted")
    assert changed.said.codes
    assert changed.as_json()["use"] == ASKED["use"]
    assert again(office) == []


def test_only_what_the_rules_say_and_only_what_is_new_is_taken(office: Office, made: Made) -> None:
    own_root(office).unlink()
    (changed,) = again(office)
    raises_code("reverified_already", lambda: office.services.ledger.say(changed.said))
    other = ClearanceReverified.model_validate({**changed.said.as_json(), "verdict": "deny", "codes": ["made_up"]})
    raises_code("verdict_differs", lambda: office.services.ledger.say(other))
    unknown = changed.said.model_copy(update={"asset": "ab" * 32})
    raises_code("clearance_unknown", lambda: office.services.ledger.say(unknown))


def test_what_ended_with_a_consent_is_told_as_an_end_and_not_here(office: Office, made: Made) -> None:
    office.clock.move_to(made.story.ends_at)
    assert again(office) == []


def guardrail(office: Office) -> dict[str, str]:
    number = new_id(office.clock.now())
    return {"guardrail": number, "kind": "mark", "label": "Warm Cup", "reason": "a test", "counsel": "lena"}


def test_an_entry_on_the_do_not_generate_list_turns_the_answer(office: Office, made: Made) -> None:
    body = {**guardrail(office), "effective_from": "2026-10-01T00:00:00Z"}
    entry = {"type": "guardrail.entry-added.v1", "body": body}
    assert office.post("/v1/statements", "lena", json=entry).status_code == 201
    sweep_all(office.services)
    (changed,) = again(office)
    assert changed.said.verdict == "deny"
    assert any(code.startswith(("guardrail_", "rights_review_")) for code in changed.said.codes)
    assert again(office) == []
    assert len(told(office)) == 1


def held_by_pia(office: Office) -> None:
    """The platform is told by name; it asked for the clearance and shows the clip."""
    said = {"type": "holder.registered.v1", "body": {"holder": "pia", "platforms": ["example-video"]}}
    assert office.post("/v1/statements", "lena", json=said).status_code == 201


def round_of_work(office: Office) -> list[dict[str, object]]:
    """What the workers do: weigh again, record ends, tell holders; the notices that the platform then reads."""
    again(office)
    run_expiry(office.services.ledger, office.services.views, office.clock.now())
    found: list[dict[str, object]] = office.get("/v1/holders/pia/notices", "pia").json()["notices"]
    return [one for one in found if one["kind"] != "expiring"]


def test_each_cause_reaches_whoever_has_the_file_with_its_verdict_and_its_deadline(office: Office, made: Made) -> None:
    held_by_pia(office)
    root = own_root(office)
    content = root.read_bytes()
    root.unlink()  # a changed trust list: worth less, nothing is asked
    (lists,) = round_of_work(office)
    assert (lists["kind"], lists["outcome"], lists["due_at"]) == ("reverified", None, None)
    root.write_bytes(content)
    assert len(round_of_work(office)) == 2
    body = {**guardrail(office), "effective_from": "2026-10-01T00:00:00Z"}
    office.post("/v1/statements", "lena", json={"type": "guardrail.entry-added.v1", "body": body})
    sweep_all(office.services)
    added = round_of_work(office)[-1]
    assert (added["kind"], added["outcome"], added["open"]) == ("reverified", "pause", True)
    assert added["items"] == [{"asset": made.signed, "clearance": added["clearance"]}]
    answer = {"done": "paused", "done_at": format_instant(office.clock.now())}
    path = f"/v1/notices/{added['notice']}/acknowledgements"
    assert office.post(path, "pia", json=answer).status_code == 201
    assert [one["standing"] for one in round_of_work(office)] == ["issued", "issued", "answered"]
    office.clock.move_to(made.story.ends_at)  # and the end of a consent is told as an end, by the same road
    ended = round_of_work(office)[-1]
    assert (ended["kind"], ended["open"], ended["consent"]) == ("ended", True, made.story.consent)


def test_a_certificate_that_ends_is_told_when_it_does_of_each_file_that_went_out(tmp_path: Path) -> None:
    """A real signature by a certificate with five days left. The engine reads the machine's clock, so the story is of today."""
    today, left = SystemClock().now(), timedelta(days=5)
    authority = make_test_ca(today + left - timedelta(days=VALID_DAYS - VALID_BEFORE_NOW_DAYS))
    made = make_office(tmp_path, today, authority)
    ends = x509.load_pem_x509_certificates(authority.chain_pem.encode())[0].not_valid_after_utc
    assert abs(ends - today - left) < timedelta(seconds=2)
    with closing(Office(made, tmp_path / "later")) as office:
        held_by_pia(office)
        office.clock.move_to(ends - timedelta(seconds=1))
        assert round_of_work(office) == []
        office.clock.move_to(ends + timedelta(seconds=1))
        (notice,) = round_of_work(office)
        (event,) = told(office)
        data: dict[str, object] = event["data"]  # type: ignore[assignment]
        assert (data["asset"], data["c2pa_state"], data["clearance"]) == (made.signed, "expired", notice["clearance"])
        assert verify_file(office.services, made.file("signed"), QUESTION).verdict == data["verdict"]
        assert round_of_work(office) == [notice]
