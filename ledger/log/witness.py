"""Asks a witness to cosign a checkpoint (C2SP tlog-witness, `add-checkpoint`).

The log need not remember what a witness has seen: a wrong guess is answered with 409 and the witness's size, and asked
again from there. What a witness sends is read up to a bound and never believed beyond its signature.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from ledger.errors import LedgerError, Misuse, Unavailable, Untrusted
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.cosignature import with_cosignatures
from ledger.proof.encoding import base64_text, decimal_int
from ledger.proof.policy import PolicyWitness, TlogPolicy

SIZE_TYPE = "text/x.tlog.size"
ANSWER_BYTES_MAX = 64 * 2**10  # sixteen signature lines with ML-DSA-44 (3.3 KB each)
WITNESS_SECONDS_MAX = 10.0  # one exchange, connection included; tlog-witness is made to answer at once
ASKS_MAX = 3  # our guess, the size that it told us, and once more if somebody else was quicker
WITNESSES_AT_ONCE_MAX = 32  # threads; as many witnesses as the specification of policies asks for

Prove = Callable[[int, int], Sequence[bytes]]
"""(old, new) -> consistency proof."""
WitnessState = Literal["cosigned", "unreachable", "refused", "forked", "ahead"]


@dataclass(frozen=True)
class WitnessAnswer:
    """What one witness did. `forked`: it saw another tree of this size, or one that ours does not extend.

    `ahead`: it has cosigned a larger tree of this log than ours, so our log lost entries or is an older copy.
    """

    name: str
    state: WitnessState
    detail: str = ""
    note: bytes = b""
    """The checkpoint with this witness's signature, when `cosigned`."""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "state": self.state, "detail": self.detail}


@dataclass(frozen=True)
class _Exchange:
    """One HTTP answer: status, media type, and at most ANSWER_BYTES_MAX of body."""

    status: int
    kind: str
    body: bytes


def add_checkpoint_body(old: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """The body of `add-checkpoint`: old size, hashes leaf to root, blank line, checkpoint."""
    return "\n".join([f"old {old}", *map(base64_text, proof), "", ""]).encode("ascii") + note


def ask_all(policy: TlogPolicy, note: bytes, prove: Prove, guess: int = 0) -> tuple[bytes, tuple[WitnessAnswer, ...]]:
    """Every witness of the policy that has a URL, at once: the checkpoint with all cosignatures, and each one's answer.

    `guess`: the size that they probably cosigned last. Never raises for what a witness does.
    """
    asked = [witness for witness in policy.witnesses.values() if witness.url]
    with ThreadPoolExecutor(min(WITNESSES_AT_ONCE_MAX, len(asked)) or 1, "witness") as pool:
        answers = tuple(pool.map(lambda witness: ask_witness(witness, note, prove, guess), asked))
    for witness, answer in zip(asked, answers, strict=True):
        if answer.state == "cosigned":
            note = with_cosignatures(note, answer.note.partition(b"\n\n")[2], [witness.verifier])
    return note, answers


def ask_witness(
    witness: PolicyWitness, note: bytes, prove: Prove, guess: int = 0, seconds_max: float = WITNESS_SECONDS_MAX
) -> WitnessAnswer:
    """One witness, asked again from the size that it names. Its failures are answers, not exceptions."""
    try:
        return _asked(witness, note, prove, guess, seconds_max)
    except LedgerError as error:
        state: WitnessState = "unreachable" if isinstance(error, Unavailable) else "refused"
        return WitnessAnswer(witness.name, state, error.what)


def _asked(witness: PolicyWitness, note: bytes, prove: Prove, guess: int, seconds_max: float) -> WitnessAnswer:
    size = Checkpoint.parse(note.partition(b"\n\n")[0].decode("utf-8") + "\n").size
    old = guess if guess <= size else 0
    for _ in range(ASKS_MAX):
        body = add_checkpoint_body(old, prove(old, size), note)
        answer = _post(witness.url or "", body, seconds_max)
        if answer.status == 200:
            return WitnessAnswer(
                witness.name, "cosigned", note=with_cosignatures(note, answer.body, [witness.verifier])
            )
        if answer.status == 422:
            return WitnessAnswer(witness.name, "forked", f"it does not accept that our tree extends its own of {old}")
        if answer.status != 409 or answer.kind != SIZE_TYPE:
            return WitnessAnswer(witness.name, _by_status(answer.status), f"it answered {answer.status}")
        seen = _told_size(answer.body)
        if seen > size:
            return WitnessAnswer(witness.name, "ahead", f"it has cosigned {seen} entries of this log, we have {size}")
        if seen == old:
            return WitnessAnswer(witness.name, "forked", f"it has cosigned another tree of {size} entries")
        old = seen
    return WitnessAnswer(witness.name, "refused", f"its size kept moving for {ASKS_MAX} requests")


def _by_status(status: int) -> WitnessState:
    return "unreachable" if status >= 500 or status == 429 else "refused"


def _told_size(body: bytes) -> int:
    try:
        return decimal_int(body.decode("ascii").removesuffix("\n"))
    except ValueError as error:
        raise Untrusted("witness_malformed", "it told a size that is no decimal number") from error


def _post(url: str, body: bytes, seconds_max: float) -> _Exchange:
    """Raises Unavailable `witness_unreachable`, Misuse `witness_url`, Untrusted `witness_malformed`."""
    connection, path = _connection(url, seconds_max)
    try:
        connection.connect()
        with _cut_off(connection.sock, seconds_max) as ended:
            connection.request("POST", path, body, {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"})
            response = connection.getresponse()
            answer = _Exchange(response.status, response.headers.get_content_type(), _read(response))
            if ended.is_set():
                raise TimeoutError
        return answer
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable("witness_unreachable", f"no answer ({type(error).__name__})", "Try again later.") from error
    finally:
        connection.close()


@contextmanager
def _cut_off(sock: socket.socket, seconds_max: float) -> Iterator[threading.Event]:
    """The socket is shut when the time is up: its own time-out starts anew with every byte that a witness drips."""
    ended = threading.Event()

    def cut() -> None:
        ended.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds_max, cut)
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()


def _connection(url: str, seconds_max: float) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise Misuse("witness_url", "its URL is not http(s)://host[:port]/prefix", "Correct the policy.")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=seconds_max), f"{parts.path.rstrip('/')}/add-checkpoint"


def _read(response: http.client.HTTPResponse) -> bytes:
    body = response.read(ANSWER_BYTES_MAX + 1)
    if len(body) > ANSWER_BYTES_MAX:
        raise Untrusted("witness_malformed", f"its answer has over {ANSWER_BYTES_MAX} bytes")
    return body
