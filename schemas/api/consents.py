"""Parts of a consent's answer: what its state does to use, what is left of it, its terms, its suspensions, its proofs."""

from __future__ import annotations

from schemas.base import Shape


class EffectShape(Shape):
    """What the state does to what was used before, to what is out there, and to anything new (SPEC S4.5)."""

    dpv: str | None
    past: str
    present: str
    future: str


class AgreedShape(Shape):
    """What is still agreed to after all that was taken back. `not_in`: countries taken out of WORLD or out of a list."""

    uses: tuple[str, ...]
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    not_in: tuple[str, ...]
    media: tuple[str, ...]
    training: bool
    final_approval: bool
    exclusivity: str
    narrowed_by: tuple[int, ...]


class TermShape(Shape):
    """One stretch of time that was agreed to; `valid_until` is exclusive."""

    valid_from: str
    valid_until: str
    renewal: bool
    entry_index: int


class StopShape(Shape):
    """A suspension that stands, and the number by which it is lifted."""

    suspension: str
    cause: str
    entry_index: int


class ProofLink(Shape):
    """Where the receipt of an entry is: the entry, its inclusion proof and the signed checkpoint."""

    entry_index: int
    receipt: str
