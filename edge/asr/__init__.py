"""Speech-to-text: Vosk if the user has a model, else pocketsphinx, behind one interface."""

from __future__ import annotations

import math

from edge.asr.base import SpeechToText
from edge.asr.pocketsphinx import PocketSphinx
from edge.asr.process import LIMIT_S, LOAD_LIMIT_S, AsrProcess
from edge.asr.vosk import Vosk, installed_model, is_here
from edge.errors import AsrError

__all__ = ["SpeechToText", "open_asr"]


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
        model: Vosk only: the folder of a model, or a name for Vosk's download.
        apart: In a separate process: an engine that blocks other threads, hangs or crashes does not
            end the run.
        limit_s: A separate process is killed when it does not answer for so long.
        load_limit_s: It is killed when it has not loaded its model after so long. A download has no
            limit.

    Raises:
        AsrError: The engine or its model was not found.
    """
    if engine == "none":
        return None
    if engine == "pocketsphinx":
        return AsrProcess(engine, limit_s, load_limit_s) if apart else PocketSphinx()
    found = model or installed_model()
    if found is not None:
        model = str(found)
        if not apart:
            return Vosk(model)
        return AsrProcess("vosk", limit_s, load_limit_s if is_here(model) else math.inf, model)
    if engine == "vosk":
        raise AsrError(
            "Vosk needs a model: give its folder or name, such as"
            " --set asr.model=vosk-model-small-en-us-0.15, or leave asr.engine at auto."
        )
    return AsrProcess("pocketsphinx", limit_s, load_limit_s) if apart else PocketSphinx()
