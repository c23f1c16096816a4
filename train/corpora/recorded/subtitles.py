"""Words with times from a subtitle file that lies beside a media file."""

from __future__ import annotations

import html
from pathlib import Path

import pysubs2

from edge.errors import DataError
from edge.types import Word
from train.corpora.recorded.samples import spread

SUFFIXES = (".srt", ".vtt")
MS_PER_S = 1000


def subtitles_of(file: Path) -> Path | None:
    """`a.srt`, else `a.vtt`, beside `a.mp4`; None if there is neither."""
    beside = (file.with_suffix(suffix) for suffix in SUFFIXES)
    return next((path for path in beside if path.is_file()), None)


def read_subtitles(path: Path) -> tuple[Word, ...]:
    """The words in order of time, spread evenly over the time that each caption is shown.

    Raises:
        DataError: The file cannot be read, or has no captions.
    """
    try:
        captions = pysubs2.load(str(path), encoding="utf-8-sig", format_=path.suffix[1:].lower())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8, or remove it.") from None
    except (pysubs2.Pysubs2Error, ValueError, ArithmeticError) as error:
        raise DataError(f"{path} is not a subtitle file ({error}): remove it.") from None
    captions.sort()
    words = tuple(
        word
        for caption in captions
        if 0 <= caption.start < caption.end
        for word in spread(
            html.unescape(caption.plaintext), caption.start / MS_PER_S, caption.end / MS_PER_S
        )
    )
    if not words:
        raise DataError(f"{path} has no captions with times and words: repair it, or remove it.")
    return words
