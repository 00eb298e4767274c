"""Starting a requested generation at its provider; what a provider refuses is recorded with its reason."""

from __future__ import annotations

from api.services.archives import generator_named
from api.services.services import Services
from ledger.errors import NotFound, Refused
from ledger.generators.port import ProviderRecord
from ledger.history import bodies
from ledger.rules.generations import generation as requested
from schemas.statements.generation import GenerationFailed

DETAIL_CHARS_MAX = 300  # schemas.base.Line


def start(services: Services, generation: str) -> ProviderRecord:
    """Raises NotFound `generation_unknown`, `provider_unknown`; Refused as the provider says (`provider_retired` with the
    date), which is said in the log once, whoever asks again.
    """
    history = services.ledger.history()
    found = requested(history, generation)
    if found is None:
        raise NotFound("generation_unknown", f"generation {generation} was never requested", "Request it first.")
    try:
        return generator_named(found[1].provider).create(found[1])
    except Refused as refused:
        told = bodies(history.about(f"generation:{generation}", GenerationFailed), GenerationFailed)
        if all(body.code != refused.code for _, body in told):
            detail = refused.what[:DETAIL_CHARS_MAX]
            services.ledger.say(GenerationFailed(generation=generation, code=refused.code, detail=detail))
        raise
