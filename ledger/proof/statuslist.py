"""Reading a Token Status List (SPEC S10): what stands at one place, or that nobody can say. It fails closed.

Only 0 stands. A list that is missing, expired, for another address or too short says nothing, and nothing is never a yes.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger.errors import Refused, Unavailable, Untrusted
from ledger.proof.jws import base64url_bytes, verify_jws

STATUS_TYPE = "statuslist+jwt"
VALID, INVALID, SUSPENDED = 0, 1, 2  # the draft's own values; anything we don't know counts as INVALID
BITS = 2
LIST_BYTES_MAX = 1 * 2**20  # four million places; ours have ten thousand
_AGAIN = "Fetch it anew from the address that the pass names."


def check_status(token: str | None, keys: Mapping[str, bytes], reference: Mapping[str, Any], now: datetime) -> None:
    """Returns if what `reference` (`{"idx", "uri"}`) points at stands by a list that counts at `now`; `keys`: the service's.

    Raises Unavailable `status_missing`, `status_expired`; Untrusted `status_of_another_list`, `status_malformed` and what
    `verify_jws` raises; Refused `status_invalid`, `status_suspended`.
    """
    if token is None:
        raise Unavailable(
            "status_missing", "no status list was given: nobody knows whether the clearance stands", _AGAIN
        )
    claims = verify_jws(token.strip(), keys, STATUS_TYPE)
    if claims.get("sub") != reference["uri"]:
        raise Untrusted("status_of_another_list", "this is not the status list that the pass names", _AGAIN)
    issued, ends = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(ends) is not int:
        raise Untrusted("status_malformed", "the status list does not say until when it counts", _AGAIN)
    if not issued <= now.timestamp() < ends:
        raise Unavailable("status_expired", "the status list does not count at this instant", _AGAIN)
    value = _value(claims, reference["idx"])
    if value == SUSPENDED:
        raise Refused("status_suspended", "the clearance is suspended", "Don't show it; ask again later.")
    if value != VALID:
        raise Refused("status_invalid", "the clearance stands no longer", "Don't show it.")


def _value(claims: Mapping[str, Any], index: int) -> int:
    try:
        listed = claims["status_list"]
        if listed["bits"] != BITS:
            raise ValueError("other bits")
        inflating = zlib.decompressobj()
        octets = inflating.decompress(base64url_bytes(listed["lst"]), LIST_BYTES_MAX)
        if not inflating.eof:
            raise ValueError("cut off or too long")
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise Untrusted("status_malformed", "the status list can't be read", _AGAIN) from error
    octet, place = divmod(index * BITS, 8)
    if octet >= len(octets):
        return INVALID
    return octets[octet] >> place & (1 << BITS) - 1
