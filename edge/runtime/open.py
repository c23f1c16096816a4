"""`edge.open`: a run in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Literal

from edge.clock import Clock
from edge.config import load_config
from edge.errors import ConfigError
from edge.runtime.feed import Feed
from edge.runtime.feeds import make_feeds
from edge.runtime.run import Run
from edge.sources.base import Source


def open(
    *,
    file: str | PathLike[str] | None = None,
    camera: int | str | None = None,
    mic: int | str | None = None,
    source: Source | Sequence[Source] | None = None,
    pace: Literal["fast", "live"] = "fast",
    seconds: float | None = None,
    bundle: str | PathLike[str] | None = None,
    engine: str | None = None,
    asr: Literal["auto", "vosk", "pocketsphinx", "none"] | None = None,
    record: str | PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
) -> Run:
    """Open a run: `with edge.open(file="clip.mp4") as run: for verdict in run: ...`.

    Networks are loaded here; devices and files are opened when the run is iterated. Without any
    source it takes camera 0 and the default microphone.

    Args:
        file: A media file; gives sound and picture unless a device is named beside it.
        camera: Index, device path or URL; "none" for no picture.
        mic: Index or (part of a) name; "default"; "none" for no sound.
        source: A source of your own, or several; see docs/extend/source.md.
        pace: A file as fast as it goes, or at the pace at which it was recorded.
        seconds: Stop after this much time.
        bundle: The bundle's folder; the packaged one without it.
        engine: What runs the networks; see `edge.engines`.
        asr: Speech to text.
        record: A new folder to record to, for `cdat-edge replay`.
        settings: Any other key of the configuration, such as {"window.step_s": 0.5}.
        clock: What everything is timed on; the machine's own without it.

    Raises:
        EdgeError: One sentence that names the key, bundle, engine or device, and what to do.
    """
    if source is not None:
        if file is not None:
            raise ConfigError("Give either a source of your own or a file: both would feed a run.")
        # A device is opened beside a source of one's own only where it is named.
        camera, mic = ("none" if one is None else one for one in (camera, mic))
    options = {
        "source.file": None if file is None else fspath(file),
        "source.camera": camera,
        "source.mic": mic,
        "source.pace": pace,
        "seconds": None if seconds is None else float(seconds),
        "bundle": None if bundle is None else fspath(bundle),
        "engine.name": engine,
        "asr.engine": asr,
        "record.folder": None if record is None else fspath(record),
    }
    config = load_config(None, [], {**options, **(settings or {})})
    if source is None:
        return Run(config, clock=clock)
    given = list(source) if isinstance(source, Sequence) else [source]
    if not given:
        raise ConfigError("source is empty: give one source, or leave it out.")

    def feeds(clock: Clock) -> list[Feed]:
        own = [Feed(one, frozenset(one.streams), lossless=False) for one in given]
        return own + (make_feeds(config, clock) if {camera, mic} != {"none"} else [])

    return Run(config, feeds, clock=clock)
