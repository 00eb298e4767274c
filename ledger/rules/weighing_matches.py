"""Reference media in a decision: is the file, or what it was made from, near a work, and did a person look? (SPEC S16)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.history import History
from ledger.rules.coverage import Coverage, heard, seen
from ledger.rules.lineage import examination
from ledger.rules.matches import comparison, matches_of, reviewed, reviewed_whole
from ledger.rules.references import any_reference, not_looked_for, reference
from ledger.rules.weighing import weigh
from ledger.statement import Said
from schemas.statements.asset import AssetExamined
from schemas.statements.clearance import Weighed
from schemas.statements.match import MatchCompared, MatchFound
from schemas.statements.reference import WAYS, Way

ROWS_MAX = 20  # reasons named; more say the same
SOUND_SINCE = 7  # the version of the rules from which on sound is weighed, and what was seen in part only
_SURE = frozenset({"exact", "copy", "confirmed"})


def weigh_matches(history: History, family: Sequence[str], rules: int) -> Iterator[Weighed]:
    """Every match that stands; every file that was not, or could not be, compared; no row where there is no reference.

    The first of the family is the file itself: that nobody examined it is `asset_not_examined`, another rule's word.
    """
    weighed = [_Weighing(history, way, rules) for way in (WAYS if rules >= SOUND_SINCE else WAYS[:1])]
    met = [one for one in weighed if one.first is not None]
    found = [row for name in family for one in weighed for row in one.of_file(name, itself=name == family[0])]
    yield from found[:ROWS_MAX]
    if not found and met:
        yield weigh("match", "pass", "no_match", "nothing among the reference media stands against it")


class _Weighing:
    """One way of comparing, over one history. `first`: the first work that is compared so."""

    def __init__(self, history: History, way: Way, rules: int) -> None:
        self._history, self._way = history, way
        self._strict = rules >= SOUND_SINCE
        self.first = any_reference(history, way)

    def of_file(self, asset: str, *, itself: bool) -> Iterator[Weighed]:
        compared = comparison(self._history, asset, self._way)
        if self.first is not None:
            yield from self._unmet(asset, self.first, compared, itself=itself)
        if compared is not None and compared[1].flooded:
            yield from self._flood(asset, compared[0])
        for name, (said, match) in matches_of(self._history, asset, self._way).items():
            yield from self._match(asset, name, said, match)

    def _unmet(
        self, asset: str, first: Said, compared: tuple[Said, MatchCompared] | None, *, itself: bool
    ) -> Iterator[Weighed]:
        """What keeps a file, or what it was made from, from having met every reference."""
        looked = examination(self._history, asset)
        if looked is None:
            if not itself and self._is_first:
                detail = "nobody examined one that it was made from, so nothing could be compared"
                yield weigh("match", "not_checked", "ancestor_not_examined", detail, first.index)
            return
        covered = self._covered(looked[1])
        if covered == "unknown" or (covered == "part" and self._strict):
            yield from self._not_whole(asset, first, looked[0], covered)
        if covered in ("nothing", "unknown"):
            return
        if compared is None:
            detail = "nobody compared it with reference media" + self._by
            yield weigh("match", "not_checked", "references_not_compared", detail, first.index)
        elif (later := not_looked_for(self._history, self._way)) is not None and later.index > compared[1].as_of:
            detail = "a reference came after it that nobody looked for yet" + self._by
            yield weigh("match", "not_checked", "reference_not_looked_for", detail, later.index)

    @property
    def _is_first(self) -> bool:
        """Of the ways in which anything is compared: what both would say alike is said once."""
        return self._way == WAYS[0] or any_reference(self._history, WAYS[0]) is None

    @property
    def _by(self) -> str:
        return " by its sound" if self._way == "sound" else ""

    def _covered(self, body: AssetExamined) -> Coverage:
        return heard(body) if self._way == "sound" else seen(body)

    def _not_whole(self, asset: str, first: Said, looked: Said, covered: Coverage) -> Iterator[Weighed]:
        """What codes don't cover a person may look at, and say so."""
        word = reviewed_whole(self._history, asset) if self._strict else None
        if word is None or word[0].index < looked.index:
            sense, way = ("heard" if self._way == "sound" else "seen"), self._way
            if covered == "part":
                detail = f"its {way} goes on where the look ended, or has another stream; nobody compared the rest"
                yield weigh("match", "not_checked", f"{way}_{sense}_in_part", detail, looked.index)
            else:
                detail = f"its {way} could not be fingerprinted, so nothing could be compared"
                yield weigh("match", "not_checked", f"{way}_not_fingerprinted", detail, first.index, looked.index)
        elif word[1].verdict == "same":
            detail = f"{word[0].actor} looked at all of it and says that it shows a work and should not"
            yield weigh("match", "fail", "match_confirmed", detail, looked.index, word[0].index)

    def _flood(self, asset: str, compared: Said) -> Iterator[Weighed]:
        word = reviewed_whole(self._history, asset)
        if word is None or (self._strict and word[0].index < compared.index):
            detail = "it is near so many references that it was set apart; nobody looked yet"
            yield weigh("match", "not_checked", "match_flood_not_reviewed", detail, compared.index)
        elif word[1].verdict == "same":
            detail = f"it is near many references, and {word[0].actor} said that this is right"
            yield weigh("match", "fail", "match_flood_confirmed", detail, compared.index, word[0].index)

    def _match(self, asset: str, name: str, said: Said, match: MatchFound) -> Iterator[Weighed]:
        if match.decision == "none":
            return
        word, what = reviewed(self._history, asset, name, self._way), self._named(name)
        shows = "holds the sound of" if self._way == "sound" else "shows"
        if word is not None and word[1].verdict != "same":
            return
        if word is not None:
            detail = f"{word[0].actor} looked and says that it {shows} {what}"
            yield weigh("match", "fail", "match_confirmed", detail, said.index, word[0].index)
        elif match.decision in _SURE and self._may_not_be_generated(name):
            detail = f"it is a {match.decision} of {what}, which may not be generated"
            yield weigh("match", "fail", "match_may_not_be_generated", detail, said.index)
        else:
            may = "may hold the sound of" if self._way == "sound" else "may show"
            detail = f"it {may} {what} ({match.decision}); nobody looked yet"
            yield weigh("match", "not_checked", "match_not_reviewed", detail, said.index)

    def _named(self, name: str) -> str:
        found = reference(self._history, name)
        title = found[1].title if found else None
        return f"reference {name}" + (f" (“{title}”)" if title else "")

    def _may_not_be_generated(self, name: str) -> bool:
        found = reference(self._history, name)
        return found is not None and found[1].kind == "do-not-generate"
