"""A camera that is lost again and again leaves no memory behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from fixtures.mjpeg import MjpegCamera, mjpeg_server
from numpy.typing import NDArray

__all__ = ["mjpeg_server"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

READ = """
import sys
from pathlib import Path
from edge.clock import MonotonicClock
from edge.runtime.feed import Feed
from edge.sources.camera import Camera

clock = MonotonicClock()
def camera():
    return Camera(sys.argv[1], clock)

back = []
feed = Feed(camera(), frozenset({"vision"}), lossless=False, renew=camera)
feed.source.open()
marks = [int(mark) for mark in sys.argv[2:]]
packets = feed.packets_with_retry(clock, lambda reason: None, lambda: back.append(1))
for _ in packets:
    if len(back) >= marks[0]:
        status = Path("/proc/self/status").read_text()
        print(status.split("VmRSS:")[1].split()[0], flush=True)
        del marks[0]
        if not marks:
            break
feed.close()
"""
NOISE = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), np.uint8)


def noise(now_ns: int) -> NDArray[np.uint8]:
    return NOISE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_sixty_reconnects_of_a_1080p_camera_take_no_memory(
    mjpeg_server: Callable[..., MjpegCamera],
) -> None:
    camera = mjpeg_server(noise, fps=30, frames=4)
    command = [sys.executable, "-c", READ, camera.url, "15", "60"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    early_mib, late_mib = (int(line) / 1024 for line in done.stdout.split())
    print(f"resident after 15 reconnects {early_mib:.0f} MiB, after 60 {late_mib:.0f} MiB")
    # Without it: 9 MiB each, 400 in all.
    assert late_mib - early_mib < 60
