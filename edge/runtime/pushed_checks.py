"""Checks of what is pushed into a session. Each refuses in one sentence and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge.errors import ConfigError, SourceError
from edge.types import Float

LARGEST_NS = 4 * 10**18
"""127 years. Beyond it the windows' times would leave 64 bits."""
RATES_HZ = (1_000, 384_000)
MAX_CHANNELS = 32
SECTIONS = ("window", "engine", "asr")
"""The sections of the configuration that a session can obey."""


def stream_names(streams: object) -> frozenset[str]:
    """The streams that a session is to take.

    Raises:
        ConfigError: It is not a list with vision, audio, or both.
    """
    is_list = isinstance(streams, Iterable) and not isinstance(streams, str)
    names = list(streams) if is_list else []  # type: ignore[call-overload]
    if not names or any(not isinstance(n, str) or n not in ("vision", "audio") for n in names):
        raise ConfigError(
            f"streams is {shown(names if is_list else streams)}: give vision, audio, or both in a"
            ' list, such as ["vision"]; words come of sound, or by push_words.'
        )
    return frozenset(names)


def bundle_folder(bundle: object) -> Path:
    """The bundle's folder.

    Raises:
        ConfigError: It is not a path.
    """
    if not isinstance(bundle, str | os.PathLike):
        raise ConfigError(f"bundle is {shown(bundle)}: give the path of the bundle's folder.")
    return Path(os.fspath(bundle))


def key_file(require_signed: object) -> Path:
    """The file of a public key.

    Raises:
        ConfigError: It is not a path.
    """
    if not isinstance(require_signed, str | os.PathLike):
        raise ConfigError(
            f"require_signed is {shown(require_signed)}: give the path of a public key."
        )
    return Path(os.fspath(require_signed))


def session_settings(settings: object) -> dict[str, Any]:
    """Keys of the configuration with their values.

    Raises:
        ConfigError: Names the first key that a session cannot obey.
    """
    if not isinstance(settings, Mapping):
        raise ConfigError(
            f"settings is {shown(settings)}: give keys with their values, such as"
            ' {"window.step_s": 0.5}.'
        )
    for key in settings:
        section, dot, _ = key.partition(".") if isinstance(key, str) else ("", "", "")
        if section not in SECTIONS or not dot:
            raise ConfigError(
                f"A session does not take the setting {shown(key)}: give keys that begin with"
                f" {', '.join(f'{name}.' for name in SECTIONS[:-1])} or {SECTIONS[-1]}."
            )
    return dict(settings)


def whole_ns(what: str, t_ns: object) -> int:
    """A time in nanoseconds.

    Args:
        what: Names the time in the message, such as "A frame needs its capture time".

    Raises:
        SourceError: It is not a whole number, or is beyond `LARGEST_NS`.
    """
    if isinstance(t_ns, bool) or not isinstance(t_ns, int | np.integer):
        raise SourceError(f"{what} in whole nanoseconds; it was {shown(t_ns)}.")
    if abs(int(t_ns)) > LARGEST_NS:
        raise SourceError(
            f"{what} in nanoseconds between -{LARGEST_NS} and {LARGEST_NS}; it was {int(t_ns)}."
        )
    return int(t_ns)


def stream_taken(stream: str, what: str, taken: Collection[str]) -> None:
    """Check that a session takes `stream`, of which `what` was pushed.

    Raises:
        SourceError: It does not.
    """
    if stream not in taken:
        raise SourceError(
            f"A {what} was pushed, but this session takes {' and '.join(taken)}: name {stream} in"
            " streams, and use a bundle that has a network for it."
        )


def frame_order(t_ns: int, last_ns: int | None) -> None:
    """Check that a frame of `t_ns` may follow one of `last_ns`.

    Raises:
        SourceError: It is older.
    """
    if last_ns is not None and t_ns < last_ns:
        raise SourceError(
            f"A frame of {t_ns} ns comes after one of {last_ns} ns: push them in the order of"
            " their capture times."
        )


def picture(bgr: ArrayLike) -> NDArray[np.uint8]:
    """A frame as an array, shape (height, width, 3).

    Raises:
        SourceError: It is no array of uint8 with that shape.
    """
    image = _array(bgr, "A frame is an array of uint8 with the shape (height, width, 3)")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise SourceError(
            f"A frame is an array of uint8 with the shape (height, width, 3), not"
            f" {image.dtype} with the shape {image.shape}."
        )
    return np.ascontiguousarray(image)


def sound(samples: ArrayLike) -> Float:
    """Sound as float32 in -1..1, shape (n, channels).

    Raises:
        SourceError: It is no array of float or int16 with the shape (n,) or (n, channels).
    """
    wanted = "Sound is an array of float or int16 with the shape (n,) or (n, channels)"
    given = _array(samples, wanted)
    pcm = given[:, None] if given.ndim == 1 else given
    if pcm.ndim != 2 or pcm.dtype.kind not in "fi" or pcm.dtype.itemsize > 8:
        raise SourceError(f"{wanted}, not {given.dtype} with the shape {given.shape}.")
    if not 1 <= pcm.shape[1] <= MAX_CHANNELS:
        raise SourceError(
            f"Sound has the shape (n, channels) with 1 to {MAX_CHANNELS} channels, not"
            f" {given.shape}: transpose it if its channels come first."
        )
    if pcm.dtype.kind == "i":
        if pcm.dtype != np.int16:
            raise SourceError(f"Integer samples must be int16, not {pcm.dtype}.")
        return pcm.astype(np.float32) / np.float32(32768)
    with np.errstate(over="ignore"):  # what is not finite becomes silence later, and is counted
        return np.ascontiguousarray(pcm, dtype=np.float32)


def sample_rate(rate_hz: object) -> int:
    """Samples a second.

    Raises:
        SourceError: It is not a whole number within `RATES_HZ`.
    """
    whole = isinstance(rate_hz, int | np.integer) and not isinstance(rate_hz, bool)
    if not whole or not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:  # type: ignore[operator]
        raise SourceError(
            f"rate_hz is {shown(rate_hz)}: give the samples per second, a whole number from"
            f" {RATES_HZ[0]} to {RATES_HZ[1]}."
        )
    return int(rate_hz)  # type: ignore[call-overload, no-any-return]


def _array(given: ArrayLike, wanted: str) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except (ValueError, TypeError):  # a ragged list, or a tensor on another device
        raise SourceError(f"{wanted}, but this is no array: {shown(given)}.") from None


def shown(value: object) -> str:
    """A value as one short line."""
    line = " ".join(repr(value).split())
    return line if len(line) <= 80 else f"{line[:77]}..."
