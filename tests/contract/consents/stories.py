"""Stories about one consent, in words of their own, and what they mean: a model that shares no code with the ledger.

A story is who the person is and what was said when; `expected` says what must follow at an instant. The truth table in
`tests/vectors/consents/truth-table.tsv` is written from it (`python -m tests.contract.consents.stories`) and read by hand.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "vectors/consents/truth-table.tsv"
COLUMNS = ("story", "at", "use", "territory", "then", "now", "against")
HEADER = (
    "# Consents by story, instant, use and territory. Written by tests/contract/consents/stories.py, which shares no code\n"
    "# with the ledger; what each story says is there. then: the state at `at`, known until `at`. now: the state at `at`,\n"
    "# known until 2027-12-01. against: what a decision at `at` holds against the use (none: it is allowed; -: no file yet).\n"
)
MICRO = timedelta(microseconds=1)


def day(text: str) -> datetime:
    """`10-05` in 2026, or a whole date, at midnight UTC."""
    return datetime.fromisoformat((text if len(text) > 5 else f"2026-{text}") + "T00:00:00+00:00")


FROM, UNTIL, GIVEN, MADE, KNOWN = day("10-05"), day("12-01"), day("10-03"), day("10-06"), day("2027-12-01")


@dataclass(frozen=True)
class Said:
    """One thing that was said: when, what, and its words."""

    when: datetime
    what: str
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """`asked`: territories; `given`: those of the grant. The clip is made on 6 October, if the consent is in force then.

    `media`: those of the grant; `medium`: what the examination found the clip to be, "" if it could not tell.
    """

    who: str
    said: tuple[Said, ...] = ()
    territories: tuple[str, ...] = ("DE", "FR")
    until: datetime = UNTIL
    granted: bool = True
    survives: bool = False
    media: tuple[str, ...] = ("video",)
    medium: str = "video"


def s(when: str, what: str, **words: str) -> Said:
    return Said(day(when), what, words)


STORIES: dict[str, Story] = {
    "asked only": Story("performer", granted=False),
    "refused": Story("performer", (s("10-04", "refuse"),), granted=False),
    "given": Story("performer"),
    "given for one country": Story("performer", territories=("DE",)),
    "given for the world": Story("performer", territories=("WORLD",)),
    "given until November": Story("performer", until=day("11-01")),
    "private individual": Story("private"),
    "minor, of age in November": Story("minor"),
    "minor, of age after the term": Story("young"),
    "estate": Story("estate"),
    "withdrawn": Story("performer", (s("10-20", "withdraw"),)),
    "withdrawn by a private individual": Story("private", (s("10-20", "withdraw"),)),
    "revoked": Story("performer", (s("10-20", "revoke"),)),
    "found never valid": Story("performer", (s("10-20", "invalidate"),)),
    "withdrawn, then found never valid": Story("performer", (s("10-20", "withdraw"), s("11-10", "invalidate"))),
    "expired, then found never valid": Story("performer", (s("12-05", "expire"), s("12-10", "invalidate"))),
    "expiry recorded": Story("performer", (s("12-05", "expire"),)),
    "renewed in time": Story("performer", (s("11-20", "renew", since="12-01", until="2027-02-01"),)),
    "renewed late": Story("performer", (s("12-10", "renew", since="12-10", until="2027-02-01"),)),
    "renewed after its expiry was recorded": Story(
        "performer", (s("12-05", "expire"), s("12-10", "renew", since="12-10", until="2027-02-01"))
    ),
    "renewed for later": Story("performer", (s("11-20", "renew", since="2027-01-01", until="2027-02-01"),)),
    "renewed, then withdrawn": Story(
        "performer", (s("11-20", "renew", since="12-01", until="2027-02-01"), s("12-20", "withdraw"))
    ),
    "came of age and renewed": Story(
        "minor", (s("11-02", "of-age"), s("11-03", "renew", since="11-03", until="2027-02-01"))
    ),
    "narrowed by a country": Story("performer", (s("10-20", "narrow", territories="FR"),)),
    "the world without one country": Story(
        "performer", (s("10-20", "narrow", territories="FR"),), territories=("WORLD",)
    ),
    "narrowed by a use": Story("performer", (s("10-20", "narrow", uses="editorial"),)),
    "narrowed twice": Story(
        "performer", (s("10-20", "narrow", uses="editorial"), s("11-10", "narrow", territories="DE"))
    ),
    "narrowed, then renewed": Story(
        "performer",
        (s("10-20", "narrow", territories="FR"), s("11-20", "renew", since="12-01", until="2027-02-01")),
    ),
    "in dispute": Story("performer", (s("10-20", "suspend", cause="dispute"),)),
    "in dispute, then settled": Story(
        "performer", (s("10-20", "suspend", cause="dispute"), s("11-10", "resume", of="10-20"))
    ),
    "stopped by the person and by legal, one lifted": Story(
        "performer",
        (
            s("10-20", "suspend", cause="by-person"),
            s("10-25", "suspend", cause="investigation"),
            s("11-10", "resume", of="10-20"),
        ),
    ),
    "in dispute past its end": Story("performer", (s("10-20", "suspend", cause="dispute"), s("12-05", "expire"))),
    "in dispute, then withdrawn": Story("performer", (s("10-20", "suspend", cause="dispute"), s("11-10", "withdraw"))),
    "employee who left": Story("employee", (s("10-20", "leave", on="10-25"),)),
    "employee who left before anybody said so": Story("employee", (s("10-20", "leave", on="10-10"),)),
    "employee who left, looked at": Story(
        "employee", (s("10-20", "leave", on="10-20"), s("11-10", "resume", of="10-20"))
    ),
    "employee who left and agreed again": Story(
        "employee", (s("10-20", "leave", on="10-20"), s("11-10", "renew", since="11-10", until="2027-02-01"))
    ),
    "employee whose consent survives": Story("employee", (s("10-20", "leave", on="10-20"),), survives=True),
    "given for video, and the file is sound": Story("performer", medium="audio"),
    "given for video, and nobody can tell what the file is": Story("performer", medium=""),
    "given for everything, and nobody can tell what the file is": Story(
        "performer", media=("video", "still", "audio"), medium=""
    ),
    "given for video and sound, narrowed by sound": Story(
        "performer", (s("10-20", "narrow", media="audio"),), media=("video", "audio"), medium="audio"
    ),
    "under a legal hold": Story("performer", (s("10-20", "hold"),)),
    "under a legal hold, and withdrawn": Story("performer", (s("10-20", "hold"), s("11-10", "withdraw"))),
}
MAJORITY = {"minor": day("11-01"), "young": day("2027-03-01")}
QUESTIONS = (("advertising", "DE"), ("advertising", "FR"), ("editorial", "DE"), ("political", "JP"))


def instants(story: Story) -> list[datetime]:
    """Around everything that happens, to the microsecond."""
    edges = {FROM, story.until, *(one.when for one in story.said)}
    edges |= {MAJORITY[story.who]} if story.who in MAJORITY else set()
    edges |= {day(one.words[name]) for one in story.said for name in ("since", "until", "on") if name in one.words}
    return sorted({edge + n * MICRO for edge in edges for n in (-1, 0)} | {MADE + MICRO})


# -- what must follow ------------------------------------------------------------------------------------------------


def expected(story: Story, at: datetime, known: datetime) -> str:
    """The state, told case by case."""
    heard = [one for one in story.said if one.when <= known and (one.when <= at or one.what == "invalidate")]
    words = {one.what for one in heard}
    given = story.granted and min(at, known) >= GIVEN
    if "invalidate" in words:
        return "invalidated"
    for what, state in (("withdraw", "withdrawn"), ("revoke", "revoked"), ("refuse", "refused")):
        if what in words:
            return state
    if not given:
        return "requested"
    spans = agreed(story, heard)
    renewals = [one.when for one in heard if one.what == "renew"]
    recorded = [one.when for one in heard if one.what == "expire" and one.when >= max(renewals, default=GIVEN)]
    if recorded or at >= max(end for _, end, _ in spans):
        return "expired"
    if stopped(story, heard, at):
        return "suspended"
    inside = [word for start, end, word in spans if start <= at < end]
    return inside[-1] if inside else "not_yet"


def agreed(story: Story, heard: list[Said]) -> list[tuple[datetime, datetime, str]]:
    """Stretches of time, each with the word for being in it."""
    end = min(story.until, MAJORITY.get(story.who, story.until))
    more = [(day(one.words["since"]), day(one.words["until"]), "renewed") for one in heard if one.what == "renew"]
    return [(FROM, end, "given"), *more]


def stopped(story: Story, heard: list[Said], at: datetime) -> bool:
    stops = {one.when for one in heard if one.what == "suspend"}
    for one in heard:
        again = any(other.what == "renew" and other.when > one.when for other in heard)
        if one.what == "leave" and not story.survives and not again and at >= day(one.words["on"]):
            stops.add(one.when)
    return bool(stops - {day(one.words["of"]) for one in heard if one.what == "resume"})


def against(story: Story, at: datetime, use: str, territory: str) -> str:
    """What a decision at that instant, knowing what was said by then, holds against the use; `-` before the clip exists."""
    if not story.granted or at <= MADE or expected(story, MADE, MADE) not in ("given", "renewed"):
        return "-"
    heard = [one for one in story.said if one.when <= at]
    taken = {value for one in heard if one.what == "narrow" for value in one.words.values()}
    state, found = expected(story, at, at), []
    if state not in ("given", "renewed"):
        found.append(f"consent_{state}")
    if use not in {"advertising", "editorial"} - taken:
        found.append("use_out_of_scope")
    if territory in taken or not {territory, "WORLD"} & set(story.territories):
        found.append("territory_out_of_scope")
    if not any(start <= at < end for start, end, _ in agreed(story, heard)):
        found.append("window_out_of_scope")
    if not story.medium:
        found.append("medium_unknown")
    elif story.medium not in set(story.media) - taken:
        found.append("medium_out_of_scope")
    return " ".join(found) or "none"


def rows() -> list[tuple[str, ...]]:
    found = []
    for name, story in STORIES.items():
        for at in instants(story):
            for use, territory in QUESTIONS:
                when = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
                states = (expected(story, at, at), expected(story, at, KNOWN))
                found.append((name, when, use, territory, *states, against(story, at, use, territory)))
    return found


def text() -> str:
    lines = ["\t".join(row) for row in (COLUMNS, *rows())]
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{len(rows())} rows\n")
