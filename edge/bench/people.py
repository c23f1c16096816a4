"""What a frame costs with one to four faces: `python -m edge.bench.people`.

In time of the processor, so that other programs do not count.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.frontends.face import EVERYTHING
from edge.recognition.people import Followed, recognizer_of
from edge.types import NS_PER_MS, NS_PER_S, Frame

FPS = 25
FRAMES = 200
FACES = (1, 2, 3, 4)


def room(faces: int) -> NDArray[np.uint8]:
    """640x480 with the packaged portrait so many times, each at the same size."""
    with resources.as_file(resources.files("edge") / "assets" / "grace_hopper.jpg") as path:
        portrait = np.asarray(cv2.imread(str(path)), np.uint8)
    small = cv2.resize(portrait, (200, 234), interpolation=cv2.INTER_AREA)
    picture = np.full((480, 640, 3), 90, np.uint8)
    for place in range(faces):
        x, y = 60 + 320 * (place % 2), 4 + 238 * (place // 2)
        picture[y : y + 234, x : x + 200] = small
    return picture


def frames_ms() -> dict[tuple[str, int], float]:
    """The time of a frame, front end and encoder, by whom the run follows and the faces: the lower
    quartile, in milliseconds of the processor. All are measured in turn, so that a busy moment is
    one for all."""
    bundle = Bundle.load(default_bundle())
    networks, window = Networks(bundle), bundle.manifest.window
    followed: list[tuple[Followed, int]] = [("nearest", 1), *(("all", faces) for faces in FACES)]
    noise = np.random.default_rng(1).integers(0, 4, (8, 480, 640, 3), dtype=np.uint8)
    took_ms: dict[tuple[str, int], list[float]] = {(str(who), n): [] for who, n in followed}
    with ExitStack() as opened:
        opened.callback(networks.close)
        recognizers = []
        for who, faces in followed:
            one = recognizer_of(who, bundle, networks, HandClock(), window, None, True, EVERYTHING)
            opened.callback(one.close)
            recognizers.append((str(who), faces, one, room(faces)))
        for index in range(FRAMES):
            for name, faces, one, picture in recognizers:
                frame = Frame(index * NS_PER_S // FPS, picture + noise[index % 8], index)
                begun_ns = time.process_time_ns()
                one.accept_frame(frame)
                took_ms[name, faces].append((time.process_time_ns() - begun_ns) / NS_PER_MS)
    return {key: float(np.quantile(ms, 0.25)) for key, ms in took_ms.items()}


def main() -> None:
    """Print a line for each number of faces."""
    measured = frames_ms()
    one_ms = measured["nearest", 1]
    for (name, faces), ms in measured.items():
        print(f"{name}, faces {faces}: {ms:.2f} ms a frame, {ms / one_ms:.2f} times")


if __name__ == "__main__":
    main()
