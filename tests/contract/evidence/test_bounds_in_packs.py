"""Cosignatures and time stamps inside packs, to three verifiers: what others saw of the log bounds it (SPEC S8.10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.services.evidence_outside import Outside
from api.services.evidence_replay import replay
from ledger.keys import SigningKey
from ledger.log.logkeys import stored_log_keys
from ledger.log.packstamps import with_authorities
from ledger.log.published import WITNESSED, PublishedFolder
from ledger.log.publisher import Publisher
from ledger.log.stamps import KeptStamp, StampFolder
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.consistency import consistency_file
from ledger.proof.cosignature import cosignature_lines, with_cosignatures
from ledger.proof.merkle import consistency_proof
from ledger.proof.note import sign_note
from ledger.proof.pack import check_pack
from ledger.proof.policy import TlogPolicy
from tests.contract.evidence.conftest import Verifier
from tests.contract.evidence.story import Story, flipped, forged, members, tell
from tests.contract.evidence.test_three_verifiers import flips
from tests.house_of import SERVICE, House, raises_code
from tests.log_of import log_keys, policy_of, witness_key
from tests.tsa_of import Authority, needed_tools, serving_authority
from tests.turned_of import turn

W1, W2 = witness_key(1), witness_key(2)
LINES = (f"witness w1 {W1.verifier.vkey()}", f"witness w2 {W2.verifier.vkey()}", "group both any w1 w2", "quorum both")
SEEN_S = 1_790_100_000  # POSIX seconds of every cosignature here
CHECKPOINT, POLICY, CONSISTENCY = "witnessed/checkpoint", "witnessed/policy", "witnessed/consistency"


@dataclass(frozen=True)
class Bounded:
    """A story that others saw parts of, and its pack. `stamped`: sizes, of which the pack holds the last two."""

    story: Story
    outside: Outside
    pack: bytes
    seen: int
    stamped: tuple[int, ...]

    @property
    def key(self) -> SigningKey:
        return self.story.house.keys[SERVICE]

    def write(self, out: Path) -> bytes:
        return self.story.write(out, outside=self.outside).path.read_bytes()


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    needed_tools()
    with serving_authority(tmp_path_factory.mktemp("tsa")) as authority:
        yield authority


def see(house: House, outside: Outside, note: bytes | None = None) -> int:
    """Publishes the log and has w1 cosign it, as the publisher does."""
    Publisher(house.ledger.store, outside.published, stored_log_keys(house.ledger.store), with_entries=True).publish()
    size, head = house.ledger.head()
    note = note or head
    lines = cosignature_lines(Checkpoint.parse(note.decode().split("\n\n")[0] + "\n"), [W1], SEEN_S)
    cosigned = with_cosignatures(note, lines, [W1.verifier])
    outside.published.replace(WITNESSED, outside.published.read(WITNESSED), cosigned)
    return size


def stamp(house: House, outside: Outside, tsa: Authority) -> int:
    size, note = house.ledger.head()
    outside.stamps.add(KeptStamp(size, note, tsa.token_over(note)))
    return size


def house_in(folder: Path, like: House) -> House:
    (folder / "house").mkdir()
    return House(folder / "house", like=like)


def outside_of(folder: Path) -> Outside:
    (folder / "policy").write_text("".join(f"{line}\n" for line in LINES))
    return Outside(PublishedFolder(folder / "public"), folder / "policy", StampFolder(folder / "stamps"))


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory, closed_house: House, tsa: Authority) -> Iterator[Bounded]:
    folder = tmp_path_factory.mktemp("bounded")
    house, outside = house_in(folder, closed_house), outside_of(folder)
    stamped = [stamp(house, outside, tsa)]
    story = tell(house)
    seen = see(house, outside)
    stamped.append(stamp(house, outside, tsa))
    house.brief()
    stamped.append(stamp(house, outside, tsa))
    house.brief()
    stamped.append(stamp(house, outside, tsa))
    pack = story.write(folder / "e.zip", outside=outside).path.read_bytes()
    yield Bounded(story, outside, pack, seen, tuple(stamped))
    house.close()


def test_a_pack_brings_what_others_saw_and_it_is_accepted(verifier: Verifier, bounded: Bounded) -> None:
    _, near, _, newest = bounded.stamped
    assert {int(name.split("/")[1]) for name in members(bounded.pack) if name.startswith("stamps/")} == {near, newest}
    assert verifier(bounded.pack, bounded.story.vkeys) == (True, "")


def test_the_check_tells_who_saw_how_much_and_what_it_did_not_verify(bounded: Bounded) -> None:
    report = replay(bounded.pack, bounded.story.vkeys)
    assert (report.state, [step.number for step in report.steps]) == ("verified", list(range(1, 14)))
    assert report.witnessed is not None
    assert (report.witnessed.size, report.witnessed.cosigned) == (bounded.seen, {"w1": SEEN_S})
    shown = report.as_json()
    assert shown["witnessed"]["policy"] == "the pack's own"
    assert [one["signature"] for one in shown["stamps"]] == ["not_checked", "not_checked"]
    assert any("pack's own policy" in one for one in report.remarks) and any(
        "not verified" in one for one in report.remarks
    )


def test_a_policy_of_the_readers_own_decides(bounded: Bounded, story: Story, pack: bytes) -> None:
    assert check_pack(bounded.pack, None, policy_of(LINES)).as_json()["witnessed"]["policy"] == "given"
    report = check_pack(bounded.pack, None, policy_of((*LINES[:2], "group both all w1 w2", "quorum both")))
    assert [(fault.step, fault.item, fault.code) for fault in report.faults] == [(12, CHECKPOINT, "quorum_missing")]
    unseen = check_pack(pack, None, policy_of(LINES))
    assert [(fault.step, fault.code) for fault in unseen.faults] == [(12, "pack_not_witnessed")]


def test_authorities_are_verified_where_their_certificates_are_given(
    bounded: Bounded, tsa: Authority, pack: bytes
) -> None:
    report = with_authorities(bounded.pack, replay(bounded.pack), tsa.anchors)
    assert (report.state, [one.authority for one in report.stamps]) == ("consistent", ["CN=Test TSA (good)"] * 2)
    assert not any("not verified" in one for one in report.remarks)
    unstamped = with_authorities(pack, replay(pack), tsa.anchors)
    assert [(fault.step, fault.code) for fault in unstamped.faults] == [(13, "pack_not_stamped")]


def test_a_token_by_an_unknown_authority_is_named(bounded: Bounded, tsa: Authority) -> None:
    name = f"stamps/{bounded.stamped[1]}/token.tsr"
    token = tsa.token_over(members(bounded.pack)[name.replace("token.tsr", "checkpoint")], signer="untrusted")
    pack = forged(bounded.pack, bounded.key, {name: token})
    report = with_authorities(pack, check_pack(pack), tsa.anchors)
    assert [(fault.step, fault.item, fault.code) for fault in report.faults] == [(13, name, "timestamp_untrusted")]


def test_each_flipped_byte_of_what_others_saw_is_found(verifier: Verifier, bounded: Bounded) -> None:
    names = [name for name in sorted(members(bounded.pack)) if name.startswith(("witnessed/", "stamps/"))]
    content = members(bounded.pack)
    for number, (_, _, again) in enumerate(flips(bounded.pack, 60)):
        name = names[number % len(names)]
        assert verifier(flipped(content, name, number * 7919, number % 8), None) == (False, name), again


def missing(part: str) -> Callable[[Bounded], tuple[dict[str, bytes | None], str]]:
    return lambda bounded: ({part.format(bounded.stamped[1]): None}, "pack.json")


def _log_note(bounded: Bounded, size: int, root: bytes, keys: object = None) -> bytes:
    house = bounded.story.house
    return sign_note(Checkpoint(house.log_keys[0].name, size, root).text(), keys or house.log_keys, SEEN_S)  # type: ignore[arg-type]


def _cosigned(note: bytes) -> bytes:
    lines = cosignature_lines(Checkpoint.parse(note.decode().split("\n\n")[0] + "\n"), [W1], SEEN_S)
    return with_cosignatures(note, lines, [W1.verifier])


def fork(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    """The log's own keys, and the witness: another history of the same size."""
    return {CHECKPOINT: _cosigned(_log_note(bounded, bounded.seen, b"\x07" * 32))}, CHECKPOINT


def foreign(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    """A checkpoint of somebody else's log that the witness did see."""
    note = sign_note(Checkpoint("another.example/log", 5, b"\x05" * 32).text(), log_keys("another.example/log"), SEEN_S)
    return {CHECKPOINT: _cosigned(note)}, CHECKPOINT


def unsigned(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    """Cosigned, but not by the log."""
    text, _, lines = members(bounded.pack)[CHECKPOINT].partition(b"\n\n")
    return {CHECKPOINT: text + b"\n\n" + lines.splitlines(keepends=True)[-1]}, CHECKPOINT


def rolled_back(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    """Witnesses saw more than the log that the pack shows."""
    size = json.loads(members(bounded.pack)["pack.json"])["size"] + 3
    return {CHECKPOINT: _cosigned(_log_note(bounded, size, b"\x07" * 32))}, CHECKPOINT


def no_cosignature(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    note = members(bounded.pack)[CHECKPOINT]
    return {CHECKPOINT: b"\n".join(note.split(b"\n")[:-2]) + b"\n"}, CHECKPOINT


def own_witness(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    """The log as its own witness: its ML-DSA-44 signature states a time too."""
    own = bounded.story.vkeys[1]
    return {POLICY: f"witness me {own}\nquorum me\n".encode()}, CHECKPOINT


def other_sizes(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    size = json.loads(members(bounded.pack)["pack.json"])["size"]
    hashes = consistency_proof(bounded.seen - 1, size, bounded.story.house.ledger.store)
    return {CONSISTENCY: consistency_file(bounded.seen - 1, size, hashes)}, CHECKPOINT


def stamp_fork(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    name = f"stamps/{bounded.stamped[1]}/checkpoint"
    return {name: _log_note(bounded, bounded.stamped[1], b"\x07" * 32)}, name


def stamp_of_another_size(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    near, newest = bounded.stamped[1], bounded.stamped[3]
    return {
        f"stamps/{near}/checkpoint": members(bounded.pack)[f"stamps/{newest}/checkpoint"]
    }, f"stamps/{near}/checkpoint"


def token_of_another(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    near, newest = bounded.stamped[1], bounded.stamped[3]
    return {f"stamps/{near}/token.tsr": members(bounded.pack)[f"stamps/{newest}/token.tsr"]}, f"stamps/{near}/token.tsr"


def token_cut(bounded: Bounded) -> tuple[dict[str, bytes | None], str]:
    name = f"stamps/{bounded.stamped[1]}/token.tsr"
    return {name: members(bounded.pack)[name][:-1]}, name


FORGERIES = (
    fork,
    foreign,
    unsigned,
    rolled_back,
    no_cosignature,
    own_witness,
    other_sizes,
    stamp_fork,
    stamp_of_another_size,
    token_of_another,
    token_cut,
    missing(POLICY),
    missing(CONSISTENCY),
    missing("stamps/{}/token.tsr"),
)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_others_did_not_see_is_named_even_under_the_services_signature(
    verifier: Verifier, bounded: Bounded, forgery: Callable[[Bounded], tuple[dict[str, bytes | None], str]]
) -> None:
    changes, item = forgery(bounded)
    assert verifier(forged(bounded.pack, bounded.key, changes), None) == (False, item)


def test_a_pack_of_format_1_has_none(verifier: Verifier, bounded: Bounded) -> None:
    gone = {name: None for name in members(bounded.pack) if name.startswith("index/")}
    claims = {"format": "countersign.evidence/1", "index": None, "complete": None}
    assert verifier(forged(bounded.pack, bounded.key, gone, **claims), None) == (False, "pack.json")


def test_the_gaps_and_the_page_say_how_far_others_saw(bounded: Bounded) -> None:
    content = members(bounded.pack)
    page, gaps = (
        content["report.html"].decode(),
        {one["code"]: one["detail"] for one in json.loads(content["pack.json"])["gaps"]},
    )
    assert "Others saw the log only up to" in gaps["time"]
    assert f"cosigned the log's first {bounded.seen} entries" in page and "does not verify it" in page
    silent = replay(
        forged(
            bounded.pack, bounded.key, {name: None for name in content if name.startswith(("witnessed/", "stamps/"))}
        )
    )
    assert [(fault.step, fault.code) for fault in silent.faults] == [(10, "gaps_differ")]


def test_a_quorum_that_is_asked_for_today_and_missing_keeps_the_cosignature_out(
    bounded: Bounded, tmp_path: Path
) -> None:
    policy = tmp_path / "policy"
    policy.write_text("".join(f"{line}\n" for line in (*LINES[:2], "group both all w1 w2", "quorum both")))
    outside = Outside(bounded.outside.published, policy, StampFolder(tmp_path / "none"))
    written = bounded.story.write(tmp_path / "e.zip", outside=outside)
    assert written.report.witnessed is None and written.report.state == "verified"


def test_a_history_that_a_witness_saw_otherwise_makes_a_pack_that_fails(closed_house: House, tmp_path: Path) -> None:
    """Signed by the log's own keys and cosigned: the operator showed somebody another log."""
    house, outside = house_in(tmp_path, closed_house), outside_of(tmp_path)
    story = tell(house)
    size, _ = house.ledger.head()
    see(
        house, outside, sign_note(Checkpoint(house.log_keys[0].name, size, b"\x09" * 32).text(), house.log_keys, SEEN_S)
    )
    written = story.write(tmp_path / "e.zip", outside=outside)
    house.close()
    assert [(fault.step, fault.item) for fault in written.report.faults] == [(12, CHECKPOINT)]


def test_a_damaged_stamp_stays_out_and_the_next_takes_its_place(
    closed_house: House, tsa: Authority, tmp_path: Path
) -> None:
    house, outside = house_in(tmp_path, closed_house), outside_of(tmp_path)
    story = tell(house)
    good = stamp(house, outside, tsa)
    house.brief()
    bad = stamp(house, outside, tsa)
    (tmp_path / "stamps" / str(bad) / "token.tsr").write_bytes(b"\x30\x00")
    written = story.write(tmp_path / "e.zip", outside=outside)
    house.close()
    assert [one.size for one in written.report.stamps] == [good] and written.report.state == "verified"


@pytest.mark.parametrize("joint", [False, True], ids=["old keys", "both keys"])
def test_what_was_seen_under_old_keys_still_bounds_a_log_of_new_ones(
    verifier: Verifier, closed_house: House, tsa: Authority, tmp_path: Path, joint: bool
) -> None:
    house, outside = house_in(tmp_path, closed_house), outside_of(tmp_path)
    story, old = tell(house), [one.vkey() for one in house.verifiers]
    if joint:
        turn(house)
    seen = see(house, outside)
    assert stamp(house, outside, tsa) == seen
    turn(house)
    written = story.write(tmp_path / "e.zip", outside=outside)
    pack = written.path.read_bytes()
    house.close()
    assert written.report.witnessed is not None and written.report.witnessed.size == seen
    assert [one.size for one in written.report.stamps] == [seen]
    assert verifier(pack, old) == verifier(pack, None) == (True, "")


def test_a_malformed_policy_of_the_readers_is_their_mistake() -> None:
    raises_code("policy_malformed", lambda: TlogPolicy.parse(b"quorum nobody\n"))
