"""Why may we use this? The way from whoever holds something, over what they let happen, to the file, its use and its
placements; or no way, and then no (SPEC S5.16). Read from the entries of the file's family only, never from the whole ledger.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.errors import Reason
from ledger.history import History, bodies
from ledger.rules.clearances import standing
from ledger.rules.consents import consent_state
from ledger.rules.decision import Decision, decide
from ledger.rules.generations import generation
from ledger.rules.licences import licence_state
from ledger.rules.lineage import ancestors, arrival, derivation
from ledger.rules.rights import title
from ledger.rules.weighing_rights import licences_relied_on, rights_of
from ledger.statement import Said
from schemas.statements.asset import AssetImported
from schemas.statements.clearance import ClearanceIssued, Question, Weighed
from schemas.statements.generation import GenerationRequested
from schemas.statements.placement import PlacementEnded, PlacementRecorded

NodeKind = Literal["party", "person", "right", "licence", "consent", "generation", "asset", "use", "placement"]


@dataclass(frozen=True)
class Node:
    """A thing. `stands`: it lets the use happen; what ended, is missing or is not cleared does not."""

    key: str
    kind: NodeKind
    label: str
    state: str
    stands: bool
    entry_index: int | None


@dataclass(frozen=True)
class Link:
    """`source` leads to `target`, as an entry says."""

    source: str
    target: str
    word: str
    entry_index: int | None


@dataclass(frozen=True)
class Why:
    """`may` is the verifier's own answer. Without it there is no path, only what was found and why it does not reach."""

    question: Question
    at: datetime
    may: bool
    reasons: tuple[Reason, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]

    def paths(self) -> tuple[tuple[str, ...], ...]:
        """From each holder to the use or, where there are any, to each placement: the shortest way, by key."""
        if not self.may:
            return ()
        starts = [node.key for node in self.nodes if node.kind in ("party", "person")] or self._origins()
        ends = [node.key for node in self.nodes if node.kind == "placement"]
        ends = ends or [node.key for node in self.nodes if node.kind == "use"]
        found = (self._way(start, end) for start in starts for end in ends)
        return tuple(way for way in found if way)

    def _origins(self) -> list[str]:
        """Where no holder stands behind it: the generations, else the file itself."""
        origins = [node.key for node in self.nodes if node.kind == "generation"]
        return origins or [f"asset:{self.question.asset}"]

    def _way(self, start: str, end: str) -> tuple[str, ...]:
        before: dict[str, str] = {start: ""}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for link in self.links:
                if link.source == here and link.target not in before:
                    before[link.target] = here
                    queue.append(link.target)
        if end not in before:
            return ()
        way = [end]
        while way[-1] != start:
            way.append(before[way[-1]])
        return tuple(reversed(way))


def why(history: History, question: Question, at: datetime) -> Why:
    """O(the file's family and what stands behind it). Raises what `decide` raises; an unknown file is a no."""
    decision = decide(history, question, at)
    cleared, issued = standing(history, question, at)
    reasons = [*_against(decision), *([_reason(cleared)] if cleared.outcome != "pass" else [])]
    drawing = _Drawing(history, question, at)
    if decision.known:
        drawing.draw(decision, issued, cleared)
    may = decision.allowed and issued is not None
    return Why(question, at, may, tuple(reasons), tuple(drawing.nodes.values()), tuple(dict.fromkeys(drawing.links)))


def _against(decision: Decision) -> Iterator[Reason]:
    yield from map(_reason, decision.against)


def _reason(rule: Weighed) -> Reason:
    return Reason(rule.code, rule.detail, rule.entries[-1] if rule.entries else None)


class _Drawing:
    """Collects nodes and links, each once."""

    def __init__(self, history: History, question: Question, at: datetime) -> None:
        self.history, self.question, self.at = history, question, at
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []

    def draw(self, decision: Decision, issued: Said | None, cleared: Weighed) -> None:
        family = ancestors(self.history, self.question.asset)
        for asset in reversed(family):
            self._asset(asset)
            self._origin(asset)
        self._rights(family)
        self._use(issued, cleared)

    def _node(self, kind: NodeKind, name: str, label: str, state: str, stands: bool, index: int | None) -> str:
        key = f"{kind}:{name}"
        self.nodes.setdefault(key, Node(key, kind, label, state, stands, index))
        return key

    def _link(self, source: str, target: str, word: str, index: int | None) -> None:
        self.links.append(Link(source, target, word, index))

    def _asset(self, asset: str) -> None:
        said = arrival(self.history, asset)
        named = str(said.body.as_json().get("title") or "") if said else ""
        here = self._node("asset", asset, named or f"{asset[:12]}…", "", True, said.index if said else None)
        made = derivation(self.history, asset)
        for parent in made[1].parents if made else ():
            self._link(f"asset:{parent}", here, made[1].relation if made else "", made[0].index if made else None)

    def _origin(self, asset: str) -> None:
        said = arrival(self.history, asset)
        if said is None or not isinstance(said.body, AssetImported) or said.body.generation is None:
            return
        found = generation(self.history, said.body.generation)
        if found is None:
            return
        asked, request = found
        model = f"{request.provider} {request.model}"
        node = self._node("generation", request.generation, model, "recorded", True, asked.index)
        self._link(node, f"asset:{asset}", "result", said.index)
        self._people(node, asked, request)

    def _people(self, node: str, asked: Said, request: GenerationRequested) -> None:
        for cameo in request.cameos:
            state = consent_state(self.history, cameo.consent, self.at)
            given, index = state.state == "given", state.entries[-1] if state.entries else None
            person = self._node("person", cameo.person, cameo.person, "", True, index)
            consent = self._node("consent", cameo.consent, f"…{cameo.consent[-12:]}", state.state, given, index)
            self._link(person, consent, "consented" if given else state.state.replace("_", " "), index)
            self._link(consent, node, "lets be made", asked.index)

    def _rights(self, family: Sequence[str]) -> None:
        relied = set(licences_relied_on(self.history, family, self.question, self.at))
        for name, ways in rights_of(self.history, family).items():
            held = title(self.history, name, self.at)
            if held is None:
                continue
            index, whole = held.entries[-1], not held.gaps
            party = self._node("party", held.holder, held.holder, "", True, index)
            state = f"{held.right.kind}, {'held' if whole else held.gaps[0].code.replace('_', ' ')}"
            right = self._node("right", name, held.right.title, state, whole, index)
            self._link(party, right, "holds", index)
            for said, use in ways:
                if use.licence is None:
                    self._link(right, f"asset:{use.asset}", "used by its holder", said.index)
                elif use.licence in relied:
                    self._licence(right, use.licence, use.asset, said)

    def _licence(self, right: str, name: str, asset: str, said: Said) -> None:
        state = licence_state(self.history, name, self.at)
        to = f"{state.grant.licensee}, …{name[-12:]}" if state.grant else f"…{name[-12:]}"
        stands = state.state == "in_force"
        licence = self._node("licence", name, to, state.state, stands, state.granted_by)
        self._link(right, licence, "licensed", state.granted_by)
        self._link(licence, f"asset:{asset}", "used in", said.index)

    def _use(self, issued: Said | None, cleared: Weighed) -> None:
        asked = self.question
        label = f"{asked.use}, {asked.channel}, {asked.territory}"
        index = issued.index if issued else (cleared.entries[-1] if cleared.entries else None)
        state = "cleared" if issued else cleared.code.removeprefix("clearance_").replace("_", " ")
        use = self._node(
            "use", f"{asked.use}.{asked.channel}.{asked.territory}", label, state, issued is not None, index
        )
        self._link(f"asset:{asked.asset}", use, "cleared for" if issued else "not cleared for", index)
        if issued is not None and isinstance(issued.body, ClearanceIssued):
            self._placements(use, issued.body.clearance)

    def _placements(self, use: str, clearance: str) -> None:
        found = self.history.about(f"clearance:{clearance}", PlacementRecorded, PlacementEnded)
        ended = {body.placement: body.outcome for _, body in bodies(found, PlacementEnded)}
        for said, body in bodies(found, PlacementRecorded):
            state = ended.get(body.placement, "shown").replace("-", " ")
            label = f"{body.platform}, {body.territory}"
            placement = self._node("placement", body.placement, label, state, body.placement not in ended, said.index)
            self._link(use, placement, "placed", said.index)
