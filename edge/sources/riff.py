"""Detects a truncated RIFF file (.avi, .wav), which FFmpeg does not report."""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 12
_UNKNOWN = {0, 0xFFFFFFFF}
"""Sizes in a file that was written to a pipe, or is still being written."""


def cut_before_its_end(path: Path) -> bool:
    """True if a RIFF chunk says that it ends after the file does. AVI files over 1 GiB consist of
    several such chunks in sequence."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            at = 0
            while at + _HEAD_BYTES <= size:
                file.seek(at)
                head = file.read(_HEAD_BYTES)
                if head[:4] != b"RIFF":
                    return False  # another format, or data after the last chunk
                length = int.from_bytes(head[4:8], "little")
                if length in _UNKNOWN:
                    return False
                at += 8 + length + length % 2
    except OSError:  # removed since it was opened
        return False
    # The byte that pads an odd length is often missing.
    return at > size + 1
