"""Policies as C2SP tlog-policy writes them, and what they say of a checkpoint."""

from __future__ import annotations

import pytest

from ledger.errors import Misuse, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines, only_signed_by, with_cosignatures
from ledger.proof.note import sign_note, signature_lines
from ledger.proof.notekeys import MlDsa44NoteKey, NoteVerifier
from ledger.proof.policy import TlogPolicy
from ledger.proof.verdict import WitnessReport, judge
from tests.log_of import ORIGIN, log_keys, policy_of, witness_key

LOG = log_keys()
HEAD = Checkpoint(ORIGIN, 12, b"\x05" * 32)
NOTE = sign_note(HEAD.text(), LOG, 1_000)
LOG_LINES = tuple(f"log {key.verifier.vkey()}" for key in LOG)
KEYS = {f"w{number}": witness_key(number) for number in range(1, 6)}
WITNESSES = tuple(f"witness {name} {key.verifier.vkey()}" for name, key in KEYS.items())
ROLES = (
    *LOG_LINES, *WITNESSES, "group studio any w1 w2", "group union all w3", "group platform 1 w4 w5",
    "group everyone all studio union platform", "quorum everyone",
)  # fmt: skip


def cosigned(*names: str, note: bytes = NOTE) -> bytes:
    for name in names:
        note = with_cosignatures(note, cosignature_lines(HEAD, [KEYS[name]], 2_000), [KEYS[name].verifier])
    return note


def verdict(lines: tuple[str, ...], *names: str) -> WitnessReport:
    return judge(policy_of(lines), cosigned(*names))


@pytest.mark.parametrize(
    ("names", "witnessed"),
    [
        (("w1", "w3", "w4"), True),
        (("w2", "w3", "w5"), True),
        (("w1", "w2", "w3", "w4", "w5"), True),
        (("w1", "w2", "w4", "w5"), False),
        (("w3", "w4", "w5"), False),
        (("w1", "w3"), False),
        ((), False),
    ],
)
def test_all_of_studio_union_and_platform_have_to_see_it(names: tuple[str, ...], witnessed: bool) -> None:
    report = verdict(ROLES, *names)
    assert report.state == ("witnessed" if witnessed else "not_witnessed")
    assert set(report.cosigned) == set(names) and set(report.cosigned.values()) <= {2_000}
    if not witnessed:
        with pytest.raises(Untrusted) as caught:
            report.required()
        assert caught.value.code == "quorum_missing"


def test_a_report_says_which_groups_lack_whom() -> None:
    groups = {group.name: group for group in verdict(ROLES, "w1", "w3").groups}
    assert groups["union"].reached and not groups["platform"].reached
    assert groups["everyone"].missing == ("platform",)


def test_nothing_is_witnessed_where_nobody_is_asked() -> None:
    report = verdict((*LOG_LINES, *WITNESSES, "quorum none"), "w1", "w2", "w3", "w4", "w5")
    assert report.state == "not_asked"
    with pytest.raises(Untrusted):
        report.required()


def test_a_single_witness_can_be_the_quorum() -> None:
    assert verdict((*WITNESSES, *LOG_LINES, "quorum w2"), "w2").state == "witnessed"
    assert verdict((*WITNESSES, *LOG_LINES, "quorum w2"), "w1").state == "not_witnessed"


def test_witnesses_alone_do_not_make_a_log() -> None:
    stranger = log_keys(seed=b"\x09" * 32)
    note = cosigned("w1", "w3", "w4", note=sign_note(HEAD.text(), stranger, 1))
    with pytest.raises(Untrusted) as caught:
        judge(policy_of(ROLES), note)
    assert caught.value.code == "note_signature_missing"


def test_a_log_signs_only_under_its_own_name() -> None:
    elsewhere = Checkpoint("log.example/other", 12, b"\x05" * 32)
    with pytest.raises(Untrusted) as caught:
        judge(policy_of(ROLES), sign_note(elsewhere.text(), LOG, 1))
    assert caught.value.code == "note_signature_missing"


def test_the_log_may_come_from_the_context() -> None:
    policy = policy_of((*WITNESSES, "quorum w1"))
    assert judge(policy, cosigned("w1"), [key.verifier for key in LOG]).state == "witnessed"
    with pytest.raises(Untrusted):
        judge(policy, cosigned("w1"))


def test_a_cosignature_without_a_time_is_not_taken() -> None:
    key = KEYS["w1"]
    with pytest.raises(Untrusted) as caught:
        with_cosignatures(NOTE, cosignature_lines(HEAD, [key], 0), [key.verifier])
    assert caught.value.code == "cosignature_untimed"


def test_an_untimed_cosignature_that_is_there_already_does_not_count() -> None:
    note = NOTE + cosignature_lines(HEAD, [KEYS["w2"]], 0)
    assert judge(policy_of((*LOG_LINES, *WITNESSES, "quorum w2")), note).state == "not_witnessed"


def test_a_time_beyond_what_the_specification_allows_is_no_time() -> None:
    for key in (KEYS["w1"], LOG[1]):
        payload = key.sign(HEAD.text(), 2**63)
        with pytest.raises(Untrusted):
            key.verifier.verify(HEAD.text(), payload)


def test_a_cosignature_states_its_time_and_cannot_state_another() -> None:
    verifier, payload = KEYS["w1"].verifier, KEYS["w1"].sign(HEAD.text(), 1_679_315_147)
    assert len(payload) == 72 and verifier.verify(HEAD.text(), payload) == 1_679_315_147
    for other in ((1_679_315_148).to_bytes(8, "big"), b"\xff" * 8):
        with pytest.raises(Untrusted):
            verifier.verify(HEAD.text(), other + payload[8:])


def test_the_example_of_the_specification_is_read() -> None:
    """The note that C2SP tlog-cosignature prints; the keys behind it are not published, so only its form is held here."""
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE"
        "+xeMcTOAYQ8=\n"
        "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
        "mbIUBkBIfZ+qnA==\n"
    ).encode()
    assert [(name, key_id.hex()) for name, key_id, _ in signature_lines(note)] == [
        ("example.com/behind-the-sofa", "033de0ae"), ("witness.example.com/w1", "8d66cf3f"),
    ]  # fmt: skip
    assert b"".join(line for *_, line in signature_lines(note)) == note.partition(b"\n\n")[2]


def test_a_vkey_of_a_witness_is_of_type_4_and_round_trips() -> None:
    verifier = KEYS["w1"].verifier
    assert NoteVerifier.parse(verifier.vkey()) == verifier and verifier.type == 4


def test_a_witness_may_use_ml_dsa() -> None:
    key = MlDsa44NoteKey("witness.example/pq", log_keys(seed=b"\x44" * 32)[1].private_key)
    note = with_cosignatures(NOTE, cosignature_lines(HEAD, [key], 7), [key.verifier])
    policy = policy_of((*LOG_LINES, f"witness pq {key.verifier.vkey()}", "quorum pq"))
    assert judge(policy, note).cosigned == {"pq": 7}


def test_a_newer_cosignature_replaces_the_same_witnesss_older_one() -> None:
    key = KEYS["w1"]
    twice = with_cosignatures(cosigned("w1", "w2"), cosignature_lines(HEAD, [key], 3_000), [key.verifier])
    assert judge(policy_of(ROLES), twice).cosigned == {"w2": 2_000, "w1": 3_000}
    assert only_signed_by(twice, [key.verifier for key in LOG]) == NOTE


def test_lines_by_keys_that_were_not_asked_for_are_left_out() -> None:
    answer = cosignature_lines(HEAD, [KEYS["w1"], KEYS["w2"]], 5)
    assert with_cosignatures(NOTE, answer, [KEYS["w1"].verifier]).count(b"\xe2\x80\x94 ") == 3


def test_an_answer_with_another_note_in_it_is_not_taken() -> None:
    other = Checkpoint(ORIGIN, 13, b"\x06" * 32)
    answer = other.text().encode() + b"\n" + cosignature_lines(other, [KEYS["w1"]], 5)
    with pytest.raises(Untrusted):
        with_cosignatures(NOTE, answer, [KEYS["w1"].verifier])


def test_comments_tabs_urls_and_names_of_any_octets_are_read() -> None:
    raw = "\n".join(
        [
            "# of the studio", "   # and indented", "", "\t" + LOG_LINES[0] + "  https://log.example/",
            f"witness \u212a {KEYS['w1'].verifier.vkey()}\thttps://w.example/", f"witness K {KEYS['w2'].verifier.vkey()}",
            "group both 2 K \u212a", " quorum\tboth ", "",
        ]
    ).encode()  # fmt: skip
    policy = TlogPolicy.parse(raw.replace("\u212a".encode(), b"\xff\xfe"))
    assert len(policy.witnesses) == 2 and policy.groups["both"].threshold == 2
    assert [one.url for one in policy.witnesses.values()] == ["https://w.example/", None]
    assert policy.logs[0].url == "https://log.example/"


W1, W2 = WITNESSES[:2]


@pytest.mark.parametrize(
    "lines",
    [
        (), ("quorum nobody",), ("quorum none", "quorum none"), ("quorum",), ("quorum w1", W1), (W1, "quorum w1 w1"),
        (W1, W1, "quorum w1"), (W1, W1.replace(" w1 ", " other "), "quorum w1"), (W1.replace(" w1 ", " none "), "quorum none"),
        (W1, "group g all w1 w1", "quorum g"), (W1, "group g 2 w1", "quorum g"), (W1, "group g 0 w1", "quorum g"),
        (W1, "group g 01 w1", "quorum g"), (W1, "group g some w1", "quorum g"), (W1, "group g all", "quorum g"),
        (W1, "group g all none", "quorum g"), (W1, "group w1 all w1", "quorum w1"), (W1, "group g all g", "quorum g"),
        (W1, "group g all w2", W2, "quorum g"), (W1, W2, "group g any w1", "group h any w1 w2", "quorum h"),
        ("log", "quorum none"), (LOG_LINES[0], LOG_LINES[0], "quorum none"), ("log x+y+z", "quorum none"),
        (LOG_LINES[0] + " a b", "quorum none"), ("witness w1", "quorum none"), ("Quorum none",), ("allow all", "quorum none"),
        (f"log {KEYS['w1'].verifier.vkey()}", "quorum none"), (f"witness w {LOG[0].verifier.vkey()}", "quorum w"),
        (LOG_LINES[1], f"witness w {LOG[1].verifier.vkey()}", "quorum w"), ("quorum none\r",), ("quorum\u00a0none",),
    ],
)  # fmt: skip
def test_a_policy_that_could_be_read_two_ways_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(Misuse) as caught:
        policy_of(lines)
    assert caught.value.code == "policy_malformed"


def test_a_policy_ends_with_a_newline_and_holds_no_control_characters() -> None:
    for raw in (b"quorum none", b"quorum none\n\x00", b"# \x7f\nquorum none\n", b"#\n" * 1_001 + b"quorum none\n"):
        with pytest.raises(Misuse):
            TlogPolicy.parse(raw)


def test_thirty_two_of_everything_is_read() -> None:
    keys = [witness_key(number) for number in range(1, 33)]
    witnesses = [f"witness x{number} {key.verifier.vkey()}" for number, key in enumerate(keys)]
    groups = [f"group g{number} any x{number}" for number in range(31)]
    everyone = f"group g31 16 {' '.join(f'g{number}' for number in range(31))}"
    policy = policy_of((*LOG_LINES, *witnesses, *groups, everyone, "quorum g31"))
    assert policy.holds("g31", {f"x{number}" for number in range(16)})
    assert not policy.holds("g31", {f"x{number}" for number in range(15)} | {"x31"})


def test_a_log_is_no_witness_of_itself_even_where_the_policy_does_not_list_it() -> None:
    """Its ML-DSA-44 signature states a time, as a witness's does."""
    own = LOG[1].verifier
    report = judge(policy_of((f"witness me {own.vkey()}", "quorum me")), NOTE, [key.verifier for key in LOG])
    assert (report.state, report.missing) == ("not_witnessed", ("me",))
