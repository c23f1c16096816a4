"""`cdat-train words`: how many of the unfinished words are in the final result."""

from __future__ import annotations

from pathlib import Path

from edge.asr import open_here
from edge.errors import DataError
from train.corpora.folder import data_folder
from train.studies.words.errors import errors
from train.studies.words.listening import listen
from train.studies.words.page import page
from train.studies.words.sounds import of_corpora, of_folder


def measure_words(
    folder: Path | None,
    data: Path | None = None,
    engine: str = "pocketsphinx",
    model: str | None = None,
    clips: int = 2,
    seed: int = 1,
) -> str:
    """A Markdown page: word errors and time; of unfinished words survival by stability, the
    confidences' errors, and how they are spread.

    Args:
        folder: Of sounds; None: the corpora of `data`.
        engine, model: As for `edge.asr.open_asr`.
        clips: Of each speaker of a corpus of acted speech.
        seed: Of the drawn clips and of the halves.

    Raises:
        AsrError: The recogniser cannot be opened.
        DataError: There are too few sounds, or in them no word is recognised before the end.
    """
    sounds = of_folder(folder) if folder else of_corpora(data_folder(data), clips, seed)
    asr = open_here(engine, model)
    if asr is None:
        raise DataError("The study needs a recogniser: give --asr pocketsphinx, vosk or sherpa.")
    looks, heard = listen(asr, sounds)
    if not len(looks.given):
        raise DataError("No word was recognised before the end of an utterance: give other sounds.")
    return f"{asr.name}, {len(heard)} sounds.\n\n{errors(heard)}\n\n{page(looks, seed)}"
