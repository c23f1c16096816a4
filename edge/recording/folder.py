"""The folder of a recording: made new or empty, and its session written into it."""

from __future__ import annotations

import os
from pathlib import Path

from edge.errors import SinkError
from edge.recording.session import SESSION_NAME, RecordingHeader


def make_empty(folder: Path) -> bool:
    """Create the folder. True if it is new, False if it existed and is empty.

    Raises:
        SinkError: The folder cannot be written, or is not empty.
    """
    try:
        made = not folder.exists()
        folder.mkdir(mode=0o700, exist_ok=True)
        if any(folder.iterdir()):
            raise SinkError(
                f"--record {folder} is not empty: name a new folder, nothing is overwritten."
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        return made
    except OSError as error:
        raise SinkError(
            f"--record {folder} cannot be written: {error.strerror}; name a new folder inside one"
            " that exists and is writable."
        ) from None


def write_session(folder: Path, session: RecordingHeader) -> None:
    """Write what a replay must know. Raises `OSError`; it replaces no file."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(folder / SESSION_NAME, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(session.model_dump_json(indent=2) + "\n")
