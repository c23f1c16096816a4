"""Open a corpus by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.errors import DataError
from train.corpora import local
from train.corpora.copies.formats import SETS, read_copy
from train.corpora.copies.samples import corpus_of
from train.corpora.corpus import Corpus

LOCAL: dict[str, Callable[..., Corpus]] = {
    "mosi_utterance": local.mosi,
    "ravdess_av": local.ravdess,
    "meld_text_audio": local.meld,
}
"""Readers of the corpora in the data folder, by the name of the corpus' folder."""


def open_corpus(what: str, data: Path, **options: Any) -> Corpus:
    """Read and check a corpus.

    Args:
        what: a name of `LOCAL`, or of `SETS` for the user's own copy of a data set.
        data: the data folder.
        options: options of the reader, such as `reach`, or `path` of a copy.

    Raises:
        DataError: The name or an option is unknown, or the data is invalid. The message names the
            file and the field.
    """
    if what in SETS:
        return replace(corpus_of(read_copy(what, data, **options)), name=what)
    reader = LOCAL.get(what)
    if reader is None:
        raise DataError(
            f"There is no corpus '{what}': choose one of {', '.join(sorted([*LOCAL, *SETS]))}."
        )
    try:
        return reader(data, **options)
    except TypeError:
        raise DataError(
            f"The corpus '{what}' has no options {', '.join(sorted(options))}: remove them."
        ) from None
