"""Which files several `--file` and folders name, and a name for each that no other has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ConfigError, MediaError

FILM = "3gp asf avi flv m2ts m4v mjpeg mkv mov mp4 mpeg mpg mts mxf ogv ts vob webm wmv"
SOUND = "aac ac3 aif aiff amr au caf flac m4a mka mp2 mp3 oga ogg opus wav weba wma"
SUFFIXES = frozenset(f".{ending}" for ending in (*FILM.split(), *SOUND.split()))
"""Of a folder, only files with these endings are taken; FFmpeg reads them. A file that is named is
always taken."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One file. `shown` is its path from the folder that all files have in common, with slashes."""

    path: Path
    shown: str


def are_several(named: Sequence[str]) -> bool:
    """Whether these `--file` are more than the one file of a usual run."""
    return len(named) > 1 or any(os.path.isdir(one) for one in named)


def find_clips(named: Sequence[str]) -> list[Clip]:
    """The files in the order in which they are named, those of a folder sorted; each once.

    Hidden files, and those in hidden folders, are left out.

    Raises:
        ConfigError: A name is empty, or the files are on several drives.
        MediaError: A folder holds no media file.
    """
    if not all(named):
        raise ConfigError("--file is empty: give a media file or a folder.")
    tops, paths = [], []
    for one in map(Path, named):
        if os.path.isdir(one):  # a Path's method raises for a folder that is closed
            tops.append(one)
            paths += _files_in(one)
        else:
            tops.append(one.parent)
            paths.append(one)
    try:
        common = os.path.commonpath([_plain(top) for top in tops])
    except ValueError:
        raise ConfigError("--file names files on several drives: run each drive alone.") from None
    clips: dict[str, Clip] = {}
    for path in paths:
        shown = Path(os.path.relpath(_plain(path), common)).as_posix()
        clips.setdefault(shown, Clip(path, shown))
    return list(clips.values())


def _plain(path: Path) -> str:
    """Absolute and without "..", but a link keeps its own name."""
    return os.path.normpath(path.absolute())


def _files_in(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.suffix.lower() in SUFFIXES and os.path.isfile(path):
            found.append(path)
    if not found:
        raise MediaError(
            f"{folder} holds no file with the ending of a media file, such as .mp4 or .wav:"
            " give another folder, or name the files."
        )
    return found
