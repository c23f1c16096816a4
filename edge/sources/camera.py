"""A camera as a source, by index, device path or URL. Only the newest frame is kept."""

from __future__ import annotations

import threading
import traceback
from collections import Counter
from collections.abc import Iterator

from edge.channel import LatestSlot
from edge.clock import Clock
from edge.errors import DeviceError, EdgeError, SourceError
from edge.sources.base import SourceReport
from edge.sources.camera_device import device_frames
from edge.sources.camera_url import is_url, url_frames, without_password
from edge.types import NS_PER_S, Frame


class Camera:
    """Live frames, stamped on a separate thread that only grabs.

    That thread drains the driver's queue at any speed of the consumer. If a driver or a network
    hangs, only that thread hangs: `open`, `packets` and `close` stay bounded, and the thread ends
    when its call returns. The report counts lost frames: "replaced" by a newer one before they were
    taken, "backlog", "damaged", "oversized".

    Args:
        device: Index, path under /dev, or URL.
        clock: The clock of the capture times.
        width, height, fps: Requested from a local camera; a network camera has its own.
        open_timeout_s: Limit for the first frame, and later for each next one.
    """

    def __init__(
        self,
        device: int | str,
        clock: Clock,
        width: int = 640,
        height: int = 480,
        fps: float = 30,
        open_timeout_s: float = 5.0,
    ) -> None:
        self.name = f"camera {without_password(str(device))}"
        self.streams = frozenset({"vision"})
        self._device, self._clock, self._timeout_s = device, clock, open_timeout_s
        self._size, self._fps = (width, height), fps
        self._slot: LatestSlot[Frame] = LatestSlot(clock)
        self._lost: Counter[str] = Counter()
        self._stop, self._answered = threading.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def report(self) -> SourceReport:
        """Frames lost so far, by cause. Any thread."""
        lost = self._slot.drops + Counter(dict(self._lost))  # the grabbing thread changes it
        return SourceReport(drops={f"frames: {cause}": n for cause, n in lost.items()})

    def open(self) -> None:
        """Connect and wait for the first frame."""
        self._thread = threading.Thread(target=self._grab, name=self.name, daemon=True)
        self._thread.start()
        answered = self._answered.wait(self._timeout_s)
        if self._error is not None:
            raise self._error
        if self._stop.is_set():
            raise DeviceError(f"{self._title} was closed before it had opened: open it again.")
        if not answered:
            self.close()
            unusable = self._lost["damaged"] + self._lost["oversized"]
            if unusable:
                raise DeviceError(
                    f"{self._title} sent {unusable} pictures within {self._timeout_s:g} s, and none"
                    " that can be decoded: choose MJPEG or H.264, of at most 64 million pixels, in"
                    " its settings."
                )
            raise DeviceError(
                f"{self._title} sent no frame within {self._timeout_s:g} s: check that it is on, "
                "and the URL if it has one."
            )

    def packets(self) -> Iterator[Frame]:
        """Yield frames, always the newest. Raises `DeviceError` when the camera is lost."""
        if self._thread is None and not self._stop.is_set():
            raise SourceError(f"{self._title} is not open: call open() before packets().")
        seen_ns = self._clock.now_ns()
        while not self._stop.is_set():
            frame = self._slot.get(timeout_s=0.25)
            if frame is not None:
                seen_ns = self._clock.now_ns()
                yield frame
            elif (
                self._clock.now_ns() - seen_ns > self._timeout_s * NS_PER_S
                and not self._stop.is_set()
            ):
                raise DeviceError(
                    f"{self._title} has sent no frame for {self._timeout_s:g} s: check that it "
                    "is still on and connected."
                )

    def close(self) -> None:
        self._stop.set()
        self._answered.set()
        self._slot.close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(0.3)

    @property
    def _title(self) -> str:
        return self.name[0].upper() + self.name[1:]

    def _grab(self) -> None:
        """Grabbing thread. Any exception is passed to `open` or `packets`."""
        try:
            for frame in self._frames():
                self._slot.put(frame)
                self._answered.set()
        except BaseException as error:
            if isinstance(error, EdgeError):
                # Without the frames of its traceback: with them it would keep the connection and
                # its pictures, 9 MiB of a 1080p camera, until the next collection of cycles.
                traceback.clear_frames(error.__traceback__)
                error.__cause__ = error.__context__ = None
                error = error.with_traceback(None)
            if not self._answered.is_set():
                self._error = error
            self._slot.close(error)
        finally:
            self._answered.set()

    def _frames(self) -> Iterator[Frame]:
        if is_url(self._device):
            url, timeout_s = str(self._device), self._timeout_s
            return url_frames(url, self._clock, timeout_s, self._stop, self._lost)
        return device_frames(self._device, self._size, self._fps, self._clock, self._stop)
