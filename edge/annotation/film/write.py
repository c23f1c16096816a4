"""Writes the film again: decoded once more, drawn on, encoded as H.264 and AAC."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from edge.annotation.film.drawing import Picture
from edge.annotation.film.panel import MIN_WIDTH_PX, Panel, mark_face
from edge.annotation.film.people_panel import PeoplePanel, mark_people
from edge.annotation.film.sound import RATE_HZ, layout_of, sound_on_time
from edge.annotation.verdicts import Moment, Verdicts
from edge.errors import MediaError, SinkError
from edge.sources.damage import Damage
from edge.sources.decode import open_container, picture_stream, pictures, sound
from edge.types import NS_PER_MS, NS_PER_S, Frame

CLOCK_HZ = 90_000
SOUND_BIT_RATE = 192_000
ENCODERS = (("libx264", {"crf": "20", "preset": "veryfast"}), ("mpeg4", {"qscale": "3"}))
"""The first that this build of FFmpeg has."""


def write_film(
    film: Path,
    verdicts: Verdicts,
    streams: frozenset[str],
    out: Path,
    seconds: float | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Write the pictures with the verdict of their time, and the sound; gives the pictures' number.

    A picture gets the verdict of the part of a window that it lies in. The face's box is that of
    the newest picture of that window, so it is up to a step ahead.

    Args:
        film: The file that the run read.
        verdicts: Of that run.
        streams: Which of its streams the run took: time 0 is where the first of them begins.
        out: An .mp4 file that does not exist.
        seconds: The length; None for the whole film.
        stop: Ends the writing early.

    Raises:
        MediaError: The film has no pictures, or cannot be read any more.
        SinkError: The encoder refuses them.
    """
    stop = stop or threading.Event()
    with ExitStack() as files:
        opened = files.enter_context(open_container(film, str(film)))
        stream = picture_stream(opened)
        frames = iter(()) if stream is None else pictures(opened, stream, Damage(), stop)
        first = next(frames, None)
        if stream is None or first is None:
            raise MediaError(f"{film} has no pictures: leave out --save.")
        origin_ns = _origin_ns(film, first, streams)
        end_ns = None if seconds is None else round(seconds * NS_PER_S)
        try:
            target = files.enter_context(av.open(str(out), "w", format="mp4"))
            canvas = _Canvas(first.bgr, verdicts)
            video = _video_stream(target, stream, first.bgr, canvas.size_px)
            listened = files.enter_context(open_container(film, str(film)))
            heard: Iterator[Any] = iter(())
            audio: Any = None
            if listened.streams.audio and listened.streams.audio[0].codec_context is not None:
                audio = target.add_stream("aac", rate=RATE_HZ, layout=layout_of(listened))
                audio.bit_rate = SOUND_BIT_RATE
                heard = sound_on_time(listened, stop, origin_ns, end_ns)
            parts = _timed(chain([first], frames), origin_ns, end_ns), _sound_timed(heard)
            return _mux(target, video, audio, canvas, parts, stop)
        except av.FFmpegError as error:
            raise SinkError(f"--save: the film cannot be encoded ({error.strerror}).") from error


def _origin_ns(film: Path, first: Frame, streams: frozenset[str]) -> int:
    begins = [first.t_ns] if "vision" in streams else []
    if "audio" in streams:
        with open_container(film, str(film)) as container:
            if container.streams.audio:
                part = sound(container, container.streams.audio[0], Damage(), threading.Event())
                begins += [chunk.t_ns for chunk in [next(part, None)] if chunk is not None]
    return min(begins, default=first.t_ns)


def _mux(
    target: Any, video: Any, audio: Any, canvas: _Canvas, parts: Any, stop: threading.Event
) -> int:
    """Encode pictures and sound in the order of their times."""
    written, last = 0, -1
    for time_ns, is_sound, piece in heapq.merge(*parts, key=lambda part: part[:2]):
        if stop.is_set():
            break
        stamp = time_ns * CLOCK_HZ // NS_PER_S
        if is_sound:
            target.mux(audio.encode(piece))
        elif stamp > last:  # not the second of two pictures at one time
            picture = av.VideoFrame.from_ndarray(canvas.draw(piece.bgr, time_ns), format="bgr24")
            picture.pts, picture.time_base = stamp, Fraction(1, CLOCK_HZ)
            target.mux(video.encode(picture))
            written, last = written + 1, stamp
    for stream in filter(None, (video, audio)):
        target.mux(stream.encode(None))
    return written


def _timed(
    frames: Iterable[Frame], origin_ns: int, end_ns: int | None
) -> Iterator[tuple[int, bool, Frame]]:
    for frame in frames:
        time_ns = frame.t_ns - origin_ns
        if end_ns is not None and time_ns >= end_ns:
            return
        if time_ns >= 0:
            yield time_ns, False, frame


def _sound_timed(heard: Iterator[Any]) -> Iterator[tuple[int, bool, Any]]:
    for piece in heard:
        yield piece.pts * NS_PER_S // RATE_HZ, True, piece


def _video_stream(target: Any, source: VideoStream, bgr: Picture, size_px: tuple[int, int]) -> Any:
    for name, options in ENCODERS:
        try:
            stream = target.add_stream(name, rate=source.average_rate or 25, options=options)
        except av.codec.codec.UnknownCodecError:
            continue
        stream.width, stream.height = size_px
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, CLOCK_HZ)
        if source.sample_aspect_ratio and bgr.shape[:2] == (source.height, source.width):  # upright
            stream.codec_context.sample_aspect_ratio = source.sample_aspect_ratio
        return stream
    raise SinkError("--save: this build of FFmpeg has no encoder for .mp4; leave out --save.")


class _Canvas:
    """Each picture, its face box, and the panel below; the size of the first picture for all."""

    def __init__(self, bgr: Picture, verdicts: Verdicts) -> None:
        height, width = bgr.shape[:2]
        self._scale = max(1, -(-MIN_WIDTH_PX // width))
        # H.264 with 4:2:0 has even sides.
        self._width, self._height = (side * self._scale // 2 * 2 or 2 for side in (width, height))
        self._labels = verdicts.labels
        self._several = len(verdicts.people) > 1
        panel = PeoplePanel if self._several else Panel
        self._panel: Panel | PeoplePanel = panel(self._width, verdicts)
        self._moments = iter(verdicts)
        self._moment = self._before = next(self._moments, None)
        self.size_px = self._width, self._height + self._panel.height_px

    def draw(self, bgr: Picture, time_ns: int) -> Picture:
        """The picture at this time; times do not go back."""
        time_ms = time_ns / NS_PER_MS
        moment = self._at(time_ms)
        if moment is not None:
            bgr = bgr.copy()
            if self._several:
                mark_people(bgr, moment.everyone, self._labels)
            else:
                mark_face(bgr, moment.line)
        if bgr.shape[:2] != (self._height, self._width):
            bgr = np.asarray(cv2.resize(bgr, (self._width, self._height)), np.uint8)
        return np.concatenate([bgr, self._panel.draw(moment, time_ms)])

    def _at(self, time_ms: float) -> Moment | None:
        while self._moment is not None and time_ms >= self._moment.end_ms:
            self._before, self._moment = self._moment, next(self._moments, None)
        if self._moment is None:
            # The last step of a film may be shorter than half a step, and has no verdict then.
            last = self._before
            near = last is not None and time_ms - last.end_ms <= last.end_ms - last.begin_ms
            return last if near else None
        return self._moment if time_ms >= self._moment.begin_ms else None
