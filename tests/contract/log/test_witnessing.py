"""The witness's client and server over loopback, and what each does when the other misbehaves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from ledger.clock import SteppedClock
from ledger.errors import Misuse, Untrusted
from ledger.log.audit import audit_published
from ledger.log.published import CHECKPOINT, WITNESSED
from ledger.log.publisher import Publisher
from ledger.log.witness import SIZE_TYPE, add_checkpoint_body, ask_witness
from ledger.log.witnessed import publish_witnessed
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import cosignature_lines
from ledger.proof.merkle import consistency_proof
from ledger.proof.note import open_note
from ledger.proof.policy import PolicyWitness
from ledger.proof.verdict import judge
from ops.witness.app import witness_app
from ops.witness.judging import REQUEST_BYTES_MAX, Witness
from ops.witness.state import WitnessFolder
from tests.log_of import ManyEntries, log_keys, policy_of, witness_key
from tests.published_of import ConscientiousMemory
from tests.server_of import serving

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ManyEntries]:
    made = ManyEntries(tmp_path / "ledger.sqlite")
    yield made
    made.close()


def witness_of(folder: Path, log: ManyEntries, name: str = "witness.example/w1") -> Witness:
    state = WitnessFolder(folder) if folder.exists() else WitnessFolder.init(folder, name)
    return Witness(state, log.verifiers, SteppedClock(NOW))


def body(log: ManyEntries, old: int) -> bytes:
    """An honest request: the log's head, from `old`."""
    size, note = log.store.head()
    return add_checkpoint_body(old, consistency_proof(old, size, log.store), note)


# -- the server ------------------------------------------------------------------------------------------------------


def test_a_witness_cosigns_a_log_as_it_grows(log: ManyEntries, tmp_path: Path) -> None:
    witness, old = witness_of(tmp_path / "w", log), 0
    for more in (1, 5, 300, 0, 1):
        new = log.grow(more) if more else old
        answer = witness.add_checkpoint(body(log, old))
        assert answer.status == 200
        note = log.store.head()[1]
        opened = open_note(
            note.partition(b"\n\n")[0] + b"\n\n" + answer.body, [WitnessFolder(tmp_path / "w").key.verifier]
        )
        assert opened.signatures[0].time_s == int(NOW.timestamp())
        old = new


@pytest.mark.parametrize(
    "request_",
    [b"", b"old 0", b"old 0\n\n", b"old 00\n\n{note}", b"old -1\n\n{note}", b"new 0\n\n{note}", b"old 0 \n\n{note}",
     b"old 0\nAA==\n\n{note}", b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n{note}", b"old 4\n\n{note}", b"old 0\n\nx\n{note}"],
)  # fmt: skip
def test_what_is_no_request_is_400(log: ManyEntries, tmp_path: Path, request_: bytes) -> None:
    log.grow(3)
    witness = witness_of(tmp_path / "w", log)
    assert witness.add_checkpoint(request_.replace(b"{note}", log.store.head()[1])).status == 400
    assert list((tmp_path / "w" / "logs").iterdir()) == []


def test_a_log_it_does_not_know_is_404_and_one_nobody_signed_is_403(log: ManyEntries, tmp_path: Path) -> None:
    witness = witness_of(tmp_path / "w", log)
    for origin, seed, status in (("other.example", b"\x70", 404), (log.keys[0].name, b"\x71", 403)):
        stranger = ManyEntries(tmp_path / f"{status}.sqlite", log_keys(origin, seed * 32))
        stranger.grow(3)
        assert witness.add_checkpoint(body(stranger, 0)).status == status
        stranger.close()
    log.grow(3)
    altered = body(log, 0).replace(b"\n3\n", b"\n2\n")
    assert witness.add_checkpoint(altered).status == 403


def test_a_wrong_old_size_is_409_with_the_size_it_has_seen(log: ManyEntries, tmp_path: Path) -> None:
    witness = witness_of(tmp_path / "w", log)
    log.grow(5)
    answer = witness.add_checkpoint(body(log, 2))
    assert (answer.status, answer.body, answer.kind) == (409, b"0\n", SIZE_TYPE)
    witness.add_checkpoint(body(log, 0))
    log.grow(2)
    assert witness.add_checkpoint(body(log, 0)).body == b"5\n"


def test_another_history_is_never_cosigned_and_the_proof_of_it_is_kept(log: ManyEntries, tmp_path: Path) -> None:
    witness, other = witness_of(tmp_path / "w", log), ManyEntries(tmp_path / "other.sqlite")
    log.grow(5)
    other.grow(5, mark="otherwise ")
    witness.add_checkpoint(body(log, 0))
    answer = witness.add_checkpoint(body(other, 5))
    assert (answer.status, answer.body) == (409, b"5\n")
    other.grow(4)
    assert witness.add_checkpoint(body(other, 5)).status == 422
    (kept,) = (tmp_path / "w" / "conflicts").iterdir()
    assert kept.read_bytes().startswith(log.store.head()[1]) and b"\n5\n" in kept.read_bytes()
    other.close()


def test_a_smaller_tree_is_never_cosigned_after_a_larger(log: ManyEntries, tmp_path: Path) -> None:
    witness = witness_of(tmp_path / "w", log)
    log.grow(5)
    early = body(log, 0)
    log.grow(5)
    witness.add_checkpoint(body(log, 0))
    assert witness.add_checkpoint(early).body == b"10\n"
    assert witness_of(tmp_path / "w", log).add_checkpoint(early).status == 409  # nor after a restart


def test_of_two_histories_at_the_same_instant_one_wins(log: ManyEntries, tmp_path: Path) -> None:
    other = ManyEntries(tmp_path / "other.sqlite")
    log.grow(4)
    other.grow(4, mark="otherwise ")
    for attempt in range(10):
        folder = tmp_path / f"w{attempt}"
        first, second = witness_of(folder, log), witness_of(folder, log)  # as two processes: only files are shared
        start = threading.Barrier(2)

        def ask(witness: Witness, request_: bytes, start: threading.Barrier = start) -> int:
            start.wait()
            return witness.add_checkpoint(request_).status

        with ThreadPoolExecutor(2) as pool:
            statuses = pool.map(ask, (first, second), (body(log, 0), body(other, 0)))
        assert sorted(statuses) == [200, 409]
    other.close()


def test_a_witness_that_forgot_what_it_signed_does_not_start(log: ManyEntries, tmp_path: Path) -> None:
    witness_of(tmp_path / "w", log)
    (tmp_path / "w" / "logs").rmdir()
    with pytest.raises(Untrusted) as caught:
        WitnessFolder(tmp_path / "w")
    assert caught.value.code == "witness_state_lost"


def test_a_witness_is_made_once_with_a_key_of_its_own(tmp_path: Path) -> None:
    made = WitnessFolder.init(tmp_path / "w", "witness.example/x")
    assert ((tmp_path / "w" / "witness.pem").stat().st_mode & 0o777) == 0o600
    assert WitnessFolder(tmp_path / "w").key.verifier == made.key.verifier
    assert made.key.verifier.vkey().startswith("witness.example/x+")
    for folder, name, code in ((tmp_path / "w", "again", "witness_exists"), (tmp_path / "n", "a b", "vkey_malformed")):
        with pytest.raises(Misuse) as caught:
            WitnessFolder.init(folder, name)
        assert caught.value.code == code
    with pytest.raises(Misuse):
        Witness(made, [made.key.verifier], SteppedClock(NOW))


def test_over_http_sizes_have_their_own_type_and_bodies_a_bound(log: ManyEntries, tmp_path: Path) -> None:
    log.grow(1)
    client = TestClient(witness_app(witness_of(tmp_path / "w", log)))
    assert client.post("/add-checkpoint", content=body(log, 1)).headers["content-type"] == SIZE_TYPE
    assert client.post("/add-checkpoint", content=b"x" * (REQUEST_BYTES_MAX + 1)).status_code == 413
    assert client.get("/add-checkpoint").status_code == 405
    assert client.get("/").text.split("\n")[1] == log.keys[0].name


# -- the client ------------------------------------------------------------------------------------------------------


@contextmanager
def witnesses(log: ManyEntries, folder: Path, number: int) -> Iterator[tuple[str, ...]]:
    """So many running witnesses; their lines in a policy, named w1, w2, …"""
    lines: list[str] = []
    with_all = [witness_of(folder / f"w{one}", log, f"witness.example/w{one}") for one in range(1, number + 1)]

    def nested(at: int) -> Iterator[tuple[str, ...]]:
        if at == number:
            yield tuple(lines)
            return
        with serving(witness_app(with_all[at])) as address:
            lines.append(f"witness w{at + 1} {with_all[at].vkey} {address}")
            yield from nested(at + 1)

    yield from nested(0)


def test_a_published_checkpoint_is_witnessed_as_it_grows_and_stays_so(log: ManyEntries, tmp_path: Path) -> None:
    memory = ConscientiousMemory()
    publisher = Publisher(log.store, memory, log.verifiers, with_entries=True)
    with witnesses(log, tmp_path, 3) as lines:
        policy = policy_of((*lines, "group g all w1 w2 w3", "quorum g"))
        for more in (1, 300, 5):
            log.grow(more)
            publisher.publish()
            done = publish_witnessed(memory, policy, log.verifiers)
            assert done is not None and done.published and done.report.state == "witnessed"
            assert memory.files[WITNESSED].startswith(memory.files[CHECKPOINT])
            assert audit_published(memory, log.verifiers, policy).witnessed_size == log.store.size()
    seen = memory.files[WITNESSED]
    log.grow(1)
    publisher.publish()
    done = publish_witnessed(memory, policy, log.verifiers)  # nobody is there any more
    assert done is not None and not done.published and done.report.state == "not_witnessed"
    assert {answer.state for answer in done.answers} == {"unreachable"}
    assert memory.files[WITNESSED] == seen
    with pytest.raises(Untrusted):
        done.report.required()


def test_a_quorum_is_reached_without_the_witness_that_is_down(log: ManyEntries, tmp_path: Path) -> None:
    memory = ConscientiousMemory()
    log.grow(9)
    Publisher(log.store, memory, log.verifiers, with_entries=True).publish()
    down = f"witness down {witness_key(9).verifier.vkey()} http://127.0.0.1:9"
    with witnesses(log, tmp_path, 2) as lines:
        done = publish_witnessed(memory, policy_of((down, *lines, "group g 2 down w1 w2", "quorum g")), log.verifiers)
    assert done is not None and done.report.state == "witnessed" and done.report.missing == ("down",)


def test_a_witness_that_is_ahead_says_that_we_lost_entries(log: ManyEntries, tmp_path: Path) -> None:
    log.grow(5)
    early = log.store.head()[1]
    log.grow(5)
    with witnesses(log, tmp_path, 1) as (line,):
        witness = policy_of((line, "quorum w1")).witnesses["w1"]
        prove = lambda old, new: consistency_proof(old, new, log.store)  # noqa: E731
        assert ask_witness(witness, log.store.head()[1], prove).state == "cosigned"
        answer = ask_witness(witness, early, prove)
    assert answer.state == "ahead" and "10" in answer.detail


def test_a_witness_that_saw_another_history_says_forked(log: ManyEntries, tmp_path: Path) -> None:
    other = ManyEntries(tmp_path / "other.sqlite")
    log.grow(5)
    other.grow(5, mark="otherwise ")
    with witnesses(log, tmp_path, 1) as (line,):
        witness = policy_of((line, "quorum w1")).witnesses["w1"]
        assert ask_witness(witness, log.store.head()[1], lambda old, new: ()).state == "cosigned"
        assert ask_witness(witness, other.store.head()[1], lambda old, new: ()).state == "forked"
        other.grow(3)
        prove = lambda old, new: consistency_proof(old, new, other.store)  # noqa: E731
        assert ask_witness(witness, other.store.head()[1], prove).state == "forked"
    other.close()


def answering(status: int, content: bytes, kind: str) -> Starlette:
    async def answer(request: Request) -> Response:
        return Response(content, status, {"Content-Type": kind, "Location": "http://127.0.0.1:9/elsewhere"})

    return Starlette(routes=[Route("/{any:path}", answer, methods=["POST", "GET"])])


@pytest.mark.parametrize(
    ("status", "content", "kind", "state"),
    [
        (200, b"", "text/plain", "refused"),
        (200, b"\xff\xfe", "text/plain", "refused"),
        (200, b"\xe2\x80\x94 witness.example/w9 AAAAAAAAAAAA\n", "text/plain", "refused"),
        (200, b"x" * 2**20, "text/plain", "refused"),
        (409, b"1\n", "text/plain", "refused"),
        (409, b"-1\n", SIZE_TYPE, "refused"),
        (409, b"9" * 30, SIZE_TYPE, "refused"),
        (409, b"0\n", SIZE_TYPE, "forked"),
        (409, b"9000\n", SIZE_TYPE, "ahead"),
        (301, b"", "text/plain", "refused"),
        (403, b"", "text/plain", "refused"),
        (404, b"", "text/plain", "refused"),
        (422, b"", "text/plain", "forked"),
        (429, b"", "text/plain", "unreachable"),
        (503, b"", "text/plain", "unreachable"),
    ],
)
def test_whatever_a_witness_answers_is_an_answer(
    log: ManyEntries, status: int, content: bytes, kind: str, state: str
) -> None:
    log.grow(3)
    with serving(answering(status, content, kind)) as address:
        witness = PolicyWitness("w", witness_key(9).verifier, address)
        assert ask_witness(witness, log.store.head()[1], lambda old, new: ()).state == state


def test_a_witness_cannot_sign_for_another_tree_or_another_key(log: ManyEntries) -> None:
    log.grow(3)
    key, note = witness_key(9), log.store.head()[1]
    other = Checkpoint(log.keys[0].name, 4, bytes(32))
    mine = cosignature_lines(other, [key], 5)
    theirs = cosignature_lines(Checkpoint.parse(note.partition(b"\n\n")[0].decode() + "\n"), [witness_key(8)], 5)
    for content in (mine, theirs):
        with serving(answering(200, content, "text/plain")) as address:
            answer = ask_witness(PolicyWitness("w", key.verifier, address), note, lambda old, new: ())
        assert answer.state == "refused"
    assert not judge(policy_of((f"witness w {key.verifier.vkey()}", "quorum w")), note, log.verifiers).cosigned


def test_a_witness_that_drips_is_cut_off(log: ManyEntries) -> None:
    log.grow(3)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000:
                        connection.sendall(bytes([byte]))
                        if stop.wait(0.02):
                            return
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        witness = PolicyWitness("w", witness_key(9).verifier, f"http://127.0.0.1:{listener.getsockname()[1]}")
        answer = ask_witness(witness, log.store.head()[1], lambda old, new: (), seconds_max=0.3)
        stop.set()
        thread.join()
    assert answer.state == "unreachable"


@pytest.mark.parametrize(
    "url", ["ftp://x/", "http://", "http://x:port/", "http://x/?q", "http://u@x/", "file:///etc/x", "x"]
)
def test_only_web_addresses_are_asked(log: ManyEntries, url: str) -> None:
    log.grow(1)
    answer = ask_witness(PolicyWitness("w", witness_key(9).verifier, url), log.store.head()[1], lambda old, new: ())
    assert answer.state == "refused" and "URL" in answer.detail
