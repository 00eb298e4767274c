"""Handing statements to the ledger without holding a thread for each, and its receipts as bytes."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Sequence

import msgspec

from ledger.door import Ledger, Receipt
from ledger.intake import Unparsed


async def entered(ledger: Ledger, statements: Sequence[Unparsed]) -> list[Receipt | BaseException]:
    """Every statement's outcome, in order. The commit goes on when the caller leaves meanwhile. Raises Unavailable."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Receipt | BaseException]] = loop.create_future()

    def tell(outcomes: list[Receipt | BaseException]) -> None:
        if not done.done():
            done.set_result(outcomes)

    def answer(outcomes: list[Receipt | BaseException]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, outcomes)

    ledger.submit(statements, answer)
    return await done


def receipt_bytes(receipt: Receipt) -> bytes:
    """A `ReceiptAnswer` as JSON, member by member as its class has them."""
    return msgspec.json.encode(
        {
            "index": receipt.index,
            "statement_id": receipt.statement_id,
            "entry": b64encode(receipt.entry).decode("ascii"),
            "proof": receipt.proof().decode("utf-8"),
            "size": receipt.size,
            "existing": receipt.existing,
        }
    )
