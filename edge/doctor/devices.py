"""The camera and the microphone that a run would take, opened for two seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from edge.clock import MonotonicClock
from edge.config import Config
from edge.doctor.chosen import bundle_if_whole
from edge.doctor.finding import Finding
from edge.errors import EdgeError
from edge.runtime.feed import Feed
from edge.runtime.feeds import device_feeds, without_unused_devices
from edge.sources.devices import list_devices
from edge.types import Chunk, Frame, Packet

WATCHED_S = 2.0
DARK = 20
"""Mean luma of 255 below which a picture shows next to nothing."""
SLOW_SHARE = 0.6
QUIET_DBFS = -70.0
"""A room with a working microphone is louder; a muted one is silent."""


def check_camera(config: Config) -> Finding:
    """Pictures a second, their size and light."""
    feed = _feed(config, "vision")
    if feed is None:
        return Finding("camera", "note", "No camera is used, so there is no vision.")
    try:
        return _watched(config, feed)
    except EdgeError as error:
        return _missing("camera", config, error)


def _watched(config: Config, feed: Feed) -> Finding:
    frames: list[Frame] = []
    with _opened(feed) as packets:
        begun_s = time.monotonic()
        for packet in packets:
            if isinstance(packet, Frame):
                frames.append(packet)
            if time.monotonic() - begun_s > WATCHED_S:
                break
        rate_hz = (len(frames) - 1) / max(time.monotonic() - begun_s, 1e-9)
    if not frames:
        advice = "Close other programs that use it, and check its cable or its URL."
        said = f"{feed.source.name} opens but delivers no picture."
        return Finding("camera", "wrong", said, advice)
    height, width = frames[-1].bgr.shape[:2]
    light = float(frames[-1].bgr.mean())
    facts = {"width": width, "height": height, "rate_hz": round(rate_hz, 1), "luma": round(light)}
    told = f"{feed.source.name}: {width}x{height}, {rate_hz:.0f} pictures a second"
    if light < DARK:
        advice = "Take off its cover, or switch on a light."
        return Finding("camera", "note", f"{told}, and dark.", advice, facts)
    if rate_hz < SLOW_SHARE * min(config.camera.fps, 25):
        advice = "Give more light, or ask for smaller pictures: --set camera.width=640."
        return Finding("camera", "note", f"{told}, which is slow.", advice, facts)
    return Finding("camera", "ok", f"{told}.", facts=facts)


def check_microphone(config: Config) -> Finding:
    """Whether sound comes in, and how loud it is."""
    feed = _feed(config, "audio")
    if feed is None:
        said = "No microphone is used, so there is neither audio nor text."
        return Finding("microphone", "note", said)
    try:
        return _heard(feed)
    except EdgeError as error:
        return _missing("microphone", config, error)


def _heard(feed: Feed) -> Finding:
    heard: list[np.ndarray] = []
    with _opened(feed) as packets:
        begun_s = time.monotonic()
        for packet in packets:
            if isinstance(packet, Chunk):
                heard.append(packet.samples)
            if time.monotonic() - begun_s > WATCHED_S:
                break
    power = float(np.mean(np.concatenate(heard) ** 2)) if heard else 0.0
    level_dbfs = 10 * np.log10(max(power, 1e-12))
    facts = {"level_dbfs": round(level_dbfs, 1)}
    told = f"{feed.source.name}: {level_dbfs:.0f} dBFS"
    if level_dbfs < QUIET_DBFS:
        advice = "Unmute it, and raise its level in the system's sound settings."
        return Finding("microphone", "note", f"{told}, which is silent.", advice, facts)
    return Finding("microphone", "ok", f"{told}.", facts=facts)


def check_listed(config: Config) -> Finding:
    """What else is connected."""
    found = list_devices()
    facts = {"cameras": len(found.cameras), "microphones": len(found.microphones)}
    names = [f"camera {one.index} {one.name}" for one in found.cameras]
    names += [f"mic {one.index} {one.name}" for one in found.microphones]
    told = "; ".join(names) if names else "Nothing is connected."
    notes = " ".join(found.notes)
    return Finding("devices", "ok" if names else "note", told, notes, facts)


def _missing(subject: str, config: Config, error: EdgeError) -> Finding:
    """A device that cannot be opened; without it, a run begins where it may."""
    if not config.source.start_without:
        raise error
    said = f"{str(error).rstrip('.')}; a run begins without it (source.start_without)."
    return Finding(subject, "note", said, facts={"error": type(error).__name__})


def _feed(config: Config, stream: str) -> Feed | None:
    """The device that a run without a file would take for a stream.

    Raises:
        ConfigError: It is asked for, and the bundle has no network for its stream.
    """
    # The other device has a check of its own.
    other = "mic" if stream == "vision" else "camera"
    source = config.source.model_copy(update={other: "none"})
    config = config.model_copy(update={"source": source})
    bundle = bundle_if_whole(config)
    if bundle is not None:
        config = without_unused_devices(config, bundle)
    alone = config.source.file is None
    camera, mic = (0, "default") if alone else (None, None)
    for feed in device_feeds(config, MonotonicClock(), camera, mic):
        if stream in feed.streams:
            return feed
    return None


@contextmanager
def _opened(feed: Feed) -> Iterator[Iterator[Packet]]:
    with closing(feed.source):
        feed.source.open()
        yield feed.source.packets()
