"""Documents that strangers are given about p-zeph, and the ways in which tests change them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rfc8785

from api.services.disclosing import disclose
from api.services.erasure import erase
from api.services.erasure_certificate import erasure_certificate
from api.services.services import Services
from ledger.errors import Untrusted
from tests.house_of import House
from tests.unit.erasure.said import request

NAME, CONTACT = "Zephyrine Quellwasser", "z@quellwasser.example"
ROOT = Path(__file__).resolve().parents[3]
FLIPS = 250  # bytes of a document that are changed, one at a time, spread over all of it


def shown(house: House, services: Services, statement: str, pointer: str = "/body/name") -> bytes:
    return disclose(services, statement, pointer, "auditor-3", lambda body: house.say_as("lena", body)).document


def changed(document: bytes, **members: Any) -> bytes:
    return rfc8785.dumps({**json.loads(document), **members})


def flipped(document: bytes) -> list[bytes]:
    draw = random.Random(7)
    places = sorted(draw.sample(range(len(document)), FLIPS))
    return [document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :] for at in places]


def fails(call: Callable[[], object]) -> str:
    try:
        call()
    except Untrusted as error:
        return error.code
    return ""


def certified(house: House, services: Services, actor: str = "ines") -> bytes:
    request(house, "p-zeph", actor)
    erase(services, "p-zeph")
    return erasure_certificate(services, "p-zeph")
