"""Whether what is asked for and agreed to is what the rule packs in force demand, with every reason (SPEC S4.7).

Each reason names the entry of the pack behind it: pack, version, id and citation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.errors import Reason
from ledger.history import History
from ledger.rules.people import person, speaker
from ledger.rules.rulepacks import Case, Entry, entries_in_force
from ledger.rules.statutory import post_mortem_end
from schemas.statements.consent import ConsentGranted, ConsentScope
from schemas.statements.person import PersonRegistered, PersonSpeakerChanged


@dataclass(frozen=True)
class Terms:
    """A request or a grant, the person it is about, who speaks for them, and the window that it is for."""

    body: ConsentScope
    registered: PersonRegistered
    spoken: PersonRegistered | PersonSpeakerChanged
    valid_from: datetime
    valid_until: datetime
    requested_at: datetime | None = None
    """When it was asked for; None while it is being asked for."""
    on_paper: bool = False

    def case(self, territories: tuple[str, ...] | None = None) -> Case:
        body = self.body
        law = body.governing_law
        where = body.territories if territories is None else territories
        return Case(where, self.registered.person_class, self.spoken.life, body.uses, body.media, body.channels, law)


def gaps(history: History, terms: Terms, at: datetime) -> list[Reason]:
    """Every demand of every entry in force that these terms don't meet. Raises Unavailable `rulepack_missing`."""
    entries = [entry for entry in entries_in_force(history, at) if entry.applies(terms.case())]
    return [gap for entry in entries for gap in gaps_of(entry, terms)]


def gaps_of(entry: Entry, terms: Terms) -> Iterator[Reason]:
    """What one entry misses in these terms."""
    check = _CHECKS.get(entry.kind)
    for code, detail in check(entry, terms) if check else ():
        yield Reason(code, f"{detail} {entry.cited}")


def terms_of(
    history: History,
    body: ConsentScope,
    *,
    requested_at: datetime | None = None,
    window: tuple[datetime, datetime] | None = None,
    on_paper: bool | None = None,
) -> Terms | None:
    """The terms with the person behind them; None when nobody is registered under that name."""
    registered, spoken = person(history, body.person), speaker(history, body.person)
    if registered is None or spoken is None:
        return None
    paper = isinstance(body, ConsentGranted) and body.document is not None if on_paper is None else on_paper
    valid_from, valid_until = window or (body.valid_from, body.valid_until)
    return Terms(body, registered[1], spoken[1], valid_from, valid_until, requested_at, paper)


Found = Iterator[tuple[str, str]]


def _description(entry: Entry, terms: Terms) -> Found:
    text = _plain(terms.body.specific_description)
    words = set(re.findall(r"[^\W\d_]+", text))
    if len(words) < entry.values["words_min"]:
        detail = f"it has {len(words)} different words; {entry.values['words_min']} are the least"
        yield "description_vague", f"the description says too little: {detail}"
    for phrase in entry.values["phrases"]:
        if phrase in text:
            yield "description_stock_phrase", f"“{phrase}” agrees to everything and so describes nothing"
    if not terms.body.actions and not terms.body.setting and not _hinted(words, entry.values["hints"]):
        detail = "say what the person does or where they are: in the description, in `actions` or in `setting`"
        yield "description_names_nothing", detail


def _plain(text: str) -> str:
    """As it is read: one case, one kind of space, compatible letters, nothing invisible between them."""
    seen = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    return " ".join(seen.casefold().split())


def _hinted(words: set[str], hints: list[str]) -> bool:
    return any(word.startswith(hint) for word in words for hint in hints)


def _required(entry: Entry, terms: Terms) -> Found:
    for name in entry.values["fields"]:
        missing = _FIELDS[name](terms)
        if missing:
            yield f"{name}_missing", missing


def _term_cap(entry: Entry, terms: Terms) -> Found:
    if terms.valid_until - terms.valid_from > timedelta(days=entry.values["days_max"]):
        yield "term_too_long", f"the term is longer than {entry.values['days_max']} days"


def _notice_period(entry: Entry, terms: Terms) -> Found:
    """Judged once it is agreed to: before that the term may still move."""
    wait = timedelta(hours=entry.values["hours_min"])
    if terms.requested_at is not None and terms.valid_from - terms.requested_at < wait:
        detail = f"it begins less than {entry.values['hours_min']} hours after it was asked for"
        yield "notice_period_too_short", detail


def _post_mortem_term(entry: Entry, terms: Terms) -> Found:
    """An estate gives nothing beyond the right's own end."""
    if terms.spoken.life != "deceased":
        return
    died_in = terms.spoken.died_in or terms.registered.died_in
    if died_in is None:
        yield "died_in_missing", "a right after death lasts from the year of death: say it in `died_in`"
    elif terms.valid_until > (end := post_mortem_end(entry, died_in)):
        yield (
            "post_mortem_term_over",
            f"the right ends with {end.year - 1}, {entry.values['years']} years after {died_in}",
        )


_CHECKS: dict[str, Callable[[Entry, Terms], Found]] = {
    "description": _description,
    "required_fields": _required,
    "term_cap": _term_cap,
    "notice_period": _notice_period,
    "post_mortem_term": _post_mortem_term,
}
_FIELDS: dict[str, Callable[[Terms], str | None]] = {
    "specific_description": lambda t: None if t.body.specific_description else "a specific description",
    "representation": lambda t: (
        None
        if t.body.represented_by or t.registered.represented_by
        else "nobody stood by the person: name their counsel or union in `represented_by`"
    ),
    "notice": lambda t: None if t.body.notice else "keep the notice that the person was shown, and name it in `notice`",
    "compensation": lambda t: None if t.body.compensation else "say in `compensation` what is paid, also if nothing is",
    "business_reason": lambda t: None if t.body.business_reason else "say in `business_reason` what it is needed for",
    "training_use": lambda t: None if t.body.training_use else "training is a use of its own: say so in `training_use`",
    "post_mortem": lambda t: None if t.body.post_mortem else "say in `post_mortem` that it lasts beyond death",
    "voice_use": lambda t: None if "voice" in t.body.uses else "a voice is agreed to by name: add the use `voice`",
    "own_key": lambda t: (
        "a signed document is not enough here: the person signs with their own key" if t.on_paper else None
    ),
    "guardian": lambda t: None if t.spoken.authority == "guardian" else "a guardian has to speak for this person",
    "estate": lambda t: None if t.spoken.authority == "estate" else "an estate has to speak for this person",
}
"""What an entry may require: None if it is there, else what to do about it."""
