"""Aligned corpora: readers of the field's file formats, all giving the same `Corpus`."""
