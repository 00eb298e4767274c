"""Bytes in, verdict out: canonical JSON, DSSE, Merkle trees, notes, packs. Standard library and cryptography only."""
