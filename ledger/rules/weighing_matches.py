"""Reference media in a decision: is the file, or what it was made from, near a work, and did a person look? (SPEC S16)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.history import History
from ledger.rules.lineage import examination
from ledger.rules.matches import comparison, matches_of, reviewed
from ledger.rules.medium import medium_found
from ledger.rules.references import any_reference, not_looked_for, reference
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.statements.clearance import Weighed
from schemas.statements.match import MatchCompared, MatchFound

ROWS_MAX = 20  # reasons named; more say the same
_SURE = frozenset({"exact", "copy", "confirmed"})


def weigh_matches(history: History, family: Sequence[str]) -> Iterator[Weighed]:
    """Every match that stands; every file that was not, or could not be, compared; no row where there is no reference.

    The first of the family is the file itself: that nobody examined it is `asset_not_examined`, another rule's word.
    """
    first = any_reference(history)
    found = [row for name in family for row in _of_file(history, name, first, itself=name == family[0])]
    yield from found[:ROWS_MAX]
    if not found and first is not None:
        yield weigh("match", "pass", "no_match", "nothing among the reference media stands against it")


def _of_file(history: History, asset: str, first: Said | None, *, itself: bool) -> Iterator[Weighed]:
    compared = comparison(history, asset)
    if first is not None:
        yield from _unseen(history, asset, first, compared, itself=itself)
    if compared is not None and compared[1].flooded:
        yield from _flood(history, asset, compared[0])
    for name, (said, match) in matches_of(history, asset).items():
        yield from _match(history, asset, name, said, match)


def _unseen(
    history: History, asset: str, first: Said, compared: tuple[Said, MatchCompared] | None, *, itself: bool
) -> Iterator[Weighed]:
    """What keeps a file, or what it was made from, from having met every reference."""
    looked = examination(history, asset)
    if looked is None:
        if not itself:
            detail = "nobody examined one that it was made from, so nothing could be compared"
            yield weigh("match", "not_checked", "ancestor_not_examined", detail, first.index)
    elif looked[1].frames == 0:
        if medium_found(looked[1]) != "audio":
            detail = "its picture could not be fingerprinted, so nothing could be compared"
            yield weigh("match", "not_checked", "picture_not_fingerprinted", detail, first.index, looked[0].index)
    elif compared is None:
        detail = "nobody compared it with reference media"
        yield weigh("match", "not_checked", "references_not_compared", detail, first.index)
    elif (later := not_looked_for(history)) is not None and later.index > compared[1].as_of:
        detail = "a reference came after it that nobody looked for yet"
        yield weigh("match", "not_checked", "reference_not_looked_for", detail, later.index)


def _flood(history: History, asset: str, compared: Said) -> Iterator[Weighed]:
    word = reviewed(history, asset, None)
    if word is None:
        detail = "it is near so many references that it was set apart; nobody looked yet"
        yield weigh("match", "not_checked", "match_flood_not_reviewed", detail, compared.index)
    elif word[1].verdict == "same":
        detail = f"it is near many references, and {word[0].actor} said that this is right"
        yield weigh("match", "fail", "match_flood_confirmed", detail, compared.index, word[0].index)


def _match(history: History, asset: str, name: str, said: Said, match: MatchFound) -> Iterator[Weighed]:
    if match.decision == "none":
        return
    word, what = reviewed(history, asset, name), _named(history, name)
    if word is not None and word[1].verdict != "same":
        return
    if word is not None:
        detail = f"{word[0].actor} looked and says that it shows {what}"
        yield weigh("match", "fail", "match_confirmed", detail, said.index, word[0].index)
    elif match.decision in _SURE and _may_not_be_generated(history, name):
        detail = f"it is a {match.decision} of {what}, which may not be generated"
        yield weigh("match", "fail", "match_may_not_be_generated", detail, said.index)
    else:
        detail = f"it may show {what} ({match.decision}); nobody looked yet"
        yield weigh("match", "not_checked", "match_not_reviewed", detail, said.index)


def _named(history: History, name: str) -> str:
    found = reference(history, name)
    title = found[1].title if found else None
    return f"reference {name}" + (f" (“{title}”)" if title else "")


def _may_not_be_generated(history: History, name: str) -> bool:
    found = reference(history, name)
    return found is not None and found[1].kind == "do-not-generate"
