"""Corpora of the user's own files, recorded by the live runtime (docs/own-data.md)."""
