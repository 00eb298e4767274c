"""The HTTP operations under /v1, one file a topic. Each names its line in api/access.py by its operation id."""
