"""Robustness of the fingerprints: edits of stills and clips, wrong pairs, and other people's hashes in the same run."""
