"""Outside consent registries: a port, and an adapter each."""
