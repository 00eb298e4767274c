"""actor admit, actor passkeys, actor add-passkey: people who sign with a device of their own (ADR 014)."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli.invocation import HomeOption, JsonOption, invocation_of
from ops.cli.printing import facts, table

KEYID_CHARS_MIN = 16  # 64 bits of the fingerprint: nobody makes a second key that begins like it


def admit(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits, dots and hyphens.")],
    role: Annotated[list[str], typer.Option(metavar="ROLE", help="What they may say; may be given several times.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Enrol somebody by name alone: no key is made for them. They sign in by token and make a passkey on their own device."""
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.home import Home

    run = invocation_of(ctx)
    body = speaking.parsed("actor.admitted.v1", {"actor": actor, "roles": role})
    with run.services() as services:
        operator = run.settings.operator
        key = read_signing_key(Home(run.home).actor_key(operator))
        receipt = speaking.speak(services.ledger, key, operator, body)
    found = {"actor": actor, "roles": role, "entry_index": receipt.index}
    run.answer(found, facts([("actor", actor), ("roles", ", ".join(role)), ("entry", receipt.index)]))
    return 0


def passkeys(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> int:
    """Passkeys that were made on the pages: which wait to be added, which speak."""
    from api.services.passkeys import passkeys_of

    run = invocation_of(ctx)
    with run.services() as services:
        known = services.passkeys.all()
        speaking = {key.keyid for one in {one.actor for one in known} for key in passkeys_of(services, one)}
    found = [
        {
            "actor": one.actor,
            "keyid": one.keyid,
            "made_at": one.made_at,
            "state": "speaks" if one.keyid in speaking else "waits",
        }
        for one in known
    ]
    rows = [(one["actor"], one["state"], one["made_at"], one["keyid"]) for one in found]
    run.answer({"passkeys": found}, table("actor", "state", "made at", "fingerprint", rows=rows))
    return 0


def add_passkey(
    ctx: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="NAME", help="Whose passkey it is.")],
    keyid: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="As they read it to you: 16 digits or more.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say, with the operator's key, that a waiting passkey is this actor's. Compare its fingerprint with them first."""
    from ledger.errors import Misuse, NotFound
    from ledger.keys import read_signing_key
    from ops import speaking
    from ops.home import Home

    run = invocation_of(ctx)
    wanted = "".join(keyid.split()).lower()
    if len(wanted) < KEYID_CHARS_MIN:
        raise Misuse("fingerprint_short", f"fewer than {KEYID_CHARS_MIN} digits name no key safely", "Give more of it.")
    with run.services() as services:
        made = next((one for one in services.passkeys.of(actor) if one.keyid.startswith(wanted)), None)
        if made is None:
            raise NotFound("passkey_unknown", "no passkey of this actor begins so", "See `countersign actor passkeys`.")
        operator = run.settings.operator
        key = read_signing_key(Home(run.home).actor_key(operator))
        receipt = speaking.speak(services.ledger, key, operator, speaking.parsed("actor.passkey-added.v1", made.body))
    found = {"actor": actor, "keyid": made.keyid, "rp_id": made.body["rp_id"], "entry_index": receipt.index}
    run.answer(found, facts((name.replace("_", " "), value) for name, value in found.items()))
    return 0


COMMANDS = (("admit", admit), ("passkeys", passkeys), ("add-passkey", add_passkey))
"""What the group `actor` has besides its own."""
