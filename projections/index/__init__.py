"""Indexes of 256-bit codes under Hamming distance, behind one port: in memory, kept in a file, or in PostgreSQL."""
