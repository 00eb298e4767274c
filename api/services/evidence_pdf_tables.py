"""The tables of report.pdf: each a title, columns, their widths in millimetres, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schemas.base import format_instant
from schemas.facts import PackFacts

Row = Sequence[object]
Table = tuple[str, Row, tuple[int, ...], list[Row]]


def tables(facts: PackFacts) -> Iterator[Table]:
    """In the order in which somebody asks."""
    status: list[Row] = [
        (one.moment, format_instant(one.at), one.consent[-12:], one.person, one.state, one.state_known_now)
        for one in facts.status
    ]
    columns = ("moment", "at", "consent", "of", "as known then", "as known now")
    yield "Consent at generation, at publication and now", columns, (22, 46, 28, 28, 28, 28), status
    yield _licences(facts)
    yield _documents(facts)
    approvals: list[Row] = [
        (one.gate, "approved" if one.approved else "rejected", one.actor, ", ".join(one.roles), format_instant(one.at))
        for one in facts.approvals
    ]
    yield "Approvals", ("gate", "answer", "by", "as", "at"), (30, 30, 36, 38, 46), approvals
    labels: list[Row] = [
        (
            one.platform,
            one.territory,
            format_instant(one.starts_at),
            one.expected or "not said",
            one.shown or "not said",
        )
        for one in facts.labels
    ]
    yield (
        "Placements and labels",
        ("platform", "in", "from", "label meant", "label shown"),
        (40, 14, 46, 40, 40),
        labels,
    )
    yield _endings(facts)
    clocks: list[Row] = [
        (clock.rule, format_instant(clock.received_at), format_instant(clock.due_at), clock.state)
        for dispute in facts.disputes
        for clock in dispute.clocks
    ]
    yield "Statutory clocks", ("rule", "from", "runs out", "state"), (62, 46, 46, 26), clocks
    seen: list[Row] = [
        (one.platform, format_instant(one.seen_at), one.matched_by, one.match)
        for dispute in facts.disputes
        for one in dispute.sightings
    ]
    yield "Copies that were seen", ("on", "at", "found by", "how near"), (32, 46, 26, 76), seen
    yield _privilege_log(facts)
    custody: list[Row] = [
        (one.entry, format_instant(one.at), one.event, one.handler, one.what) for one in facts.custody
    ]
    yield _redactions(facts)
    yield _keys(facts)
    yield "Custody", ("entry", "at", "event", "handler", "what"), (14, 46, 22, 28, 70), custody


def _privilege_log(facts: PackFacts) -> Table:
    withheld: list[Row] = [
        (
            one.entry,
            one.kind,
            format_instant(one.written_at),
            f"{one.author} to {', '.join(one.recipients) or 'nobody named'}",
            one.basis,
            one.description,
            "withheld" if one.waived is None else f"given up by entry {one.waived}",
        )
        for one in facts.privilege_log
    ]
    columns = ("entry", "what", "written", "by, to", "basis", "description", "state")
    return "Privilege log", columns, (12, 18, 40, 34, 24, 36, 16), withheld


def _licences(facts: PackFacts) -> Table:
    rows: list[Row] = [
        (one.licence[-12:], f"{one.licensor} to {one.licensee}", one.state, one.counted, one.used, one.cap or "no cap")
        for one in facts.usage
    ]
    return (
        "Licences and their caps",
        ("licence", "from, to", "state", "counted", "used", "cap"),
        (28, 56, 24, 28, 22, 22),
        rows,
    )


def _documents(facts: PackFacts) -> Table:
    rows: list[Row] = [
        (one.entry, one.what.replace("-", " "), one.of[-14:], one.detail or "", one.sha256[:32])
        for one in facts.documents
    ]
    return "Documents behind the statements", ("entry", "what", "of", "more", "SHA-256"), (14, 30, 32, 44, 60), rows


def _endings(facts: PackFacts) -> Table:
    rows: list[Row] = []
    for end in facts.endings:
        told = "; ".join(f"{one.holder}: {one.done or ('overdue' if one.overdue else 'no answer')}" for one in end.told)
        rows.append((end.entry, end.kind, end.how.replace("_", " "), format_instant(end.at), told or "nobody recorded"))
    return "What ended, and who was told", ("entry", "what", "how", "at", "told"), (14, 24, 36, 46, 60), rows


def _redactions(facts: PackFacts) -> Table:
    rows: list[Row] = [
        (one.entry, one.pointer, one.subject, one.state, ", ".join(one.readers) or "nobody") for one in facts.redactions
    ]
    return "Not readable in the entries", ("entry", "field", "of", "state", "shown to"), (14, 50, 44, 26, 46), rows


def _keys(facts: PackFacts) -> Table:
    rows: list[Row] = [
        (one.names[0][:44], "the log", one.since, format_instant(one.since_at), one.reason or "")
        for one in facts.log_keys
    ]
    rows += [
        (
            one.keyid[:24],
            one.actor,
            one.since,
            format_instant(one.since_at),
            f"{one.ended}, entry {one.until}" if one.ended else "",
        )
        for one in facts.keys
    ]
    return (
        "Keys, and how they ended",
        ("key", "whose", "from entry", "at", "ended or turned"),
        (50, 34, 18, 46, 32),
        rows,
    )
