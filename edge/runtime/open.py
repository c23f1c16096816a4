"""`edge.open`: a run in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from numbers import Real
from os import PathLike, fspath
from typing import Any, Literal

from edge.clock import Clock
from edge.config import load_config
from edge.errors import ConfigError
from edge.runtime.feed import Feed
from edge.runtime.feeds import device_feeds
from edge.runtime.run import Run
from edge.sources.base import Source

SOURCE_PARTS = ("name", "streams", "open", "packets", "close", "report")
CLOCK_PARTS = ("now_ns", "wall_ns", "wait_until", "wait", "notify", "add_thread", "remove_thread")


def open(
    *,
    file: str | PathLike[str] | None = None,
    camera: int | str | None = None,
    mic: int | str | None = None,
    source: Source | Sequence[Source] | None = None,
    pace: Literal["fast", "live"] = "fast",
    seconds: float | None = None,
    start_without: bool = False,
    bundle: str | PathLike[str] | None = None,
    engine: str | None = None,
    asr: Literal["auto", "vosk", "sherpa", "pocketsphinx", "none"] | None = None,
    people: Literal["nearest", "all"] | int | None = None,
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
        seconds: Stop after this much time; a file ends a run earlier.
        start_without: Begin though a camera or microphone is missing; it is used once it is there.
        bundle: The bundle's folder; the packaged one without it.
        engine: What runs the networks; see `edge.engines`.
        asr: Speech to text.
        people: Whose verdicts: of the nearest face, of all, or of at most so many; a step then has
            a verdict of each, with its `person`.
        record: A new folder to record to, for `cdat-edge replay`.
        settings: Any other key of the configuration, such as {"window.step_s": 0.5}.
        clock: What everything is timed on; the machine's own without it.

    Raises:
        EdgeError: One sentence that names the key, bundle, engine or device, and what to do.
    """
    given = None if source is None else _sources(source)
    if clock is not None:
        _check_shape("clock", clock, CLOCK_PARTS, "a clock such as edge.clock.MonotonicClock()")
    options = {
        "source.file": _path("file", file),
        "source.camera": camera,
        "source.mic": mic,
        "source.pace": pace,
        "seconds": _number(seconds),
        "source.start_without": start_without or None,
        "bundle": _path("bundle", bundle),
        "engine.name": engine,
        "asr.engine": asr,
        "people": people,
        "record.folder": _path("record", record),
    }
    config = load_config(None, [], {**options, **_checked(settings)})
    if given is None:
        return Run(config, clock=clock)
    if config.source.file is not None:
        raise ConfigError("Give either a source of your own or a file: both would feed a run.")

    def feeds(clock: Clock) -> list[Feed]:
        own = [Feed(one, frozenset(one.streams), lossless=False) for one in given]
        # A device is opened beside a source of one's own only where it is named.
        return own + device_feeds(config, clock, None, None)

    return Run(config, feeds, clock=clock)


def _sources(given: Source | Sequence[Source]) -> list[Source]:
    several = isinstance(given, Sequence) and not isinstance(given, str | bytes)
    sources: list[Source] = list(given) if several else [given]  # type: ignore[arg-type,list-item]
    if not sources:
        raise ConfigError("source is empty: give one source, or leave it out.")
    for one in sources:
        _check_shape("source", one, SOURCE_PARTS, "an object like edge.Source, or a list of them")
        streams: object = one.streams
        known = isinstance(streams, Set | Sequence) and not isinstance(streams, str)
        if not known or not streams or not set(one.streams) <= {"audio", "vision"}:
            raise ConfigError(
                f"source: the streams of {one.name} are {streams!r} before it is opened: give a set"
                ' of "vision", "audio" or both.'
            )
    return sources


def _check_shape(name: str, given: object, parts: tuple[str, ...], wanted: str) -> None:
    if missing := [part for part in parts if not hasattr(given, part)]:
        raise ConfigError(
            f"{name}: must be {wanted}, got {_short(given)}, which has no {', '.join(missing)}."
        )


def _path(name: str, given: str | PathLike[str] | None) -> str | None:
    try:
        return None if given is None else fspath(given)
    except TypeError:
        raise ConfigError(f"{name}: must be a path, got {_short(given)}.") from None


def _number(given: Any) -> Any:
    """NumPy's numbers as Python's; the configuration refuses what is no number."""
    return float(given) if isinstance(given, Real) and not isinstance(given, bool) else given


def _checked(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    if settings is None:
        return {}
    if not isinstance(settings, Mapping) or not all(isinstance(key, str) for key in settings):
        raise ConfigError(
            'settings: must be keys and values such as {"window.step_s": 0.5},'
            f" got {_short(settings)}."
        )
    return dict(settings)


def _short(value: object) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 100 else f"{shown[:100]}..."
