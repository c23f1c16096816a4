"""The standard load as messages for a running `cdat-edge serve`."""

from __future__ import annotations

import cv2
import numpy as np

from edge.bench.load import pictures_of
from edge.demo.script import FPS, Phase, Script
from edge.sources.base import SAMPLE_RATE_HZ
from edge.types import NS_PER_S
from edge.web.pieces import HEADER, PICTURE, SOUND

JPEG_QUALITY = 85
FRAME_NS = NS_PER_S // FPS
SOUND_SAMPLES = SAMPLE_RATE_HZ // FPS
VOICE_S = 12.0
"""Of the voice, which is said again and again."""


class Pieces:
    """The standard load, encoded once for all sessions."""

    def __init__(self) -> None:
        script = Script(VOICE_S, phases=(Phase("all well", 1.0),))
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        loop = pictures_of(script)
        self._pictures = [cv2.imencode(".jpg", one, quality)[1].tobytes() for one in loop]
        voice = script.samples(0, round(VOICE_S * SAMPLE_RATE_HZ))
        samples = np.clip(voice * 32768, -32768, 32767).astype("<i2")
        self._sound = samples.reshape(-1, SOUND_SAMPLES)

    def at(self, number: int, t_ns: int) -> tuple[bytes, bytes]:
        """Picture `number`, taken at `t_ns`, and the sound that ends then."""
        picture = self._pictures[number % len(self._pictures)]
        sound = self._sound[number % len(self._sound)].tobytes()
        return (
            HEADER.pack(PICTURE, t_ns) + picture,
            HEADER.pack(SOUND, t_ns - FRAME_NS) + sound,
        )
