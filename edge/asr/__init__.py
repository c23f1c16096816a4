"""Speech-to-text: Vosk if the user has a model, else pocketsphinx, behind one interface."""

from __future__ import annotations

import math

from edge.asr.base import SpeechToText
from edge.asr.pocketsphinx import PocketSphinx
from edge.asr.process import LIMIT_S, LOAD_LIMIT_S, AsrProcess
from edge.asr.vosk import Vosk
from edge.asr.vosk_models import installed_model, is_here
from edge.errors import AsrError

__all__ = ["SpeechToText", "open_asr", "open_here"]


def open_asr(
    engine: str,
    model: str | None,
    apart: bool = False,
    limit_s: float = LIMIT_S,
    load_limit_s: float = LOAD_LIMIT_S,
) -> SpeechToText | None:
    """Open the configured recogniser; None for "none".

    Args:
        engine: "auto", "vosk", "pocketsphinx" or "none". auto: Vosk if `model` is given or a model
            is in one of Vosk's folders, else pocketsphinx.
        model: Vosk only: the folder of a model, its name, or the URL of a .zip.
        apart: In a separate process: an engine that blocks other threads, hangs or crashes does not
            end the run.
        limit_s: A separate process is killed when it does not answer for so long.
        load_limit_s: It is killed when it has not loaded its model after so long. A download has no
            limit.

    Raises:
        AsrError: The engine or its model was not found.
    """
    if not apart or engine == "none":
        return open_here(engine, model)
    found = _vosk_model(engine, model)
    if found is None:
        return AsrProcess("pocketsphinx", limit_s, load_limit_s)
    return AsrProcess("vosk", limit_s, load_limit_s if is_here(found) else math.inf, found)


def open_here(engine: str, model: str | None) -> PocketSphinx | Vosk | None:
    """Like `open_asr`, in this process: `restart` prepares it for other sound."""
    if engine == "none":
        return None
    found = _vosk_model(engine, model)
    return PocketSphinx() if found is None else Vosk(found)


def _vosk_model(engine: str, model: str | None) -> str | None:
    """The model for Vosk; None for pocketsphinx."""
    if engine == "pocketsphinx":
        return None
    found = model or installed_model()
    if found is None and engine == "vosk":
        raise AsrError(
            "Vosk needs a model: give its folder or name, such as"
            " --asr-model vosk-model-small-en-us-0.15 (40 MB, downloaded), or leave asr.engine at"
            " auto."
        )
    return None if found is None else str(found)
