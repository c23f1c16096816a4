"""The kinds of input, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from fuzzing.documents import Bundles, Configurations, Recordings
from fuzzing.media import CODECS, Media, Mjpeg
from fuzzing.rtsp import Rtsp


class Kind(Protocol):
    """Writes damaged inputs and opens them as a command does."""

    def write(self, rng: np.random.Generator) -> Path:
        """A damaged input. The same generator gives the same bytes."""
        ...

    def open(self, path: Path, rng: np.random.Generator) -> None:
        """Raises: EdgeError, for what is refused; anything else is a find."""
        ...


KINDS: dict[str, Callable[[Path], Kind]] = {
    **{ending: partial(Media, ending) for ending in CODECS},
    "mjpeg": Mjpeg,
    "rtsp": Rtsp,
    "recording": Recordings,
    "bundle": Bundles,
    "configuration": Configurations,
}
