"""Every parser that meets strangers' bytes answers or raises a typed error, in bounded time, whatever it is given."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.media import cbor
from ledger.proof.cosignature import cosignature_lines, with_cosignatures
from ledger.proof.policy import POLICY_LINES_MAX, TlogPolicy
from ledger.proof.verdict import judge
from tests.fuzz.targets import CASES, HEAD, KEYS, NOTE, RECEIPT, WITNESSES
from tests.property.fuzz.mutations import fuzzing, mutated, survives


@pytest.mark.parametrize("name", CASES)
@fuzzing(150)
@given(data=st.data())
def test_bytes_of_strangers_end_in_an_answer_or_a_typed_error(name: str, data: st.DataObject) -> None:
    seeds, call = CASES[name]
    raw = data.draw(mutated(seeds))
    survives(lambda: call(raw))


@pytest.mark.parametrize(
    "name", ["json", "assertion", "client data", "note", "checkpoint", "tlog-proof", "proven entry", "policy", "bundle"]
)
def test_the_seeds_themselves_are_read(name: str) -> None:
    seeds, call = CASES[name]
    for seed in seeds:
        assert survives(partial(call, seed)) is None


def test_a_thousand_groups_in_each_other_are_weighed() -> None:
    """As deep as the bound on lines lets a policy be."""
    groups = "".join(f"group g{n} any {f'g{n - 1}' if n else 'w1'}\n" for n in range(POLICY_LINES_MAX - 2))
    policy = f"witness w1 {WITNESSES[0].verifier.vkey()}\n{groups}quorum g{POLICY_LINES_MAX - 3}\n".encode()
    cosigned = with_cosignatures(NOTE, cosignature_lines(HEAD, WITNESSES[:1], 1_790_000_000), [WITNESSES[0].verifier])
    assert survives(lambda: judge(TlogPolicy.parse(policy), cosigned, KEYS).required()) is None


@fuzzing(300)
@given(mutated([RECEIPT, b"\x9f\x01\xff", b"\xa1\x01\x02"]))
def test_the_bounded_cbor_reader_raises_its_own_error_only(raw: bytes) -> None:
    with suppress(cbor.CborError):
        cbor.loads(raw)
