"""Speech-to-text: Vosk if the user has a model, else pocketsphinx, behind one interface."""

from __future__ import annotations

from edge.asr.apart import Apart
from edge.asr.base import SpeechToText
from edge.asr.pocketsphinx import PocketSphinx
from edge.asr.vosk import Vosk, installed_model
from edge.errors import AsrError

__all__ = ["SpeechToText", "open_asr"]


def open_asr(engine: str, model: str | None, apart: bool = False) -> SpeechToText | None:
    """Open the configured recogniser; None for "none".

    Args:
        engine: "auto", "vosk", "pocketsphinx" or "none". auto: Vosk if `model` is given or a model
            is in one of Vosk's folders, else pocketsphinx.
        model: Vosk only: the folder of a model, or a name for Vosk's download.
        apart: Run an engine that would block other threads in a separate process. Vosk does not
            need one: it releases the GIL while it decodes.

    Raises:
        AsrError: The engine or its model was not found.
    """
    if engine == "none":
        return None
    if engine == "pocketsphinx":
        return Apart() if apart else PocketSphinx()
    found = model or installed_model()
    if found is not None:
        return Vosk(str(found))
    if engine == "vosk":
        raise AsrError(
            "Vosk needs a model: give its folder or name, such as"
            " --set asr.model=vosk-model-small-en-us-0.15, or leave asr.engine at auto."
        )
    return Apart() if apart else PocketSphinx()
