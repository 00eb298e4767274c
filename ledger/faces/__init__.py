"""Faces in pictures: found, compared, never named for strangers. What is measured here is biometric data: vault only."""
