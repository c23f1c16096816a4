"""The demo: a portrait speaks, smiles and wonders, while camera and microphone fail by script.

No hardware is needed. Only frames and sound are synthetic. Front ends, speech-to-text, networks and
gate are the same as with a camera and a microphone.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.clock import Clock, MonotonicClock
from edge.config import Config
from edge.demo.portrait import Portrait, openness
from edge.errors import ConfigError
from edge.faults import FAULTS
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import SAMPLE_RATE_HZ
from edge.sources.file import MediaFile
from edge.sources.script import ScriptedSource
from edge.types import NS_PER_S, Chunk, Float

WIDTH, HEIGHT, FPS = 640, 480, 25
ROOM_DBFS = -62.0
"""Noise of a quiet room under the speech. Without it, every pause would look like a muted mic."""
SENSOR_NOISE = 2.0
"""Standard deviation of the camera's noise in grey levels. Frames without noise count as frozen."""
SEVERITY = 1.0
REACTS_S = 0.5
"""From the beginning of a phase until the face begins to change."""
CHANGES_S = 1.0
BEGINS = {"smile": 0.13}
"""Of a face that has an expression later. In the photograph the corners of the mouth hang, and the
packaged encoder calls it sad; 2 pixels higher they are level, and it calls it neutral."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the script: `fault` of `edge.faults` on `stream` for `share` of the time, and the
    `expression` of `edge.demo.expression` that the face takes on; None: none."""

    name: str
    share: float
    stream: str | None = None
    fault: str | None = None
    expression: str | None = None


# She smiles at the good news that she tells, wonders at the noise, and is sad when nobody hears
# her.
SCRIPT = (
    Phase("all well", 0.25, expression="smile"),
    Phase("the camera goes dark", 0.15, "vision", "dark", "smile"),
    Phase("light returns", 0.15, expression="smile"),
    Phase("the microphone drowns in noise", 0.15, "audio", "noise", "surprise"),
    Phase("it falls silent", 0.15, "audio", "silence", "sad"),
    Phase("all well again", 0.15, expression="smile"),
)


class Script:
    """Frames and sound of the whole script, by time since its start."""

    def __init__(self, seconds: float, seed: int = 0, phases: tuple[Phase, ...] = SCRIPT) -> None:
        ends = np.cumsum([phase.share for phase in phases]) * seconds
        self._phases = phases
        self._ends_s = ends.tolist()
        self._rng = np.random.default_rng(seed)
        self._portrait = Portrait()
        # One tile of noise, cropped at a new place for each frame: new noise took 9 ms a frame.
        grain = self._rng.normal(0, SENSOR_NOISE, (2 * HEIGHT, 2 * WIDTH, 1)).astype(np.int8)
        self._grain = np.repeat(grain, 3, axis=2)
        speech = np.resize(_speech(), round((seconds + 1) * SAMPLE_RATE_HZ))
        # A still mouth beside a voice would be taken for another's: `not_this_face`.
        self._openness = openness(speech, SAMPLE_RATE_HZ, FPS)
        self._sound = self._track(speech)

    def phase(self, t_s: float) -> Phase:
        """The phase `t_s` seconds after the start."""
        number = int(np.searchsorted(self._ends_s, t_s, "right"))
        return self._phases[min(number, len(self._phases) - 1)]

    def expression(self, t_s: float) -> dict[str, float]:
        """The share of each expression `t_s` seconds after the start."""
        shares = {} if self._phases[0].expression is None else dict(BEGINS)
        for phase, start_s in zip(self._phases, [0.0, *self._ends_s], strict=False):
            turned = min(max((t_s - start_s - REACTS_S) / CHANGES_S, 0.0), 1.0)
            turned = turned * turned * (3 - 2 * turned)
            shares = {name: share * (1 - turned) for name, share in shares.items()}
            if phase.expression is not None:
                shares[phase.expression] = shares.get(phase.expression, 0.0) + turned
        return shares

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Frame number `index`, BGR, shape (480, 640, 3)."""
        t_s = index / FPS
        said = self._openness[index] if index < len(self._openness) else 0.0
        image = self._hand_held(self._portrait.speaking(float(said), self.expression(t_s)), t_s)
        phase = self.phase(t_s)
        if phase.stream == "vision" and phase.fault is not None:
            image = FAULTS["vision"][phase.fault](image, SEVERITY, self._rng)
        y, x = self._rng.integers(0, (HEIGHT, WIDTH))
        grain = self._grain[y : y + HEIGHT, x : x + WIDTH]
        return np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), np.uint8)

    def samples(self, first: int, count: int) -> Float:
        """`count` samples from number `first`; silence after the script's end."""
        part = self._sound[first : first + count]
        return np.pad(part, (0, count - len(part)))

    def _hand_held(self, portrait: NDArray[np.uint8], t_s: float) -> NDArray[np.uint8]:
        """The portrait as if held by hand: it sways by a few per cent, slowly like breathing."""
        height, width = portrait.shape[:2]
        angle = 2.5 * np.sin(0.9 * t_s) + 0.8 * np.sin(2.3 * t_s)
        scale = 0.85 * (1 + 0.03 * np.sin(0.7 * t_s))
        shift = 12 * np.sin(0.5 * t_s), 8 * np.sin(1.1 * t_s + 1)
        matrix = cv2.getRotationMatrix2D((width / 2, height * 0.42), angle, scale)
        matrix[:, 2] += (WIDTH / 2 - width / 2 + shift[0], HEIGHT / 2 - height * 0.42 + shift[1])
        return np.asarray(
            cv2.warpAffine(portrait, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )

    def _track(self, speech: Float) -> Float:
        room = self._rng.normal(0, 10 ** (ROOM_DBFS / 20), len(speech)).astype(np.float32)
        sound = speech + room
        start_s = 0.0
        for phase, end_s in zip(self._phases, self._ends_s, strict=True):
            span = slice(round(start_s * SAMPLE_RATE_HZ), round(end_s * SAMPLE_RATE_HZ))
            if phase.stream == "audio" and phase.fault is not None:
                sound[span] = FAULTS["audio"][phase.fault](sound[span], SEVERITY, self._rng)
            start_s = end_s
        return np.asarray(np.clip(sound, -1, 1), np.float32)


def demo_run(config: Config, seconds: float, clock: Clock | None = None) -> Run:
    """A live run of the script with the configured bundle.

    Raises:
        ConfigError: The configuration names other sources.
    """
    if config.source.file or config.source.camera is not None or config.source.mic is not None:
        raise ConfigError("The demo has its own sources: leave out source.file, camera and mic.")
    script = Script(seconds)
    sources: list[ScriptedSource] = []

    def feeds(clock: Clock) -> list[Feed]:
        # Live, like devices: a slow computer drops frames, as with a camera.
        source = ScriptedSource(
            script.frame, script.samples, FPS, seconds + 1, clock, pace="live", name="demo script"
        )
        sources.append(source)
        return [Feed(source, frozenset({"audio", "vision"}), lossless=False)]

    def phase_at(t_ns: int) -> dict[str, Any] | None:
        start_ns = sources[0].start_ns
        if start_ns is None:
            return None
        # A step that ends just as a phase begins has seen nothing of it.
        now = script.phase((t_ns - start_ns - 1) / NS_PER_S)
        return {"name": now.name, "stream": now.stream, "fault": now.fault}

    config = config.model_copy(update={"seconds": seconds})
    return Run(config, feeds, phase_at, clock)


def _speech() -> Float:
    """The packaged sentence, 16 kHz mono."""
    with resources.as_file(resources.files("edge") / "assets" / "demo_speech.opus") as path:
        source = MediaFile(str(path), MonotonicClock(), pace="fast")
        source.open()
        chunks = [packet.samples for packet in source.packets() if isinstance(packet, Chunk)]
    return np.concatenate(chunks)
