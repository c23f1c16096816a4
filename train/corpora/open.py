"""Open a corpus by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.errors import DataError
from train.corpora import local
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
        what: a name of `LOCAL`.
        data: the data folder.
        options: options of the reader, such as `reach`.

    Raises:
        DataError: The name or an option is unknown, or the data is invalid. The message names the
            file and the field.
    """
    reader = LOCAL.get(what)
    if reader is None:
        raise DataError(f"There is no corpus '{what}': choose one of {', '.join(sorted(LOCAL))}.")
    try:
        return reader(data, **options)
    except TypeError:
        raise DataError(
            f"The corpus '{what}' has no options {', '.join(sorted(options))}: remove them."
        ) from None
