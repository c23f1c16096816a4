"""Speech to text: Vosk where the user has a model, else pocketsphinx, behind one interface."""

from __future__ import annotations

from edge.asr.apart import Apart
from edge.asr.base import SpeechToText
from edge.asr.pocketsphinx import PocketSphinx
from edge.asr.vosk import Vosk, installed_model
from edge.errors import AsrError

__all__ = ["SpeechToText", "open_asr"]


def open_asr(engine: str, model: str | None, apart: bool = False) -> SpeechToText | None:
    """The recogniser that a configuration asks for; None for "none".

    Args:
        engine: "auto", "vosk", "pocketsphinx" or "none". auto: Vosk where `model` is given or a
            model lies in one of Vosk's folders, else pocketsphinx.
        model: Vosk's model: a folder, or a name for its own download.
        apart: What would hold up other threads gets a process of its own. Vosk does not: it gives
            Python's lock back while it decodes.

    Raises:
        AsrError: the engine or its model is not there.
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
