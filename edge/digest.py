"""SHA-256 of a file, by which bundles and plans name their contents."""

from __future__ import annotations

import hashlib
from pathlib import Path

BLOCK_BYTES = 2**20


def sha256_of(path: Path) -> str:
    """Of the file's bytes, in hexadecimal digits; reads them in blocks.

    Raises:
        OSError: It is missing or cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
