"""Who may be asked for an opinion on files here: what the settings name, if there is a key and a library for it."""

from __future__ import annotations

from api.services.opinions import OpinionDesk
from ledger.errors import Unavailable
from ledger.opinions.port import OutsideOpinion
from ops.settings import Settings, openai_key


def opinion_desk(settings: Settings) -> OpinionDesk:
    """Whatever is missing is a reason why nothing is checked, never a failure to start. Raises Misuse for a bad address."""
    if not settings.outside_opinions:
        return OpinionDesk()
    key, named = openai_key(), settings.outside_opinions
    if key is None:
        return OpinionDesk({}, dict.fromkeys(named, "no_key"))
    try:
        return OpinionDesk(_sources(settings, key), {})
    except Unavailable as error:
        return OpinionDesk({}, dict.fromkeys(named, error.code))


def _sources(settings: Settings, key: str) -> dict[str, OutsideOpinion]:
    from ledger.opinions.openai_exchange import OpenAIExchange
    from ledger.opinions.openai_moderation import OpenAIModeration
    from ledger.opinions.openai_provenance import OpenAIProvenance

    exchange = OpenAIExchange(key, settings.openai_url)
    made: tuple[OutsideOpinion, ...] = (OpenAIProvenance(exchange), OpenAIModeration(exchange))
    return {one.name: one for one in made if one.name in settings.outside_opinions}
