"""Who makes clips: one port, one file a provider."""
