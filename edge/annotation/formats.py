"""The formats by name, and how a file of each comes to its place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from edge.annotation.audacity import write_labels
from edge.annotation.boris import write_boris
from edge.annotation.elan import write_elan
from edge.annotation.subtitles import write_subtitles
from edge.annotation.table import write_table
from edge.annotation.verdicts import Verdicts
from edge.errors import SinkError


class Format(NamedTuple):
    """One format.

    Attributes:
        suffix: Of its files.
        write: Takes the verdicts, whether withheld answers are written, and a path that does not
            exist; gives what was written, for people.
    """

    suffix: str
    write: Callable[[Verdicts, bool, Path], str]
    binary: bool = False


FORMATS = {
    "csv": Format(".csv", write_table),
    "vtt": Format(".vtt", write_subtitles),
    "audacity": Format(".txt", write_labels),
    "elan": Format(".eaf", write_elan),
    "boris": Format(".xlsx", write_boris, binary=True),
}


def check_place(out: Path, source: Path, overwrite: bool, option: str = "--out") -> None:
    """Whether `out` may be written, before the work.

    Raises:
        SinkError: Its folder does not exist, it is a folder, it exists, or it is the source.
    """
    if not out.parent.is_dir():
        raise SinkError(f"{out} cannot be written: the folder {out.parent} does not exist.")
    if out.is_dir():
        raise SinkError(f"{out} is a folder: give the name of a file in it.")
    if not out.exists():
        return
    if source.exists() and out.samefile(source):
        raise SinkError(f"{out} is the input itself: give another name with {option}.")
    if not overwrite:
        extra = ", or add --overwrite" if option == "--out" else ", or remove it"
        raise SinkError(f"{out} exists: give another name with {option}{extra}.")


def write_whole(form: Format, verdicts: Verdicts, with_unsure: bool, out: Path | None) -> str:
    """Write all of it under its final name, or nothing. None: standard output.

    Raises:
        SinkError: It cannot be written.
    """
    try:
        # Beside the file, so that the last step is a rename on one disk.
        with TemporaryDirectory(prefix=".cdat-", dir=None if out is None else out.parent) as folder:
            part = Path(folder) / "part"
            told = form.write(verdicts, with_unsure, part)
            if out is not None:
                part.replace(out)
                return told
            with part.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
            return told
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "standard output" if out is None else str(out)
        raise SinkError(
            f"{name} cannot be written: {error.strerror or os.strerror(error.errno or 0)}."
        ) from None
