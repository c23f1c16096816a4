"""Decodes one stream of a media file: frames as BGR, sound as chunks, timed by their time stamps.

The file is opened twice, for sound and for video. So merging them by time needs no buffer, however
the file interleaves them (an AVI may store all its sound at the end).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from edge.errors import MediaError
from edge.sources.chunking import Chunker, ns_to_samples, samples_to_ns
from edge.sources.damage import Damage
from edge.sources.demuxing import demuxed
from edge.sources.limits import OPENING, bound_decoder, cause_of, is_oversized
from edge.sources.resample import MonoResampler
from edge.sources.stamps import MendedStamps, packet_ns
from edge.types import NS_PER_MS, NS_PER_S, Chunk, Frame

GAP_NS = 20 * NS_PER_MS
"""A larger jump of the time stamps means lost sound. A smaller one is rounding (WebM uses ms)."""

SOUND_STEP_NS = 20 * NS_PER_MS
"""The distance of two packets of sound that state no length."""


RATES_HZ = range(1000, 4_000_001)
"""No sound has another sample rate. (A damaged header that states 1 Hz makes hours of seconds.)"""


def open_container(path: Path, name: str) -> InputContainer:
    """Open a local file of any format. A playlist inside it may only refer to files."""
    if not path.exists():
        raise MediaError(f"{name} does not exist: give a media file.")
    if not path.is_file():
        raise MediaError(f"{name} is a directory or a device: give a media file.")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{name} is empty (0 bytes): give a media file.")
        # A title may be in any alphabet: what is not UTF-8 must not stop the sound.
        options = {"protocol_whitelist": "file", **OPENING}
        return av.open(str(path), metadata_errors="replace", options=options)
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(
            f"{name} cannot be read as sound or video ({reason}): it is not a media file, or it is "
            "damaged or truncated."
        ) from error


def picture_stream(container: InputContainer) -> VideoStream | None:
    """The first video stream. Cover art attached to a sound file does not count."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def pictures(
    container: InputContainer, stream: VideoStream, damage: Damage, stop: threading.Event
) -> Iterator[Frame]:
    """Yield frames in the order of their time stamps, upright, with the file's own times.

    Ends soon after `stop` is set, even when nothing can be decoded.
    """
    if stream.codec_context is None:  # FFmpeg has no decoder for it
        return
    stream.thread_type = "AUTO"
    bound_decoder(stream)
    # One for all frames: a new one costs 1.4 ms for 360x288, the conversion itself 0.04 ms.
    reformatter = VideoReformatter()
    step_ns = int(NS_PER_S / (stream.average_rate or 25))
    t_ns = -step_ns
    packets = _packets(container, stream, step_ns, damage)
    for index, piece in enumerate(_decoded(packets, damage, stop)):
        stamp_ns = packet_ns(piece)
        t_ns = t_ns + step_ns if stamp_ns is None else max(stamp_ns, t_ns)
        damage.end_ns = t_ns + step_ns
        converted = reformatter.reformat(piece, format="bgr24", threads=1)
        bgr = np.asarray(converted.to_ndarray(), np.uint8)
        if piece.rotation:  # a phone held upright stores its frames rotated
            bgr = np.ascontiguousarray(np.rot90(bgr, round(piece.rotation / 90)))
        yield Frame(t_ns, bgr, index)


def sound(
    container: InputContainer, stream: AudioStream, damage: Damage, stop: threading.Event
) -> Iterator[Chunk]:
    """Yield chunks at 16 kHz with the file's own times. A hole in the time stamps is marked.

    Ends soon after `stop` is set, even when nothing can be decoded.
    """
    if stream.codec_context is None:  # FFmpeg has no decoder for it
        return
    pieces = sound_pieces(container, stream, damage, stop)
    first = next(pieces, None)
    if first is None:
        return
    start_ns = due_ns = packet_ns(first) or 0
    resampler = MonoResampler()
    chunker = Chunker(lambda sample: start_ns + samples_to_ns(sample))
    for piece in chain([first], pieces):
        stamp_ns = packet_ns(piece)
        if stamp_ns is None:
            stamp_ns = due_ns
        if stamp_ns - due_ns > GAP_NS:
            yield from chunker.feed(resampler.flush())
            lost_ns = stamp_ns - start_ns - samples_to_ns(chunker.next_sample)
            yield from chunker.skip(max(1, ns_to_samples(lost_ns)), "missing")
        if abs(stamp_ns - due_ns) > GAP_NS:  # stamps that go back are joined without a gap
            due_ns = stamp_ns
        due_ns += piece.samples * NS_PER_S // piece.sample_rate
        yield from chunker.feed(resampler.feed(piece))
        damage.end_ns = start_ns + samples_to_ns(chunker.next_sample)
    yield from chunker.feed(resampler.flush())
    yield from chunker.flush()


def sound_pieces(
    container: InputContainer, stream: AudioStream, damage: Damage, stop: threading.Event
) -> Iterator[Any]:
    """The sound as the file has it, in FFmpeg's frames, with possible time stamps."""
    if stream.rate and stream.rate not in RATES_HZ:
        damage.unusable = f"its sample rate is damaged: it states {stream.rate} Hz"
        damage.counted_anew = True
        return iter(())
    return _decoded(_packets(container, stream, SOUND_STEP_NS, damage), damage, stop)


def _packets(container: InputContainer, stream: Any, step_ns: int, damage: Damage) -> Iterator[Any]:
    """Packets of one stream with possible time stamps, as far as the container can be read."""
    start_ns = (container.start_time or 0) * 1000  # of microseconds
    end_ns = start_ns + container.duration * 1000 if container.duration else None
    return MendedStamps(_demuxed(container, stream, damage), step_ns, end_ns, damage, start_ns)


def _demuxed(container: InputContainer, stream: Any, damage: Damage) -> Iterator[Any]:
    def late() -> None:
        damage.late = True

    # The samples of plain sound are listed one by one, and come many in a packet.
    plain = stream.codec_context.name.startswith("pcm_")
    damage.stated = 0 if plain else stream.frames
    try:
        yield from demuxed(container, stream, late)
    except av.FFmpegError:
        damage.torn = True


def _decoded(packets: Iterator[Any], damage: Damage, stop: threading.Event) -> Iterator[Any]:
    """Frames of one stream. What cannot be decoded is counted and skipped."""
    while not stop.is_set():
        packet = next(packets, None)
        if packet is None:
            return
        if is_oversized(packet):
            damage.oversized += 1
            continue
        try:
            pieces = packet.decode()
        except av.FFmpegError as error:
            if cause_of(error, packet) == "oversized":
                damage.oversized += 1
            else:
                damage.pieces += 1
            continue
        damage.decoded += len(pieces)
        yield from pieces
