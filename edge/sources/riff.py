"""Whether a RIFF file (.avi, .wav) was cut off, which FFmpeg does not tell."""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 12
_UNKNOWN = {0, 0xFFFFFFFF}
"""Sizes of a file that was written to a pipe, or is still being written."""


def cut_before_its_end(path: Path) -> bool:
    """True where a RIFF chunk says that it ends after the file does. AVI files over 1 GiB are
    several such chunks, one after the other."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            at = 0
            while at + _HEAD_BYTES <= size:
                file.seek(at)
                head = file.read(_HEAD_BYTES)
                if head[:4] != b"RIFF":
                    return False  # another format, or something behind the last chunk
                length = int.from_bytes(head[4:8], "little")
                if length in _UNKNOWN:
                    return False
                at += 8 + length + length % 2
    except OSError:  # gone since it was opened
        return False
    # The byte that pads an odd length is often left out.
    return at > size + 1
