"""What a platform installs: it needs the standard library, `cryptography` and ledger/proof, and nothing of the server.

    from api.client.ledger_client import LedgerClient
    ledger = LedgerClient("https://ledger.example", token)
    answer = ledger.verify(file, use="advertising", channel="social", territory="DE")
    if answer.allowed: …

Only `allow` is an allow. What can't be asked, read or understood raises, and never comes back as an answer.
"""
