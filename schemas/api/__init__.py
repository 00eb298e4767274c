"""Request and answer shapes of the HTTP API, one file a topic. Statement bodies themselves are in schemas/statements."""
