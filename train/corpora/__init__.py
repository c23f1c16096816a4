"""Corpora: every reader of files. Aligned corpora all give the same `Corpus`."""
