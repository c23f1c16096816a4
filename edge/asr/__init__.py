"""Speech-to-text: Vosk or sherpa-onnx if the user has a model, else pocketsphinx."""

from __future__ import annotations

import math
from pathlib import Path

from edge.asr.base import Reusable, SpeechToText
from edge.asr.process import LIMIT_S, LOAD_LIMIT_S, AsrProcess
from edge.asr.sherpa_files import is_sherpa
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
        engine: "auto", "vosk", "sherpa", "pocketsphinx" or "none". auto: sherpa or Vosk if `model`
            is one of theirs, Vosk if a model is in one of its folders, else pocketsphinx.
        model: The folder of a model; for Vosk also its name, or the URL of a .zip.
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
    name, found = _choice(engine, model)
    downloads = name == "vosk" and found is not None and not is_here(found)
    return AsrProcess(name, limit_s, math.inf if downloads else load_limit_s, found)


def open_here(engine: str, model: str | None) -> Reusable | None:
    """Like `open_asr`, in this process: `restart` prepares it for other sound."""
    if engine == "none":
        return None
    name, found = _choice(engine, model)
    # Only what is used is imported: a run waits for it, and it stays in memory.
    if found is None:
        from edge.asr.pocketsphinx import PocketSphinx

        return PocketSphinx()
    if name == "sherpa":
        from edge.asr.sherpa import Sherpa

        return Sherpa(found)
    from edge.asr.vosk import Vosk

    return Vosk(found)


def _choice(engine: str, model: str | None) -> tuple[str, str | None]:
    """The engine, and the model that it needs; pocketsphinx needs none."""
    if model is not None and model.startswith("~"):
        model = str(Path(model).expanduser())
    if engine == "pocketsphinx":
        return engine, None
    if engine == "sherpa":
        if model is None:
            raise AsrError(
                "sherpa-onnx needs a model: give the folder of a streaming transducer, with"
                " tokens.txt, encoder*.onnx, decoder*.onnx and joiner*.onnx, by --asr-model."
            )
        return engine, model
    if engine == "auto" and model is not None and is_sherpa(Path(model)):
        return "sherpa", model
    found = model or installed_model()
    if found is None and engine == "vosk":
        raise AsrError(
            "Vosk needs a model: give its folder or name, such as"
            " --asr-model vosk-model-small-en-us-0.15 (40 MB, downloaded), or leave asr.engine at"
            " auto."
        )
    return ("pocketsphinx", None) if found is None else ("vosk", str(found))
