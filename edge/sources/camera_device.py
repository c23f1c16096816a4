"""Frames from a local camera, through OpenCV."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge.clock import Clock
from edge.errors import DOCTOR, DeviceError
from edge.types import NS_PER_MS, NS_PER_S, Frame

VIDEO_MAJOR = 81
"""The major device number of video devices on Linux."""


def device_frames(
    device: int | str,
    size: tuple[int, int],
    fps: float,
    clock: Clock,
    stop: threading.Event,
) -> Iterator[Frame]:
    """Yield frames with the driver's time stamp if it has one (V4L2: start of the readout).

    Otherwise frames are stamped after the grab, which is later by readout and USB transfer: 15-40
    ms at 30 Hz. The camera may deliver another size or rate than requested.

    Raises:
        DeviceError: The camera does not exist, is not permitted, is in use, or was lost.
    """
    import cv2

    _check(device)
    backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:  # OpenCV would log the error that is raised below
        capture = cv2.VideoCapture(device, backend)
    finally:
        cv2.utils.logging.setLogLevel(level)
    try:
        if not capture.isOpened():
            why = "another program may be using it" if _may_be_video(device) else "not a camera"
            raise DeviceError(f"Camera {device} cannot be opened: {why}; {DOCTOR}.")
        for key, value in (
            (cv2.CAP_PROP_FRAME_WIDTH, size[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, size[1]),
            (cv2.CAP_PROP_FPS, fps),
            (cv2.CAP_PROP_BUFFERSIZE, 1),
        ):
            capture.set(key, value)
        index = 0
        while not stop.is_set():
            if not capture.grab():
                raise DeviceError(f"Camera {device} was lost: check its cable; {DOCTOR}.")
            now_ns = clock.now_ns()
            stamp_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            good, bgr = capture.retrieve()
            if good and bgr is not None:
                age_ns = driver_age_ns(stamp_ms, time.monotonic_ns() if stamp_ms > 0 else 0)
                yield Frame(now_ns - age_ns, np.asarray(bgr, np.uint8), index)
            index += 1
    finally:
        capture.release()


def driver_age_ns(stamp_ms: float, now_ns: int) -> int:
    """Age of a frame by its V4L2 time stamp, which counts on the system's monotonic clock.

    0 when the stamp is not plausible: missing, in the future, or older than a second (another
    clock, or the position in a file).
    """
    age_ns = now_ns - round(stamp_ms * NS_PER_MS)
    return age_ns if stamp_ms > 0 and 0 <= age_ns < NS_PER_S else 0


def _may_be_video(device: int | str) -> bool:
    """False for a node that does not belong to a video driver, such as /dev/null."""
    if not sys.platform.startswith("linux") or isinstance(device, int):
        return True
    try:
        return os.major(Path(device).stat().st_rdev) == VIDEO_MAJOR
    except OSError:
        return True


def _check(device: int | str) -> None:
    """Raise what OpenCV would only log: no such device, or no permission."""
    if isinstance(device, str) and not device.startswith("/dev/"):
        raise DeviceError(
            f"{device!r} is not a camera: give an index, a path under /dev or a URL; give a media "
            "file with --file."
        )
    if not sys.platform.startswith("linux"):
        return
    path = Path(f"/dev/video{device}") if isinstance(device, int) else Path(device)
    if not path.exists():
        raise DeviceError(
            f"Camera {device} does not exist ({path} was not found): connect a camera ({DOCTOR}),"
            " or run with `--camera none`."
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise DeviceError(
            f"No permission for camera {device}: run `sudo usermod -aG video $USER`, log in again."
        )
