"""Builds the sources from a configuration: which devices and files feed which streams."""

from __future__ import annotations

import os
from functools import partial

from edge.bundle import Bundle
from edge.clock import Clock
from edge.config import Config, SourceConfig
from edge.errors import ConfigError
from edge.runtime.feed import Feed
from edge.sources.camera import Camera
from edge.sources.file import MediaFile
from edge.sources.microphone import Microphone


def make_feeds(config: Config, clock: Clock) -> list[Feed]:
    """The sources that `config.source` names, not yet opened.

    Raises:
        ConfigError: No source is named, or the output would overwrite the input.
    """
    source = config.source
    alone = source.file is None
    feeds = device_feeds(config, clock, 0 if alone else None, "default" if alone else None)
    if source.file is not None:
        _keep_apart(source.file, "--jsonl", config.output.jsonl)
        _keep_apart(source.file, "--log", config.output.log)
        feeds.append(_file_feed(source, clock, alone=not feeds))
    if not feeds:
        raise ConfigError("No source is given: set --file, --camera or --mic.")
    return feeds


def device_feeds(
    config: Config, clock: Clock, default_camera: int | None, default_mic: str | None
) -> list[Feed]:
    """The camera and the microphone that `config.source` names, not yet opened.

    Args:
        default_camera: Where no camera is named; None for none.
        default_mic: Where no microphone is named; None for none.
    """
    source = config.source
    camera = _device(source.camera, default_camera)
    mic = _device(source.mic, default_mic)
    feeds = []
    if camera is not None:
        size = config.camera
        new_camera = partial(
            Camera, camera, clock, size.width, size.height, size.fps, source.open_timeout_s
        )
        feeds.append(Feed(new_camera(), frozenset({"vision"}), lossless=False, renew=new_camera))
    if mic is not None:
        new_mic = partial(
            Microphone, None if mic == "default" else mic, clock, source.open_timeout_s
        )
        renew = partial(new_mic, rescan=True)
        feeds.append(Feed(new_mic(), frozenset({"audio"}), lossless=False, renew=renew))
    return feeds


def without_unused_devices(config: Config, bundle: Bundle) -> Config:
    """Disable the camera or the microphone when the bundle has no network for its stream.

    Raises:
        ConfigError: The configuration names such a device.
    """
    source, unused = config.source, {}
    for key, stream in (("camera", "vision"), ("mic", "audio")):
        if stream in streams_from_sources(bundle):
            continue
        if _device(getattr(source, key), None) is not None:
            raise ConfigError(
                f"{bundle.folder} has no network for {stream}, only for"
                f" {' and '.join(bundle.manifest.names)}: leave out --{key}."
            )
        unused[key] = "none"
    return config.model_copy(update={"source": source.model_copy(update=unused)})


def keep_used(feeds: list[Feed], bundle: Bundle) -> None:
    """Remove from each feed the streams that the bundle does not use.

    Raises:
        ConfigError: The bundle uses nothing of a feed.
    """
    for feed in feeds:
        used = feed.streams & streams_from_sources(bundle)
        if not used:
            raise ConfigError(
                f"{bundle.folder} has no network for {' or '.join(sorted(feed.streams))}, only for"
                f" {' and '.join(bundle.manifest.names)}: leave out {feed.source.name}, or give"
                " another bundle."
            )
        feed.streams = used


def streams_from_sources(bundle: Bundle) -> frozenset[str]:
    """The streams that a source must provide. Text is made from sound."""
    streams = set(bundle.manifest.names)
    return frozenset(streams - {"text"} | ({"audio"} if "text" in streams else set()))


def _keep_apart(file: str, option: str, out: str | None) -> None:
    """Check that the output does not overwrite the input, even under another name."""
    if out is None or out == "-" or not (os.path.exists(out) and os.path.exists(file)):
        return
    if os.path.samefile(out, file):
        raise ConfigError(
            f"{option} {out} is the file that --file reads: give another output file."
        )


def _file_feed(source: SourceConfig, clock: Clock, alone: bool) -> Feed:
    """A feed of the streams that no device was configured for ("none" counts as configured)."""
    assert source.file is not None
    streams = {"vision"} if source.camera is None else set()
    streams |= {"audio"} if source.mic is None else set()
    if not streams:
        raise ConfigError(
            f"--file {source.file} would provide neither sound nor video:"
            " leave out --camera or --mic."
        )
    pace = source.pace if alone else "live"
    media = MediaFile(source.file, clock, pace=pace, wanted=frozenset(streams))
    return Feed(media, frozenset(streams), lossless=True)


def _device(given: int | str | None, default: int | str | None) -> int | str | None:
    if given is None:
        return default
    if isinstance(given, str) and given.lower() in ("none", "off"):
        return None
    # Not isdigit(): it accepts "²", which int() refuses.
    index = isinstance(given, str) and given.isascii() and given.isdecimal()
    return int(given) if index else given
