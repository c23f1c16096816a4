"""Opens an .npz of a bundle: no pickle, and a size that is known before they are read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

MAX_UNPACKED_BYTES = 256 * 2**20
"""Of all arrays together. The packaged golden outputs have 0.2 MiB. Compressed zeros grow a
thousand times: without a limit a file of 6 MB took 6 GB and half a minute."""


def open_arrays(path: Path) -> Any:
    """The file as `numpy.load` gives it: a context manager and a mapping, each array read when it
    is asked for.

    Raises:
        ValueError: The arrays take more than 256 MiB.
        Exception: One of a dozen kinds of NumPy and zipfile, if it is no such file.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(one.file_size for one in archive.infolist())
    if size > MAX_UNPACKED_BYTES:
        raise ValueError(f"its arrays are larger than {MAX_UNPACKED_BYTES >> 20} MiB")
    return np.load(path, allow_pickle=False)
