"""Corpora: the readers of data files. Every aligned corpus is read as a `Corpus`."""
