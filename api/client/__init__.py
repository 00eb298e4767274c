"""What a platform installs: it needs the standard library, `cryptography` and ledger/proof, and nothing of the server."""
