"""Contract systems: a port, and an adapter each."""
